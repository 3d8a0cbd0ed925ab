import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { describe, expect, it } from "vitest"

const src = fileURLToPath(new URL("../src", import.meta.url))

/** Every module of the program, as a path below src with forward slashes. */
const modules = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && statSync(join(src, file)).isFile())
  .map((file) => file.split(sep).join("/"))
  .sort()

const importsOf = (module: string): ReadonlyArray<string> =>
  ts.preProcessFile(readFileSync(join(src, module), "utf8"), true, true).importedFiles.map(({ fileName }) => fileName)

const isRelative = (specifier: string) => specifier.startsWith(".")
const resolve = (module: string, specifier: string) =>
  relative(src, join(src, dirname(module), specifier))
    .split(sep)
    .join("/")

/** The part of the house that a module lies in: `domain`, `services` ... or, at the top, its own name. */
const partOf = (module: string) => module.split("/")[0]?.replace(/\.ts$/, "") ?? ""

// DESIGN section 2: domain <- services <- http, plugin; layers know services and domain; cli and main compose.
const allowed: Readonly<Record<string, ReadonlyArray<string>>> = {
  Version: [],
  domain: ["domain"],
  services: ["domain", "services"],
  http: ["domain", "services", "http", "Version"],
  plugin: ["domain", "services", "http", "plugin", "Version"],
  layers: ["domain", "services", "layers"]
}
const composition = new Set(["layers/Live.ts"])
const anything = new Set(["cli", "main"])

const mayImport = (module: string, imported: string): boolean => {
  const [from, to] = [partOf(module), partOf(imported)]
  if (anything.has(from)) return true
  return (allowed[from] ?? []).includes(to) || (composition.has(module) && (to === "http" || to === "Version"))
}

describe("imports point inwards (DESIGN 2)", () => {
  it("every part of the house has a rule", () => {
    const known = new Set([...Object.keys(allowed), ...anything])
    expect(modules.filter((module) => !known.has(partOf(module)))).toEqual([])
  })

  it.each(modules)("%s", (module) => {
    const inside = importsOf(module).filter(isRelative)
    const wrong = inside
      .map((specifier) => resolve(module, specifier))
      .filter((imported) => !mayImport(module, imported))
    expect(wrong).toEqual([])
  })
})

describe("the browser's application is a client (C14)", () => {
  const inApp = (module: string) => module.startsWith("http/shell/app/")
  const sources = readdirSync(src, { recursive: true, encoding: "utf8" })
    .map((file) => file.split(sep).join("/"))
    .filter((file) => /\.tsx?$/.test(file))

  it.each(sources.filter(inApp))("%s knows the application, and preact", (module) => {
    const wrong = importsOf(module).filter((specifier) =>
      isRelative(specifier) ? !inApp(resolve(module, specifier)) : !/^preact(?:\/|$)/.test(specifier)
    )
    expect(wrong).toEqual([])
  })
  it("the server knows nothing of it but its files", () => {
    const wrong = modules.filter(
      (module) => !inApp(module) && importsOf(module).some((specifier) => inApp(resolve(module, specifier)))
    )
    expect(wrong).toEqual([])
  })
})

describe("the domain is pure (DESIGN 2)", () => {
  const pure = /^(?:effect|mime|@rgrove\/parse-xml)(?:\/|$)/

  it.each(modules.filter((module) => partOf(module) === "domain"))(
    "%s needs effect, mime and an XML parser at most",
    (module) => {
      expect(importsOf(module).filter((specifier) => !isRelative(specifier) && !pure.test(specifier))).toEqual([])
    }
  )

  it.each(modules.filter((module) => partOf(module) === "domain"))("%s touches nothing of Node's", (module) => {
    expect(readFileSync(join(src, module), "utf8")).not.toMatch(/\b(?:process|Buffer|require|globalThis)\b[.(]/)
  })
})

describe("modules", () => {
  it("import files that exist, by their full name", () => {
    const missing = modules.flatMap((module) =>
      importsOf(module)
        .filter(isRelative)
        .map((specifier) => resolve(module, specifier))
        .filter((imported) => !existsSync(join(src, imported)) || !statSync(join(src, imported)).isFile())
        .map((imported) => `${module} -> ${imported}`)
    )
    expect(missing).toEqual([])
  })

  it("form no cycle", () => {
    const edges = new Map(
      modules.map((module) => [
        module,
        importsOf(module)
          .filter(isRelative)
          .map((to) => resolve(module, to))
      ])
    )
    const done = new Set<string>()
    const cycles: Array<string> = []
    const visit = (module: string, trail: ReadonlyArray<string>) => {
      if (trail.includes(module)) cycles.push([...trail.slice(trail.indexOf(module)), module].join(" -> "))
      else if (!done.has(module)) {
        for (const next of edges.get(module) ?? []) visit(next, [...trail, module])
        done.add(module)
      }
    }
    for (const module of modules) visit(module, [])
    expect(cycles).toEqual([])
  })

  it("use Node's own modules by the node: protocol", () => {
    const bare = /^(?:fs|path|os|crypto|http|https|net|url|util|stream|worker_threads|child_process)(?:\/|$)/
    expect(modules.flatMap((module) => importsOf(module).filter((specifier) => bare.test(specifier)))).toEqual([])
  })

  it("name a function before a property gets it, so that it is young (src/layers/YoungGeneration.ts)", () => {
    const assigned = /[\w\])]\.#?\w+ (?:\?\?|\|\||&&)?= (?:async )?(?:function\b|(?:\([^()]*\)|\w+) =>)/
    expect(modules.filter((module) => assigned.test(readFileSync(join(src, module), "utf8")))).toEqual([])
  })
})

describe("tests", () => {
  it("share nothing by the library's own layer, which gives its clock to every file that comes after", () => {
    const here = fileURLToPath(new URL(".", import.meta.url))
    const wrong = readdirSync(here, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".test.ts"))
      .filter((file) => {
        const text = readFileSync(join(here, file), "utf8")
        return /import \{[^}]*\blayer\b[^}]*\} from "@effect\/vitest"/.test(text) || /\bit\.layer\(/.test(text)
      })
    expect(wrong).toEqual([])
  })
})
