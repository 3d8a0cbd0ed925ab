import { readdir, readFile, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { compareBytes } from "../../domain/ByteOrder.ts"
import { StorageFailure } from "../../domain/Errors.ts"
import type { Entry } from "./Entry.ts"

/** What lies at the top of a checkout and belongs to the program. */
const topFiles = new Set([
  ".gitignore",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "biome.json",
  "package-lock.json",
  "package.json",
  "tsconfig.build.json",
  "tsconfig.json",
  "vitest.config.ts"
])

/** The directories of a checkout that belong to the program, and the types of the files in them. */
const trees: Readonly<Record<string, RegExp>> = {
  bench: /\.(?:json|md|mjs|ts)$/,
  docs: /\.(?:md|png|svg)$/,
  examples: /\.(?:md|mjs|sh|ts)$/,
  plugins: /\.(?:md|ps1|sh|ts)$/,
  src: /\.(?:css|html|js|json|mjs|png|svg|ts|tsx|webmanifest)$/,
  test: /\.(?:html|json|md|mjs|ps1|sh|ts)$/
}

/** Where what is installed, built or stored lies, at any depth. */
const foreign = new Set(["data", "dist", "node_modules"])

/** Whether a directory can hold files of the program. */
const mayEnter = ([top = "", ...below]: ReadonlyArray<string>): boolean =>
  (top === ".ci" || Object.hasOwn(trees, top)) &&
  below.every((segment) => !segment.startsWith(".") && !foreign.has(segment))

/**
 * Whether a file of the package belongs to the program's own source (C11.5); `path` has forward slashes. Everything else
 * may be the operator's: data, settings, secrets.
 */
export const isProgramFile = (path: string): boolean => {
  if (topFiles.has(path) || path === ".ci/run") return true
  const segments = path.split("/")
  return segments.length > 1 && mayEnter(segments) && (trees[segments[0] ?? ""]?.test(path) ?? false)
}

/** The lines of an `.npmrc` that are mere switches. Others may hold a registry's address or password. */
export const switchesOf = (npmrc: string): string =>
  npmrc
    .split(/\r?\n/)
    .filter((line) => /^[a-z-]+ *= *(?:true|false)$/.test(line))
    .map((line) => `${line}\n`)
    .join("")

const Package = Schema.parseJson(Schema.Struct({ name: Schema.String }))
const failure = (cause: unknown) => new StorageFailure({ message: "the program's source cannot be read", cause })

/** The directory of the package that a module belongs to, installed or checked out. */
export const packageRoot = (module: URL): Effect.Effect<string, StorageFailure> => {
  const search = (directory: string): Effect.Effect<string, StorageFailure> =>
    Effect.flatMap(
      Effect.either(Effect.tryPromise(() => readFile(join(directory, "package.json"), "utf8"))),
      (text) => {
        const parsed = Either.flatMap(text, Schema.decodeEither(Package))
        if (Either.isRight(parsed) && parsed.right.name === "elastik") return Effect.succeed(directory)
        const parent = dirname(directory)
        return parent === directory ? failure("no package.json of elastik above the program") : search(parent)
      }
    )
  return search(dirname(fileURLToPath(module)))
}

/** The program's own source, in byte order, as an archive holds it. Links are left out. */
export const entries = (root: string): Effect.Effect<ReadonlyArray<Entry>, StorageFailure> =>
  Effect.tryPromise({
    try: async () => {
      const found = await filesIn(root, [])
      const files = found.filter(isProgramFile).map((name): Entry => ({ _tag: "File", name, path: join(root, name) }))
      const npmrc = found.includes(".npmrc") ? [await npmrcOf(join(root, ".npmrc"))] : []
      return [...npmrc, ...files].sort((a, b) => compareBytes(a.name, b.name))
    },
    catch: failure
  })

const npmrcOf = async (path: string): Promise<Entry> => ({
  _tag: "Text",
  name: ".npmrc",
  text: switchesOf(await readFile(path, "utf8")),
  mode: 0o644,
  modified: (await stat(path)).mtimeMs
})

/** The plain files that may be the program's, relative to the root and with forward slashes. */
const filesIn = async (root: string, directory: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const entry of await readdir(join(root, ...directory), { withFileTypes: true })) {
    const path = [...directory, entry.name]
    if (entry.isFile()) found.push(path.join("/"))
    else if (entry.isDirectory() && mayEnter(path)) found.push(...(await filesIn(root, path)))
  }
  return found
}
