import mime from "mime"
import { isToken, splitOutsideQuotes, trimOws, unquote } from "./Text.ts"

/** A media type (RFC 9110 8.3.1). Type, subtype and parameter names are lower-cased, values are unescaped. */
export interface MediaType {
  readonly type: string
  readonly subtype: string
  readonly parameters: ReadonlyArray<readonly [name: string, value: string]>
}

/** Reads a media type, wildcards included (`*` is a token); `undefined` when malformed. Linear (RFC 9110 8.3.1). */
export const parseMediaType = (value: string): MediaType | undefined => {
  const [head = "", ...rest] = splitOutsideQuotes(value, ";")
  const essence = trimOws(head)
  const slash = essence.indexOf("/")
  const type = essence.slice(0, Math.max(slash, 0))
  const subtype = essence.slice(slash + 1)
  if (!isToken(type) || !isToken(subtype)) return undefined
  const parameters: Array<readonly [string, string]> = []
  for (const element of rest) {
    const parameter = trimOws(element)
    if (parameter === "") continue // `text/html;` and `;;` are grammar (5.6.6)
    const equals = parameter.indexOf("=")
    const name = parameter.slice(0, Math.max(equals, 0))
    const raw = parameter.slice(equals + 1)
    const parsed = isToken(raw) ? raw : unquote(raw)
    if (!isToken(name) || parsed === undefined) return undefined
    parameters.push([name.toLowerCase(), parsed])
  }
  return { type: type.toLowerCase(), subtype: subtype.toLowerCase(), parameters }
}

/** `type/subtype` without parameters. */
export const essence = (mediaType: MediaType): string => `${mediaType.type}/${mediaType.subtype}`

/** What bytes of an unknown kind are called (RFC 2046 4.5.1). */
export const octetStream = "application/octet-stream"

/**
 * Where we disagree with `mime` or know more: source text is text here. Per essence its extensions, the usual one
 * first. `mime` would have ts as video, rs as XML, org, scm and dart as vendors' documents, and most languages unknown.
 */
const own: Readonly<Record<string, string>> = {
  "text/plain": "txt text plain conf cfg cnf ini log toml env lock list def in properties srt bat cmd ps1",
  "text/markdown": "md markdown mkd mdown",
  "text/typescript": "ts mts cts tsx",
  "text/javascript": "js mjs cjs",
  "text/jsx": "jsx",
  "application/xml": "xml",
  "application/yaml": "yaml yml", // RFC 9512
  "application/x-ndjson": "ndjson jsonl",
  "text/x-python": "py pyi",
  "text/x-shellscript": "sh bash zsh ksh csh fish",
  "text/x-c": "c h cc cpp cxx hh hpp hxx",
  "text/x-csharp": "cs",
  "text/x-rust": "rs",
  "text/x-go": "go",
  "text/x-ruby": "rb",
  "text/x-perl": "pl pm",
  "text/x-php": "php",
  "text/x-kotlin": "kt kts",
  "text/x-swift": "swift",
  "text/x-scala": "scala",
  "text/x-groovy": "groovy gradle",
  "text/x-haskell": "hs",
  "text/x-clojure": "clj cljs edn",
  "text/x-elixir": "ex exs",
  "text/x-erlang": "erl hrl",
  "text/x-lisp": "lisp el",
  "text/x-scheme": "scm rkt",
  "text/x-ocaml": "ml mli",
  "text/x-fsharp": "fs fsx",
  "text/x-dart": "dart",
  "text/x-zig": "zig",
  "text/x-nim": "nim",
  "text/x-julia": "jl",
  "text/x-r": "r",
  "text/x-tcl": "tcl",
  "text/x-nix": "nix",
  "text/x-hcl": "hcl tf",
  "text/x-tex": "tex latex sty bib",
  "text/x-org": "org",
  "text/x-rst": "rst",
  "text/asciidoc": "adoc asciidoc",
  "text/x-diff": "diff patch",
  "text/x-protobuf": "proto",
  "text/x-graphql": "graphql gql",
  "text/x-vue": "vue",
  "text/x-svelte": "svelte",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg"
}

