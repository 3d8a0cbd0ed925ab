// Builds the browser's application into dist/shell: scripts and style with their hash in their names, each beside its
// compressed forms, and index.json, from which the server reads once what there is (Assets.ts).
//
//   node src/http/shell/build.mjs
import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { build, transformSync } from "esbuild"

const app = fileURLToPath(new URL("app/", import.meta.url))
const out = fileURLToPath(new URL("../../../dist/shell/", import.meta.url))

const types = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/manifest+json",
  png: "image/png",
  svg: "image/svg+xml"
}

const files = new Map()

/** Adds a file under `name`, or under a name that changes with its content when `name` is undefined. */
const add = (bytes, stem, ext, { headers = {}, name } = {}) => {
  const content = Buffer.from(bytes)
  const hash = createHash("sha256").update(content).digest()
  const stamp = [...hash.subarray(0, 8)].map((byte) => "0123456789ABCDEFGHIJKLMNOPQRSTUV"[byte % 32]).join("")
  const file = name ?? `app/${stem}-${stamp}.${ext}`
  files.set(file, { content, type: types[ext], fixed: name !== undefined, headers })
  return `/${file}`
}

const read = (name) => readFileSync(join(app, name), "utf8")
const minified = (source, loader, define = {}) =>
  transformSync(source, { loader, minify: true, format: "iife", target: "es2022", define, charset: "utf8" }).code.trim()

/**
 * A page for frames whose one script its policy names by hash; whatever else it comes to hold runs only if `policy` says
 * so. Its name stays, so that pages which were opened before the server changed find it afterwards.
 */
const stage = (name, policy, { body = "", headers = {} } = {}) => {
  const script = minified(read(`${name}.js`), "js")
  const hash = createHash("sha256").update(script).digest("base64")
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>a world</title>${body}<script>${script}</script></html>\n`
  add(page, name, "html", {
    name: `app/${name}.html`,
    headers: {
      ...headers,
      "content-security-policy": `sandbox allow-scripts; ${policy(`'sha256-${hash}'`)}frame-ancestors 'self'`,
      "referrer-policy": "no-referrer"
    }
  })
}

// As the bytes themselves are served (C2.1): everything runs, in an origin of its own.
stage("stage-alive", () => "")
stage(
  "stage-quiet",
  (own) => `default-src 'none'; script-src ${own}; style-src 'unsafe-inline'; img-src data:; `,
  // No policy speaks of names that are looked up in advance.
  { headers: { "x-dns-prefetch-control": "off" } }
)
stage("doorway", (own) => `default-src 'none'; script-src ${own}; style-src 'unsafe-inline'; `, {
  body: read("doorway.html")
})

const bundle = async (entry) => {
  const { outputFiles } = await build({
    absWorkingDir: app,
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none"
  })
  return outputFiles[0].text
}

const icon = add(read("icon.svg"), "icon", "svg")
const pngs = [192, 512].map((size) => add(readFileSync(join(app, `icon-${size}.png`)), `icon-${size}`, "png"))
const entry = {
  icon,
  touchIcon: pngs[0],
  script: add(await bundle("main.tsx"), "main", "js"),
  manual: add(await bundle("manual.ts"), "manual", "js"),
  style: add(await bundle("style.css"), "style", "css")
}
add(
  read("manifest.json").replace("ICON_SVG", icon).replace("ICON_192", pngs[0]).replace("ICON_512", pngs[1]),
  "manifest",
  "json",
  { name: "manifest.json" }
)
const everything = createHash("sha256")
  .update([...files.keys()].join("\n"))
  .digest("hex")
  .slice(0, 16)
add(minified(read("sw.js"), "js", { BUILD: JSON.stringify(everything) }), "sw", "js", { name: "sw.js" })
add(readFileSync(join(app, "icon-192.png")), "favicon", "png", { name: "favicon.ico" })

mkdirSync(join(out, "app"), { recursive: true })
const index = { entry, files: {} }
const present = new Set()
/** Whole or not at all: somebody may be reading. */
const write = (name, bytes) => {
  present.add(name)
  writeFileSync(join(out, `${name}.${process.pid}`), bytes)
  renameSync(join(out, `${name}.${process.pid}`), join(out, name))
}
for (const [name, { content, fixed, headers, type }] of files) {
  const packed = { br: packBrotli(content), gzip: gzipSync(content, { level: 9 }) }
  const encodings = Object.keys(packed).filter((encoding) => packed[encoding].length < content.length * 0.95)
  index.files[name] = { type, fixed, headers, encodings }
  write(name, content)
  for (const encoding of encodings) write(`${name}.${encoding}`, packed[encoding])
}
write("index.json", `${JSON.stringify(index, undefined, 2)}\n`)

// Last, what an earlier build has left: until now a server that starts could still read it.
for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  if (entry.isFile() && !present.has(path.slice(out.length).replaceAll("\\", "/"))) rmSync(path)
}

const size = (href, encoding) => {
  const bytes = files.get(href.slice(1)).content
  return encoding === undefined ? bytes.length : packBrotli(bytes).length
}
const [plain, packed] = [undefined, "br"].map((e) => (size(entry.script, e) + size(entry.style, e)) / 1000)
console.log(`shell: ${plain.toFixed(1)} kB, ${packed.toFixed(1)} kB compressed`)

function packBrotli(bytes) {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
}
