import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { entries, isProgramFile, packageRoot, switchesOf } from "../../../src/layers/replication/ProgramFiles.ts"
import { living, namesIn, programArchive, unpacked } from "../../helpers/Archives.ts"
import { temporary } from "../../helpers/Storages.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** Files of a directory, each with some content. */
const fill = (directory: string, files: Readonly<Record<string, string>>) => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), content)
  }
}

describe("C11.5 what belongs to the program", () => {
  it.each([
    "package.json",
    "package-lock.json",
    "tsconfig.build.json",
    ".gitignore",
    ".ci/run",
    "src/main.ts",
    "src/layers/replication/Entry.ts",
    "plugins/install.sh",
    "plugins/install.ps1",
    "test/boot.mjs",
    "bench/RESULTS.md",
    "docs/HTTP.md",
    "examples/introspect.sh"
  ])("%s does", (path) => expect(isProgramFile(path)).toBe(true))

  it.each([
    ".env",
    "_env",
    ".env.local",
    ".npmrc",
    ".key",
    "notes.md",
    "server.pem",
    "src",
    "src/",
    "srcs/main.ts",
    "src/.env",
    "src/.hidden.ts",
    "src/.git/hook.ts",
    "src/data/universe.db",
    "src/node_modules/effect/index.ts",
    "plugins/dist/x.ts",
    "plugins/tokens.json",
    "examples/data/x.md",
    "docs/private.key",
    "data/home%2Fx/universe.db",
    "data/.key",
    "dist/main.js",
    "node_modules/x/index.js",
    ".git/config",
    ".ci/secrets",
    "constructor/x.ts",
    "__proto__/x.ts"
  ])("%s does not", (path) => expect(isProgramFile(path)).toBe(false))

  it("nothing whose path has a hidden, built or stored part does", () => {
    const part = fc.stringMatching(/^[a-z.]{1,8}$/)
    const foreign = fc.oneof(fc.constantFrom("data", "dist", "node_modules"), fc.stringMatching(/^\.[a-z]{1,8}$/))
    fc.assert(
      fc.property(fc.constantFrom("src", "test"), fc.array(part), foreign, fc.array(part), (top, above, bad, below) => {
        expect(isProgramFile([top, ...above, bad, ...below, "x.ts"].join("/"))).toBe(false)
      })
    )
  })
})

describe("C11.5 the settings of npm", () => {
  it("are the switches alone", () => {
    const npmrc =
      "save-exact=true\nfund = false\r\n//registry.npmjs.org/:_authToken=secret\nregistry=https://u:p@host/\n"
    expect(switchesOf(`${npmrc}_auth=true\n; audit=true\n`)).toBe("save-exact=true\nfund = false\n")
  })
})

describe("C11.5 the program's files", () => {
  it.scoped("are found where the package is, whichever module asks", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      fill(directory, { "package.json": '{"name":"elastik"}', "dist/a/package.json": '{"name":"other"}', "dist/x": "" })
      const module = pathToFileURL(join(directory, "dist/a/b/module.js"))
      expect(yield* packageRoot(module)).toBe(directory)
      expect((yield* Effect.flip(packageRoot(new URL("file:///nowhere/x.js"))))._tag).toBe("StorageFailure")
    })
  )

  it.scoped("are listed in byte order, links left out, and as many as there are", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const outside = yield* temporary
      fill(outside, { "secret.ts": "secret" })
      fill(directory, {
        "src/b.ts": "",
        "src/B.ts": "",
        "src/a/c.ts": "",
        "package.json": "{}",
        ".npmrc": "fund=false\ntoken=secret\n",
        ".env": "secret",
        "data/x/universe.db": "secret"
      })
      symlinkSync(join(outside, "secret.ts"), join(directory, "src/link.ts"))
      symlinkSync(outside, join(directory, "src/away"))
      symlinkSync(outside, join(directory, "docs"))
      const found = yield* entries(directory)
      expect(found.map(({ name }) => name)).toEqual([".npmrc", "package.json", "src/B.ts", "src/a/c.ts", "src/b.ts"])
      expect(found[0]).toMatchObject({ _tag: "Text", text: "fund=false\n" })
    })
  )

  it.scoped("of this checkout are all that it has under version control", () =>
    Effect.gen(function* () {
      // A copy that was unpacked from an archive has no history to compare with.
      const tracked = existsSync(join(root, ".git"))
        ? execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean)
        : ["package.json"]
      const found = new Set((yield* entries(root)).map(({ name }) => name))
      expect(tracked.filter((path) => existsSync(join(root, path)) && !found.has(path))).toEqual([])
    })
  )
})

describe("C11.5 the archive of the program", () => {
  it.scoped("holds the files as they are, at its top level", () =>
    Effect.gen(function* () {
      const archive = yield* living(yield* temporary, programArchive)
      const names = yield* namesIn(archive)
      expect(names).toEqual((yield* entries(root)).map(({ name }) => name))
      const copy = yield* unpacked(archive)
      for (const name of names.filter((name) => name !== ".npmrc")) {
        expect(readFileSync(join(copy, name)).equals(readFileSync(join(root, name)))).toBe(true)
      }
      expect(statSync(join(copy, "examples/introspect.sh")).mode & 0o100).toBe(0o100)
      expect(statSync(join(copy, "package.json")).mode & 0o111).toBe(0)
    })
  )
})