/** Other names that clients give to types we know: old, unregistered or overridden above. */
const aliases: Readonly<Record<string, string>> = {
  ts: "application/typescript application/x-typescript text/x-typescript",
  js: "application/javascript application/x-javascript text/ecmascript application/ecmascript application/node",
  json: "text/json application/x-json",
  xml: "text/xml",
  md: "text/x-markdown",
  yaml: "text/yaml text/x-yaml application/x-yaml",
  toml: "application/toml text/x-toml",
  srt: "application/x-subrip",
  ndjson: "application/jsonl application/ndjson",
  sh: "application/x-sh application/x-shellscript text/x-sh",
  csh: "application/x-csh",
  py: "application/x-python application/x-python-code text/x-python-script",
  pl: "application/x-perl",
  php: "application/x-httpd-php",
  tcl: "application/x-tcl",
  tex: "application/x-tex application/x-latex",
  dart: "application/vnd.dart",
  graphql: "application/graphql",
  jpg: "image/jpg image/pjpeg",
  mp3: "audio/mp3",
  gz: "application/x-gzip"
}

const words = (table: Readonly<Record<string, string>>): Array<readonly [key: string, word: string]> =>
  Object.entries(table).flatMap(([key, list]) => list.split(" ").map((word) => [key, word] as const))

const essences: ReadonlyMap<string, string> = new Map(words(own).map(([type, ext]) => [ext, type]))
const extensions: ReadonlyMap<string, string> = new Map([
  ...words(own).reverse(), // a Map keeps the last value, and the usual extension comes first
  ...words(aliases).map(([ext, type]) => [type, ext] as const)
])

/** Stored ext -> essence; `application/octet-stream` when unknown (C2.1). Of `tar.gz` the last part counts. */
export const mediaTypeOf = (ext: string): string => {
  const last = ext.slice(ext.lastIndexOf(".") + 1).toLowerCase()
  return essences.get(last) ?? mime.getType(last) ?? octetStream
}

/** The Content-Type for an essence: text types are UTF-8 and say so (C2.1), others define their own encoding. */
export const contentType = (essence: string): string =>
  essence.startsWith("text/") ? `${essence}; charset=utf-8` : essence

/**
 * What a Content-Type says about the kind of a body, as an ext (C4.2); `undefined` when that is nothing: absent,
 * malformed, a form (curl's default), multipart, octet-stream, a wildcard, or a type without a known extension.
 */
export const extOfContentType = (header: string | undefined): string | undefined => {
  const parsed = header === undefined ? undefined : parseMediaType(header)
  if (parsed === undefined || parsed.type === "multipart") return undefined
  const name = essence(parsed)
  if (name === octetStream || name === "application/x-www-form-urlencoded" || name.includes("*")) return undefined
  const known = extensions.get(name)
  if (known !== undefined) return known
  // an ext that we read otherwise (video/mp2t's ts) would come back as another type: take the next one
  for (const ext of mime.getAllExtensions(name) ?? []) if (!essences.has(ext) || mediaTypeOf(ext) === name) return ext
  // structured syntax suffixes (RFC 6839, RFC 9512) say how to read a type that nobody has an extension for
  return /\+(json|xml|yaml)$/.exec(name)?.[1]
}

/** A legal ext, lower-cased: 1-32 characters, `[a-z0-9][a-z0-9.+_-]*`; else `undefined` (C4.2). */
export const parseExt = (value: string): string | undefined =>
  // the original is tested, not its lower case: U+212A lower-cases to an ASCII k
  /^[a-z0-9][a-z0-9.+_-]{0,31}$/i.test(value) ? value.toLowerCase() : undefined

/**
 * The ext that a name's last segment ends in (C4.2): 1 to 16 letters and digits behind its last dot, whether or not any
 * table knows them, or one with other characters that a table knows. `home/a.tar.gz` is gz, `home/P.weird1` weird1.
 * `undefined` for none and for a dotfile. Digits alone count something: a version (`v1.2`), a year, a part.
 */
export const extOfName = (name: string): string | undefined => {
  const dot = name.lastIndexOf(".")
  if (dot <= name.lastIndexOf("/") + 1 || name.length - dot > 17) return undefined
  const ext = parseExt(name.slice(dot + 1))
  if (ext === undefined || /^\d+$/.test(ext)) return undefined
  return /^[a-z0-9]+$/.test(ext) || essences.has(ext) || mime.getType(ext) !== null ? ext : undefined
}

/** Markup that a browser could run with an origin's authority: HTML, SVG, XHTML, any XML (C2.1). */
export const isActiveMarkup = (essence: string): boolean =>
  /^(?:text\/html|(?:text|application)\/(?:xml|xsl|xml-external-parsed-entity|xml-dtd))$|\+xml$/i.test(essence)
