import type * as Brand from "effect/Brand"
import * as Either from "effect/Either"
import { BadPath } from "./Errors.ts"

/** The namespaces that hold worlds (C1.1). */
export const worldNamespaces = ["boot", "etc", "home", "lib", "usr", "var"] as const
export type WorldNamespace = (typeof worldNamespaces)[number]

/** The namespaces that are served but never stored (C1.1). */
export const virtualNamespaces = ["auth", "bin", "dav", "dev", "mnt", "proc", "shaped", "stream"] as const

/**
 * A canonical path without its leading slash: `home/work`, `proc/status`, or "" for the root. There is exactly one
 * such string for everything a request can name (C1.2); routing, storage, authorisation and hashing share it.
 */
export type CanonicalPath = string & Brand.Brand<"CanonicalPath">

/** The canonical path of a world: a world namespace, then at least one segment (C1.1). */
export type WorldName = CanonicalPath & Brand.Brand<"WorldName">

/** A canonical path and whether it was written with a trailing slash, which asks for the collection (C3). */
export interface ParsedPath {
  readonly path: CanonicalPath
  readonly slash: boolean
}

/** The longest directory name that common file systems take, in bytes (C1.3). */
export const maxDirectoryName = 255

const namespaceSet: ReadonlySet<string> = new Set(worldNamespaces)
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const utf8Encoder = new TextEncoder()

// C1.2 names these eight; control characters are C0, DEL and C1.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const forbiddenCharacter = /[\\:*?"<>|\u0000-\u001f\u007f-\u009f]/

// Half of a surrogate pair: no UTF-8 text has it, but text from elsewhere (a JSON escape) may.
const loneSurrogate = /\p{Surrogate}/u

const hexValue = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Percent-decodes exactly once; characters above U+007F are the latin1 reading of raw UTF-8 bytes. */
const decodeOnce = (raw: string): Either.Either<string, BadPath> => {
  const bytes = new Uint8Array(raw.length)
  let length = 0
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    if (code !== 37) {
      if (code > 255) return Either.left(new BadPath({ message: "the path is not UTF-8" }))
      bytes[length++] = code
      continue
    }
    const high = hexValue(raw.charCodeAt(i + 1))
    const low = hexValue(raw.charCodeAt(i + 2))
    if (high < 0 || low < 0) return Either.left(new BadPath({ message: "malformed percent escape in the path" }))
    bytes[length++] = high * 16 + low
    i += 2
  }
  try {
    return Either.right(utf8.decode(bytes.subarray(0, length)))
  } catch {
    return Either.left(new BadPath({ message: "the path is not UTF-8" }))
  }
}

/**
 * Canonicalises text that is already decoded, such as a line of /etc/private or a cap's prefix: NFC, no empty, `.` or
 * `..` segment, none of the forbidden characters. A missing leading slash is added.
 */
export const canonicalText = (text: string): Either.Either<ParsedPath, BadPath> => {
  const normal = text.normalize("NFC")
  if (loneSurrogate.test(normal)) return Either.left(new BadPath({ message: "the path is not UTF-8" }))
  const bare = normal.startsWith("/") ? normal.slice(1) : normal
  if (bare === "") return Either.right({ path: "" as CanonicalPath, slash: true })
  const slash = bare.endsWith("/")
  const path = slash ? bare.slice(0, -1) : bare
  if (forbiddenCharacter.test(path)) {
    return Either.left(new BadPath({ message: 'the path holds a control character or one of \\ : * ? " < > |' }))
  }
  for (const segment of path.split("/")) {
    if (segment === "") return Either.left(new BadPath({ message: "the path holds an empty segment" }))
    if (segment === "." || segment === "..") {
      return Either.left(new BadPath({ message: "the path holds a . or .. segment" }))
    }
  }
  // Checked just above, so the brand is earned.
  return Either.right({ path: path as CanonicalPath, slash })
}

