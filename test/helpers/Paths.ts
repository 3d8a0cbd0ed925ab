import { isUtf8 } from "node:buffer"
import { Either } from "effect"
import * as fc from "fast-check"
import {
  type CanonicalPath,
  canonicalText,
  type WorldName,
  worldName,
  worldNamespaces
} from "../../src/domain/WorldPath.ts"

/** The canonical path of a text that has one. */
export const path = (text: string): CanonicalPath => Either.getOrThrow(canonicalText(text)).path

/** The world of a path that names one. */
export const world = (text: string): WorldName => Either.getOrThrow(worldName(path(text)))

// What C1.2 forbids, written down once more so that a slip in the source is not repeated here.
const forbidden = /[\\:*?"<>|]|\p{Cc}/u

/** The clauses of C1.2 one after another, slowly, without regard for the implementation. */
export const naiveCanonical = (raw: string): { readonly path: string; readonly slash: boolean } | undefined => {
  if (!raw.startsWith("/") || /%(?![0-9a-fA-F]{2})/.test(raw)) return undefined
  const once = raw.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const bytes = Buffer.from(once, "latin1")
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString("utf8").normalize("NFC")
  if (text === "/") return { path: "", slash: true }
  const slash = text.endsWith("/")
  const segments = text.slice(1, slash ? -1 : undefined).split("/")
  const bad = (segment: string) => segment === "" || segment === "." || segment === ".." || forbidden.test(segment)
  return segments.some(bad) ? undefined : { path: segments.join("/"), slash }
}

const meanCharacters = [..."ab.Z09%~;=&'()+,!$@-_#[]{}^` éßΩ中😀\u0301\u{1F1E6}\uFEFF\uFB01\u1100\u1161"]

/** One segment of a canonical path. */
export const anySegment: fc.Arbitrary<string> = fc
  .array(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...meanCharacters) }, fc.string({ unit: "binary", maxLength: 2 })),
    {
      minLength: 1,
      maxLength: 8
    }
  )
  .map((parts) => parts.join("").normalize("NFC"))
  .filter((text) => text !== "" && text !== "." && text !== ".." && !text.includes("/") && !forbidden.test(text))

/** A canonical path, of any namespace or none. */
export const anyPath: fc.Arbitrary<CanonicalPath> = fc
  .array(anySegment, { minLength: 1, maxLength: 4 })
  .map((segments) => path(segments.join("/")))

/** The name of a world. */
export const anyWorld: fc.Arbitrary<WorldName> = fc
  .tuple(fc.constantFrom(...worldNamespaces), fc.array(anySegment, { minLength: 1, maxLength: 3 }))
  .map(([namespace, segments]) => worldName(path([namespace, ...segments].join("/"))))
  .filter(Either.isRight)
  .map(({ right }) => right)

/** Raw request targets made of pieces that mean something, or nearly do. */
export const anyTarget: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      ...["/", "/", "/", "//", ".", "..", "%2e", "%2E%2e", "%2F", "%2f", "%5C", "\\", "%", "%2", "%zz", "%25", "%252F"],
      ...["a", "B", "home", "~", ";x", "[", " ", "%20", "#", "?", "%3F", ":", "%00", "\t", "%7F", "%C2%80", "\x80"],
      ...[
        "%C3%A9",
        "\xc3\xa9",
        "e%CC%81",
        "\xc3",
        "%ff",
        "%C0%AF",
        "%ED%A0%80",
        "%EF%BB%BF",
        "%F0%9F%98%80",
        "%E2%84%AA"
      ],
      ...["<%CC%B8", "%3C", "%CD%BE", "%E1%BF%AF", "%E2%80%81"]
    ),
    { maxLength: 8 }
  )
  .map((pieces) => `/${pieces.join("")}`)
