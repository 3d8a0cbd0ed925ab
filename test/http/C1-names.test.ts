import { afterAll, describe, expect, test } from "vitest"
import { lines, namesOf, people } from "../helpers/People.ts"
import { connection, everything, parseAnswer, requestText, sendRaw } from "../helpers/RawSocket.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

describe("C1.1 namespaces", () => {
  test.each(["home", "etc", "usr", "var", "boot", "lib"])("C1.1 /%s holds worlds", async (namespace) => {
    expect((await operator.put(`/${namespace}/c11`, "x")).status).toBe(201)
    expect(namesOf(await operator.get("/proc/worlds"))).toContain(`${namespace}/c11`)
  })

  const virtual = ["proc", "bin", "dev", "mnt", "shaped", "stream", "dav", "auth"]
  test.each(virtual)("C1.1 /%s never stores anything", async (namespace) => {
    const answer = await operator.put(`/${namespace}/c11-virtual`, "x")
    expect([401, 403, 404, 405]).toContain(answer.status)
    expect(namesOf(await operator.get("/proc/worlds")).filter((name) => name.includes("c11-virtual"))).toEqual([])
  })

  test("C1.1 a namespace itself is no world", async () => {
    expect((await operator.put("/home", "x")).status).toBe(405)
  })

  test("C1.1 what is no namespace is no place for a world", async () => {
    expect((await operator.put("/elsewhere/x", "x")).status).toBe(404)
    expect((await operator.put("/HOME/x", "x")).status).toBe(404)
  })
})

describe("C1.2 one canonical form", () => {
  const same: ReadonlyArray<readonly [what: string, written: string, read: string]> = [
    ["an escape of an ordinary letter", "/home/c12/a%62c", "/home/c12/abc"],
    ["an escape in the namespace", "/%68ome/c12/ns", "/home/c12/ns"],
    ["%2F, which separates", "/home%2Fc12%2Fslash", "/home/c12/slash"],
    ["lower-case %2f", "/home/c12%2fsmall", "/home/c12/small"],
    ["decomposed letters, composed by NFC", "/home/c12/cafe%CC%81", "/home/c12/caf%C3%A9"],
    ["Hangul, composed by NFC", "/home/c12/%E1%84%80%E1%85%A1", "/home/c12/%EA%B0%80"],
    ["the Kelvin sign, a K by NFC", "/home/c12/%E2%84%AA", "/home/c12/K"],
    ["a semicolon, which is ordinary", "/home/c12/a;b=c", "/home/c12/a%3Bb%3Dc"],
    ["a space", "/home/c12/a%20b", "/home/c12/a%20b"],
    ["a plus, which is no space", "/home/c12/a+b", "/home/c12/a%2Bb"],
    ["a segment of three dots", "/home/c12/...", "/home/c12/%2E%2E%2E"],
    ["a dotfile", "/home/c12/.x", "/home/c12/%2ex"]
  ]
  test.each(same)("C1.2 %s", async (_, written, read) => {
    expect((await user.put(written, "same")).status).toBe(201)
    expect((await anyone.get(`${read}?raw`)).text).toBe("same")
    expect((await user.put(read, "again")).status).toBe(200)
  })

  test("C1.2 decodes exactly once: %2561 is the name %61, not a", async () => {
    const name = "/home/c12-once/%2561"
    await user.put(name, "x")
    expect(lines(await anyone.get("/home/c12-once/"))).toEqual(["%61"])
    expect((await anyone.get("/home/c12-once/a?raw")).status).toBe(404)
    expect((await anyone.get("/home/c12-once/%61?raw")).status).toBe(404)
  })

  test("C1.2 names are case-sensitive", async () => {
    await user.put("/home/c12-case", "x")
    expect((await anyone.get("/home/C12-case?raw")).status).toBe(404)
  })

  test("C1.2 two names that differ only behind a semicolon are two worlds", async () => {
    await user.put("/home/c12-semi;a", "a")
    await user.put("/home/c12-semi;b", "b")
    expect((await anyone.get("/home/c12-semi;a?raw")).text).toBe("a")
  })

  test("C1.2 the absolute form names the same world, whatever its authority", async () => {
    await user.put("/home/c12-absolute", "here")
    const answer = await sendRaw(server.port, requestText("GET http://other.example/home/c12-absolute?raw HTTP/1.1"))
    expect(answer.text).toBe("here")
  })

  const without: ReadonlyArray<readonly [what: string, path: string]> = [
    ["a malformed escape", "/%zz"],
    ["half an escape", "/a%4"],
    ["a percent sign at the end", "/a%"],
    ["bytes that are not UTF-8", "/%ff"],
    ["an overlong encoding", "/%C0%AF"],
    ["an encoded surrogate", "/%ED%A0%80"],
    ["a code point past the last", "/%F5%80%80%80"],
    ["an empty segment", "//a"],
    ["an empty segment by %2F", "/a%2F/b"],
    ["two slashes at the end", "/a//"],
    ["a . segment", "/./a"],
    ["a . segment at the end", "/a/."],
    ["a .. segment", "/a/../b"],
    ["a .. segment at the end", "/a/.."],
    ["an encoded .. segment", "/%2e%2e/b"],
    ["a half encoded .. segment", "/.%2E/b"],
    ["a smuggled .. segment", "/a%2f..%2fb"],
    ["a backslash", "/a\\b"],
    ["an encoded backslash", "/a%5Cb"],
    ["a colon", "/a:b"],
    ["an encoded colon", "/a%3Ab"],
    ["an asterisk", "/a*b"],
    ["an encoded question mark", "/a%3Fb"],
    ["a quote", '/a"b'],
    ["an encoded less-than sign", "/a%3Cb"],
    ["a greater-than sign", "/a>b"],
    ["a vertical bar", "/a|b"],
    ["NUL", "/a%00"],
    ["a line feed", "/a%0Ab"],
    ["a tab", "/a%09"],
    ["DEL", "/a%7F"],
    ["a C1 control character", "/a%C2%85"]
  ]
  test.each(without)("C1.2 %s is 400 on every method and touches nothing", async (_, path) => {
    const before = (await operator.get("/proc/worlds")).text
    for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]) {
      const { status } = await operator.ask(method, `/home/c12-bad${path}`)
      expect([method, status]).toEqual([method, 400])
    }
    expect((await operator.get("/proc/worlds")).text).toBe(before)
  })

  test.each(without)("C1.2 %s is 400 on the other surfaces too", async (_, path) => {
    for (const surface of ["/stream/home", "/bin/home", "/proc/verify/home", "/elsewhere"]) {
      expect([surface, (await operator.get(`${surface}${path}`)).status]).toEqual([surface, 400])
    }
  })

  test.each(["//home/x", "/%2Fhome/x", "/../home/x", "/%2e/home/x"])("C1.2 %s is 400", async (target) => {
    expect((await anyone.get(target)).status).toBe(400)
  })

  test("C1.2 bytes that no URI may hold are 400", async () => {
    expect((await sendRaw(server.port, requestText("GET /home/caf\u00c3\u00a9 HTTP/1.1"))).status).toBe(400)
  })

  test("C1.2 no spelling reaches /etc/shadow past the policy", async () => {
    await operator.put("/etc/shadow", "root:x")
    const spellings = [
      "/etc/shado%77",
      "/etc%2Fshadow",
      "/%65tc/shadow",
      "/home/../etc/shadow",
      "/home/..%2fetc/shadow"
    ]
    for (const spelling of [...spellings, "/bin/etc%2Fshadow", "/etc//shadow", "/etc/./shadow"]) {
      const { status, text } = await user.get(`${spelling}?raw`)
      expect([spelling, [400, 403].includes(status), text.includes("root")]).toEqual([spelling, true, false])
    }
  })
})