// The plain targets of almost every request need no decoding; what they may hold is what canonicalText would keep.
const plainTarget = /^(?:\/[A-Za-z0-9_~@$&'()+,;=!-][A-Za-z0-9._~@$&'()+,;=!-]*)+\/?$/

/** The canonical form of the path of a raw request target, percent escapes and all (C1.2). */
export const canonicalTarget = (raw: string): Either.Either<ParsedPath, BadPath> => {
  if (plainTarget.test(raw)) {
    const slash = raw.endsWith("/")
    return Either.right({ path: raw.slice(1, slash ? -1 : undefined) as CanonicalPath, slash })
  }
  if (!raw.startsWith("/")) return Either.left(new BadPath({ message: "the request target is not a path" }))
  if (raw.startsWith("//")) return Either.left(new BadPath({ message: "the path holds an empty segment" }))
  return Either.flatMap(decodeOnce(raw), (decoded) =>
    decoded.startsWith("//")
      ? Either.left(new BadPath({ message: "the path holds an empty segment" }))
      : canonicalText(decoded)
  )
}

/** The directory that holds a world: `%` becomes `%25`, `/` becomes `%2F` (C1.4). */
export const directoryName = (name: CanonicalPath): string => name.replaceAll("%", "%25").replaceAll("/", "%2F")

// The plain names of almost every directory: canonical as they are, once the slashes are back.
const plainDirectory = /^[a-z]+(?:%2F[A-Za-z0-9_~@$&'()+,;=!-][A-Za-z0-9._~@$&'()+,;=!-]*)+$/

/** The world whose directory this is, if `directoryName` could have produced it. */
export const worldOfDirectory = (directory: string): WorldName | undefined => {
  if (plainDirectory.test(directory)) {
    return Either.getOrUndefined(worldName(directory.replaceAll("%2F", "/") as CanonicalPath))
  }
  if (/%(?!25|2F)/.test(directory)) return undefined
  const text = directory.replaceAll("%2F", "/").replaceAll("%25", "%")
  const parsed = Either.getOrUndefined(canonicalText(text))
  if (parsed === undefined || parsed.slash || parsed.path !== text) return undefined
  return Either.getOrUndefined(worldName(parsed.path))
}

/** Whether a canonical path lies in a namespace that stores worlds. */
export const isWorldNamespace = (segment: string): segment is WorldNamespace => namespaceSet.has(segment)

/** The first segment of a canonical path. */
export const namespaceOf = (path: string): string => {
  const at = path.indexOf("/")
  return at < 0 ? path : path.slice(0, at)
}

/** A canonical path as the name of a world, or why it cannot be one (C1.1, C1.3, C10.1). */
export const worldName = (path: CanonicalPath): Either.Either<WorldName, BadPath> => {
  const namespace = namespaceOf(path)
  if (!isWorldNamespace(namespace) || path.length <= namespace.length + 1) {
    return Either.left(new BadPath({ message: `/${path} cannot be the name of a world` }))
  }
  if (namespace === "lib" && /^lib\/.+\/state$/.test(path)) {
    return Either.left(new BadPath({ message: `/${path} is reserved: it names the state of a plugin` }))
  }
  if (path.length * 3 > maxDirectoryName - 3) {
    const bytes = utf8Encoder.encode(directoryName(path)).length
    if (bytes > maxDirectoryName) {
      return Either.left(
        new BadPath({ message: `the name needs a directory name of ${bytes} bytes; ${maxDirectoryName} is the most` })
      )
    }
  }
  return Either.right(path as WorldName)
}

/** Whether `path` is `prefix` or lies below it, on segment boundaries; the empty prefix holds everything. */
export const isWithin = (path: string, prefix: string): boolean =>
  prefix === "" || (path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47))

/** The path as a URL path, each segment percent-encoded, with its leading slash. */
export const urlPath = (path: string): string => `/${path.split("/").map(encodeURIComponent).join("/")}`
