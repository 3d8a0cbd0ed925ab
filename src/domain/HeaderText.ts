/**
 * What a header value says to people. Header values are ASCII in practice, so that other scripts travel in disguise:
 * percent-encoded UTF-8, which may begin with `UTF-8''` (RFC 8187 section 3.2), or UTF-8 bytes that node shows as
 * Latin-1. A value that is none of these stands for itself. Total.
 */
export const headerText = (value: string): string => {
  const extended = /^utf-8'[A-Za-z0-9-]*'/i.exec(value)?.[0].length ?? 0
  return percentDecoded(value.slice(extended)) ?? rawUtf8(value) ?? value
}

/** The text of percent escapes; undefined when there are none, or one is malformed or no UTF-8. */
const percentDecoded = (text: string): string | undefined => {
  if (!text.includes("%")) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The text whose UTF-8 bytes are shown as Latin-1; undefined where that is nothing else, or impossible. */
const rawUtf8 = (text: string): string | undefined => {
  if (!/^[\u0020-\u00ff\t]*[\u0080-\u00ff][\u0020-\u00ff\t]*$/.test(text)) return undefined
  try {
    return utf8.decode(Uint8Array.from(text, (character) => character.charCodeAt(0)))
  } catch {
    return undefined
  }
}
