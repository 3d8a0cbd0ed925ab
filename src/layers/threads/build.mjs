// Puts a storage thread and all that it imports into one file, dist/threads/StorageThread.js. Each thread loads its
// modules anew, some five hundred files, and half of them only because others name them; what is never called is left
// out here. The program itself stays as it was compiled, because plugins import its modules; no plugin runs in a thread.
//
//   node src/layers/threads/build.mjs
import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const compiled = fileURLToPath(new URL("../../../dist/layers/threads/StorageThread.js", import.meta.url))
const out = fileURLToPath(new URL("../../../dist/threads/", import.meta.url))

/**
 * YoungGeneration.ts imports `effect/Fiber` for what it does, though its package says that it does nothing. What holds of
 * a file is what was said when it was first met, by whichever name: so it is said for all of them.
 */
const effects = {
  name: "effects",
  setup: (bundle) =>
    bundle.onResolve({ filter: /\/Fiber(?:\.js)?$/ }, async ({ path, pluginData, ...asked }) =>
      pluginData === effects
        ? undefined
        : { ...(await bundle.resolve(path, { ...asked, pluginData: effects })), sideEffects: true }
    )
}

const { outputFiles } = await build({
  entryPoints: [compiled],
  outdir: out,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  // The text stays in memory, once for each thread.
  minifyWhitespace: true,
  external: ["better-sqlite3"],
  sourcemap: "linked",
  sourcesContent: false,
  plugins: [effects],
  // Another import like that one would have to be named there.
  logOverride: { "ignored-bare-import": "error" },
  write: false
})

mkdirSync(out, { recursive: true })
for (const { contents, path } of outputFiles) {
  // Whole or not at all: somebody may be reading.
  writeFileSync(`${path}.${process.pid}`, contents)
  renameSync(`${path}.${process.pid}`, path)
}
