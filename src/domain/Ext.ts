import { extOfContentType, extOfName, parseExt } from "./MediaType.ts"
import { decodeText, looksLikeMarkup } from "./Text.ts"
import { namespaceOf, type WorldName } from "./WorldPath.ts"

/** What a write says about the type of its bytes. */
export interface TypeHints {
  readonly name: WorldName
  /** `?ext=` */
  readonly ext: string | undefined
  /** Content-Type */
  readonly contentType: string | undefined
  readonly body: Uint8Array
}

/**
 * The ext under which bytes are stored (C4.2): what the caller names, else a Content-Type that means something, else
 * the name's own extension, else what the bytes look like. Undefined when `?ext=` is not a legal ext.
 */
export const extFor = (hints: TypeHints): string | undefined => {
  if (hints.ext !== undefined && hints.ext !== "") return parseExt(hints.ext)
  const named = extOfContentType(hints.contentType) ?? extOfName(hints.name)
  if (named !== undefined) return named
  if (namespaceOf(hints.name) === "lib") return "ts"
  const text = decodeText(hints.body)
  if (text === undefined) return "bin"
  return looksLikeMarkup(text) ? "html" : "txt"
}
