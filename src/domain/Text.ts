/** Text as bytes and text as header syntax: the small lexical questions that the rest of the domain asks. */

// One-shot calls keep no state, not even after a failure, so that one instance serves every request.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The text of UTF-8 bytes, or `undefined` when they are not UTF-8 or hold a NUL (C2.2: "text"). A BOM is kept. */
export const decodeText = (bytes: Uint8Array): string | undefined => {
  // NUL is legal UTF-8 but the mark of a binary file; looking first also spares decoding most binaries.
  if (bytes.includes(0)) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Whether a text starts like markup (C4.2): after BOM and whitespace, `<` and then a letter, `!` or `?`. */
export const looksLikeMarkup = (text: string): boolean => /^\s*<[A-Za-z!?]/.test(text)

/** How many UTF-8 bytes `JSON.stringify(text)` takes, quotes included, without building it (C2.2, C2.4). */
export const jsonStringLength = (text: string): number => {
  let bytes = text.length + 2
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) bytes += escapeCost[code] ?? 0
    else if (code < 0x800) bytes += 1
    else if (code < 0xd800 || code > 0xdfff) bytes += 2
    else if (code < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2 // two units, four bytes
      i++
    } else bytes += 5 // a lone surrogate is written as its escape
  }
  return bytes
}

/** What escaping adds to an ASCII character in JSON: 1 for \n, 5 for \u0000, mostly 0. */
const escapeCost = Uint8Array.from({ length: 128 }, (_, code) => JSON.stringify(String.fromCharCode(code)).length - 3)

/** NaN (past the end) is none. */
const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff

/** Whether a value is an RFC 9110 5.6.2 token: one or more of its characters and nothing else. */
export const isToken = (value: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)

/** Whether a value holds only visible ASCII, space and tab (C6): safe in a header whatever else it says. */
export const isVisibleAscii = (value: string): boolean => /^[\t\x20-\x7e]*$/.test(value)

/** A header value without the optional whitespace (space, tab: RFC 9110 5.6.3) at either end. Linear. */
export const trimOws = (value: string): string => {
  let start = 0
  let end = value.length
  while (start < end && isOws(value.charCodeAt(start))) start++
  while (end > start && isOws(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

const isOws = (code: number): boolean => code === 0x20 || code === 0x09

/**
 * A header value cut at every separator that is not inside a quoted-string (RFC 9110 5.6.1, 5.6.4), untrimmed. A
 * quoted-string that never ends takes the rest with it. Linear.
 */
export const splitOutsideQuotes = (value: string, separator: "," | ";"): ReadonlyArray<string> => {
  if (!value.includes('"')) return value.split(separator)
  const parts: Array<string> = []
  let start = 0
  let quoted = false
  for (let i = 0; i < value.length; i++) {
    const char = value[i]
    if (quoted && char === "\\") i++
    else if (char === '"') quoted = !quoted
    else if (!quoted && char === separator) {
      parts.push(value.slice(start, i))
      start = i + 1
    }
  }
  parts.push(value.slice(start))
  return parts
}

/** The text a quoted-string (RFC 9110 5.6.4) stands for, or `undefined` when it is malformed. Linear. */
export const unquote = (value: string): string | undefined => {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return undefined
  const pieces: Array<string> = []
  let start = 1
  for (let i = 1; i < value.length - 1; i++) {
    const code = value.charCodeAt(i)
    if (code === 0x22 || code === 0x7f || (code < 0x20 && code !== 0x09)) return undefined
    if (code === 0x5c) {
      pieces.push(value.slice(start, i))
      i++ // the escaped character is taken as it is; were it the closing quote, the string would never close
      const escaped = value.charCodeAt(i)
      if (i === value.length - 1 || escaped === 0x7f || (escaped < 0x20 && escaped !== 0x09)) return undefined
      start = i
    }
  }
  pieces.push(value.slice(start, -1))
  return pieces.join("")
}
