import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { danglingRefs, decodeOpenApi, operationsOf } from "../helpers/OpenApi.ts"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))

const document = (await anyone.get("/openapi.json")).json()
const api = decodeOpenApi(document)
const operations = operationsOf(api)
const named = operations.map(([path, method, operation]) => [`${method} ${path}`, path, method, operation] as const)
const world = api.paths["/{namespace}/{name}"]

describe("C8 /openapi.json is valid OpenAPI 3.1", () => {
  test("C8 as application/json, of this version", async () => {
    expect((await anyone.get("/openapi.json")).headers["content-type"]).toMatch(/^application\/(json|openapi\+json)/)
    expect(api.info).toMatchObject({ title: "elastik", version })
  })
  test("C8 every $ref leads somewhere", () => expect(danglingRefs(document)).toEqual([]))
  test("C8 every operationId is one of a kind", () => {
    expect(new Set(operations.map(([, , { operationId }]) => operationId)).size).toBe(operations.length)
  })
  test("C8 every tag is declared", () => {
    const declared = new Set(api.tags?.map(({ name }) => name))
    expect(operations.flatMap(([, , { tags = [] }]) => tags).filter((tag) => !declared.has(tag))).toEqual([])
  })
  test.each(named)(
    "C8 %s: path parameters are the template's, and required",
    (_, path, _method, { parameters = [] }) => {
      const template = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()
      const declared = parameters.filter((parameter) => parameter.in === "path")
      expect(declared.map(({ name }) => name).sort()).toEqual(template)
      expect(declared.every(({ required }) => required === true)).toBe(true)
      expect(new Set(parameters.map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`)).size).toBe(
        parameters.length
      )
    }
  )
  test.each(named)(
    "C8 %s: its answers have legal statuses, and one of them is a success",
    (_, _path, _method, { responses }) => {
      for (const status of Object.keys(responses)) expect(status).toMatch(/^([1-5]\d\d|[1-5]XX|default)$/)
      expect(Object.keys(responses).some((status) => status.startsWith("2"))).toBe(true)
    }
  )
  test.each(named)("C8 %s: its errors are problem documents (C16)", (_, _path, _method, { responses }) => {
    for (const [status, { content }] of Object.entries(responses).filter(([status]) => /^[45]/.test(status))) {
      expect([status, Object.keys(content ?? {})]).toEqual([
        status,
        expect.arrayContaining(["application/problem+json"])
      ])
    }
  })
  test.each(named)("C8 %s: says which credentials it takes", (_, _path, _method, { security = api.security }) => {
    const schemes = new Set((security ?? []).flatMap((one) => Object.keys(one)))
    expect([...schemes].sort()).toEqual(["basic", "bearer"])
    for (const scheme of schemes) expect(api.components.securitySchemes).toHaveProperty(scheme)
  })
})

describe("C8 /openapi.json describes the typed API", () => {
  test("C8 worlds, once for the six namespaces", () => {
    expect(Object.keys(world ?? {}).sort()).toEqual(expect.arrayContaining(["delete", "get", "post", "put"]))
    for (const operation of Object.values(world ?? {})) {
      const namespace = operation?.parameters?.find(({ name }) => name === "namespace")
      expect([...(namespace?.schema.enum ?? [])].sort()).toEqual(["boot", "etc", "home", "lib", "usr", "var"])
    }
  })
  const parametersOf = (method: "get" | "put" | "post" | "delete") =>
    (world?.[method]?.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`)
  test("C8 the parameters of reading", () => {
    const headers = [
      "accept",
      "range",
      "if-range",
      "if-match",
      "if-none-match",
      "if-modified-since",
      "if-unmodified-since"
    ]
    expect(parametersOf("get")).toEqual(
      expect.arrayContaining(["query raw", "query v", ...headers.map((name) => `header ${name}`)])
    )
  })
  test.each(["put", "post", "delete"] as const)("C8 the conditions of %s", (method) => {
    expect(parametersOf(method)).toEqual(
      expect.arrayContaining(["header if-match", "header if-none-match", "header if-unmodified-since"])
    )
  })
  test("C8 what is particular to writing", () => {
    expect(parametersOf("put")).toContain("query ext")
    expect(parametersOf("post")).toContain("header idempotency-key")
    for (const method of ["put", "post"] as const)
      expect(Object.keys(world?.[method]?.requestBody?.content ?? {})).toContain("*/*")
  })
  test("C8 the headers of the answers", () => {
    const names = (method: "get" | "put" | "post", status: string) =>
      Object.keys(world?.[method]?.responses[status]?.headers ?? {}).map((name) => name.toLowerCase())
    expect(names("get", "200")).toEqual(
      expect.arrayContaining(["etag", "last-modified", "accept-ranges", "repr-digest"])
    )
    expect(names("put", "201")).toEqual(expect.arrayContaining(["etag", "location"]))
    expect(names("put", "200")).toContain("etag")
    expect(names("post", "201")).toEqual(expect.arrayContaining(["etag", "location"]))
  })
  test.each([
    "/",
    "/{namespace}/",
    "/{namespace}/{name}/",
    "/stream/{name}",
    "/proc/status",
    "/proc/worlds",
    "/proc/metrics",
    "/proc/verify/{name}",
    "/bin",
    "/auth/mint"
  ])("C8 %s is there", (path) => expect(api.paths).toHaveProperty([path]))
})

describe("C8 what is answered is what is described", () => {
  beforeAll(async () => {
    await user.put("/home/x.md", "# x")
    await user.put("/home/c/x", "x")
    await operator.put("/boot/x", "x")
  })
  const worldAt = "/{namespace}/{name}"
  const exchanges: ReadonlyArray<
    readonly [
      path: string,
      method: "get" | "put" | "post" | "delete",
      target: string,
      headers: Record<string, string>,
      status: number
    ]
  > = [
    [worldAt, "get", "/home/x.md", {}, 200],
    [worldAt, "get", "/home/x.md", { accept: "text/html" }, 200],
    [worldAt, "get", "/home/x.md", { accept: "text/plain" }, 200],
    [worldAt, "get", "/home/x.md?raw", { range: "bytes=0-0" }, 206],
    [worldAt, "get", "/home/x.md?v=1", {}, 304],
    [worldAt, "get", "/home/%ff", {}, 400],
    [worldAt, "get", "/boot/x", {}, 403],
    [worldAt, "get", "/home/none", {}, 404],
    [worldAt, "get", "/home/c?raw", {}, 404],
    [worldAt, "get", "/home/x.md", { accept: "image/png" }, 406],
    [worldAt, "get", "/home/x.md", { "if-match": '"x"' }, 412],
    [worldAt, "get", "/home/x.md?raw", { range: "bytes=99-" }, 416],
    [worldAt, "put", "/home/%ff", {}, 400],
    [worldAt, "put", "/home/x?ext=%20", {}, 400],
    [worldAt, "put", "/home/x.md", {}, 403],
    [worldAt, "post", "/home/x.md", {}, 403],
    [worldAt, "delete", "/home/x.md", {}, 403],
    ["/{namespace}/", "get", "/home/", {}, 200],
    ["/{namespace}/", "get", "/home/", { accept: "image/png" }, 406],
    ["/{namespace}/{name}/", "get", "/home/c/", {}, 200],
    ["/{namespace}/{name}/", "get", "/home/c/?limit=x", {}, 400],
    ["/{namespace}/{name}/", "get", "/home/c/?raw", {}, 404],
    ["/stream/{name}", "get", "/stream/home/none", {}, 404],
    ["/stream/{name}", "get", "/stream/boot/x", {}, 403],
    ["/proc/status", "get", "/proc/status", {}, 200],
    ["/proc/worlds", "get", "/proc/worlds", { accept: "text/plain" }, 200],
    ["/proc/metrics", "get", "/proc/metrics", {}, 200],
    ["/bin", "get", "/bin", {}, 200],
    ["/auth/mint", "post", "/auth/mint", {}, 403]
  ]
  test.each(exchanges)("C8 %s %s: %s %o is %i", async (path, method, target, headers, status) => {
    const asked = status === 400 && target.includes("ext") ? user : anyone
    const answer = await asked.ask(
      method.toUpperCase(),
      target,
      headers,
      method === "get" || method === "delete" ? undefined : "x"
    )
    expect(answer.status).toBe(status)
    const described = api.paths[path]?.[method]?.responses[String(status)]
    expect(described).toBeDefined()
    if (answer.bytes.length === 0) return
    const type = (answer.headers["content-type"] ?? "").split(";")[0] ?? ""
    const types = Object.keys(described?.content ?? {})
    expect(types.includes("*/*") ? "*/*" : type).toSatisfy((one) => types.includes(one))
  })
})

describe("C8 /docs", () => {
  const page = anyone.get("/docs")
  test("C8 is a page", async () => {
    const { headers, status } = await page
    expect([status, headers["content-type"]]).toEqual([200, expect.stringMatching(/^text\/html/)])
  })
  test("C8 describes the same API", async () => {
    expect((await page).text).toContain("worlds.overwrite")
  })
  test("C8 loads nothing from another host", async () => {
    // The page's own markup, without what its scripts and styles say.
    const markup = (await page).text.replace(
      /<script\b[^>]*>[\s\S]*?<\/script>/gi,
      (script) => script.split(">")[0] ?? ""
    )
    const styles = [...markup.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style>/gi)].map((match) => match[1] ?? "").join("\n")
    const shown = markup.replace(/<style\b[\s\S]*?<\/style>/gi, "")
    expect(shown.match(/(?:src|href|action|data|poster)\s*=\s*["']?(?:https?:)?\/\/[^\s"'>]+/gi)).toBeNull()
    expect(styles.match(/@import[^;]*|url\(\s*["']?(?:https?:)?\/\/[^)]*\)/gi)).toBeNull()
  })
  test("C8 what it links to on this host is served", async () => {
    const shown = (await page).text.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, (part) =>
      part.slice(0, part.indexOf(">") + 1)
    )
    for (const [, target = ""] of shown.matchAll(/(?:src|href)\s*=\s*["'](\/[^"']*)/gi)) {
      expect([target, (await anyone.get(target)).status]).toEqual([target, 200])
    }
  })
})