describe("C1.3 lengths", () => {
  const padded = (bytes: number) => {
    const target = "/home/c13?raw&"
    return target + "x".repeat(bytes - target.length)
  }

  test("C1.3 a raw target of 8192 bytes is read", async () => {
    await user.put("/home/c13", "x")
    expect((await anyone.get(padded(8192))).status).toBe(200)
  })

  test.each([8193, 16_000, 60_000, 100_000])("C1.3 a raw target of %i bytes is 414", async (bytes) => {
    expect((await anyone.get(padded(bytes))).status).toBe(414)
  })

  test.each([140_000, 300_000, 1_000_000])(
    "C1.3 a raw target of %i bytes is 414 too, in whatever pieces it comes",
    async (bytes) => {
      const text = requestText(`GET ${padded(bytes)} HTTP/1.1`)
      expect((await sendRaw(server.port, text)).status).toBe(414)
      const socket = await connection(server.port)
      const said = everything(socket)
      for (let at = 0; at < text.length; at += 50_000) {
        await new Promise((resolve) => socket.write(text.slice(at, at + 50_000), "latin1", resolve))
      }
      expect(parseAnswer(await said).status).toBe(414)
    }
  )

  test("C1.3 escapes count as they are written", async () => {
    expect((await anyone.get(`/home/${"%41".repeat(2730)}`)).status).toBe(414)
  })

  // `home%2F` takes seven bytes of the directory name.
  const names: ReadonlyArray<readonly [what: string, longest: string, over: string]> = [
    ["letters", "n".repeat(248), "n".repeat(249)],
    ["letters of two bytes", encodeURIComponent("é".repeat(124)), encodeURIComponent(`${"é".repeat(124)}n`)],
    ["slashes, which take three", `${"n".repeat(100)}/${"n".repeat(145)}`, `${"n".repeat(100)}/${"n".repeat(146)}`],
    ["percent signs, which take three", `${"%25".repeat(82)}nn`, "%25".repeat(83)]
  ]
  test.each(names)("C1.3 a directory name of 255 bytes is the most: %s", async (_, longest, over) => {
    expect((await user.put(`/home/${longest}`, "x")).status).toBe(201)
    const refused = await user.put(`/home/${over}`, "x")
    expect(refused.status).toBe(400)
    expect(refused.text).toMatch(/255|too long/)
  })

  test("C1.3 no method takes a name over that; who may not do it hears so first", async () => {
    const target = `/home/${"n".repeat(249)}`
    for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE"]) {
      expect([method, (await operator.ask(method, target)).status]).toEqual([method, 400])
    }
    expect((await user.del(target)).status).toBe(403)
    expect((await operator.del(`/home/${"n".repeat(248)}/`)).status).toBe(405)
  })
})
