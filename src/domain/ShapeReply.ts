import { essence, parseMediaType } from "./MediaType.ts"

/** What a model says of the content that it has written (C12.3). */
export interface Meta {
  /** type and subtype, lower-cased; never a wildcard */
  readonly contentType: string
  /** a few words of printable ASCII, fit for a header */
  readonly shape: string
}

/** What counts for a model that says nothing of its content, or nothing that can be read. */
export const unknown: Meta = { contentType: "text/plain", shape: "unknown" }

/** The line that parts content from META. */
export const marker = "===META==="

/** Reads a reply as it comes: content is passed on as soon as it is certain to be content. */
export interface Reader {
  /** takes a piece; the content that is certain now, maybe none */
  readonly push: (piece: string) => string
  /** the reply is whole: the content that was still held back, and what was said of all of it */
  readonly end: () => { readonly rest: string; readonly meta: Meta }
}

/**
 * A reader of content, a line `===META===` and JSON. The pieces may be cut anywhere. The last marker counts that has
 * readable META behind it; if none has, the last one that begins a line. With `fences`, a code fence around all of the
 * content, as small models write it, is no part of the content. Linear, and holds back no more than it must.
 */
export const reader = (options: { readonly fences: boolean }): Reader => {
  let stage: "opening" | "content" | "tail" = "opening"
  let fenced = false
  let held = ""
  let tail: Array<string> = []
  let lineStart = true
  /** nothing has been passed on yet, or a line feed was the last thing */
  let atLineStart = true

  const pass = (text: string): string => {
    if (text !== "") atLineStart = text.endsWith("\n")
    return text
  }

  /** The first line, if it opens a fence; undefined while that cannot be told. */
  const opening = (): number | undefined => {
    if (!options.fences) return 0
    const start = /^\s{0,16}/.exec(held)?.[0].length ?? 0
    const line = held.slice(start)
    if (!fence.startsWith(line.slice(0, fence.length))) return 0
    const feed = line.indexOf("\n")
    if (feed < 0) return line.length > longestFence ? 0 : undefined
    return openingFence.test(line.slice(0, feed)) ? start + feed + 1 : 0
  }

  const take = (): string => {
    if (stage === "opening") {
      const skipped = opening()
      if (skipped === undefined) return ""
      fenced = skipped > 0
      held = held.slice(skipped)
      stage = "content"
    }
    if (stage === "tail") return ""
    const at = held.indexOf(marker)
    if (at < 0) {
      const certain = certainLength(held, fenced, atLineStart)
      const out = held.slice(0, certain)
      held = held.slice(certain)
      return pass(out)
    }
    const before = held.slice(0, at)
    lineStart = before === "" ? atLineStart : before.endsWith("\n")
    const end = contentEnd(before, fenced, atLineStart, lineStart)
    const out = before.slice(0, end)
    tail = [before.slice(end), held.slice(at)]
    held = ""
    stage = "tail"
    return pass(out)
  }

  return {
    push: (piece) => {
      if (stage === "tail") tail.push(piece)
      else held += piece
      return take()
    },
    end: () => {
      if (stage !== "tail") {
        const rest = stage === "content" && fenced ? held.slice(0, contentEnd(held, true, atLineStart, false)) : held
        return { rest, meta: unknown }
      }
      return resolve(tail.join(""), fenced, atLineStart, lineStart)
    }
  }
}

const fence = "```"
const openingFence = /^```[\w+./-]*[ \t\r]*$/
const longestFence = 64

/** A closing fence and the line ends around it, at the end of a text that begins a line, or does not. */
const closingFence = {
  maybe: {
    atLineStart: /(?:(?:^|\r?\n)[ \t]{0,3}`{0,3}[ \t]{0,8})?[\r\n]{0,4}$/,
    within: /(?:\r?\n[ \t]{0,3}`{0,3}[ \t]{0,8})?[\r\n]{0,4}$/
  },
  whole: {
    atLineStart: /(?:^|\r?\n)[ \t]{0,3}```[ \t]{0,8}[\r\n]{0,4}$/,
    within: /\r?\n[ \t]{0,3}```[ \t]{0,8}[\r\n]{0,4}$/
  }
}

/** How much of a text is content, whatever may follow it. */
const certainLength = (text: string, fenced: boolean, atLineStart: boolean): number => {
  let end = text.length
  for (let length = marker.length - 1; length > 0; length--) {
    if (!text.endsWith(marker.slice(0, length))) continue
    end = text.length - length
    break
  }
  const before = text.slice(0, end)
  const last = (fenced ? closingFence.maybe[atLineStart ? "atLineStart" : "within"] : /\r?\n?$/).exec(before)
  return last === null ? end : last.index
}

/** Where the content ends in what stands before its end, or before the marker. */
const contentEnd = (text: string, fenced: boolean, atLineStart: boolean, beforeMarker: boolean): number => {
  const closing = fenced ? closingFence.whole[atLineStart ? "atLineStart" : "within"].exec(text) : null
  if (closing !== null) return closing.index
  const feed = beforeMarker ? /\r?\n?$/.exec(text) : null
  return feed === null ? text.length : feed.index
}

/** Finds out which marker counts in a text that begins, after a line end at most, with one. */
const resolve = (
  text: string,
  fenced: boolean,
  atLineStart: boolean,
  lineStart: boolean
): { rest: string; meta: Meta } => {
  const first = text.indexOf(marker)
  const beginsLine = (at: number) => (at === first ? lineStart : text[at - 1] === "\n")
  const split = (at: number, meta: Meta) => {
    // What stands before the first marker has been cut already.
    if (at === first) return { rest: "", meta }
    const before = text.slice(0, at)
    return { rest: before.slice(0, contentEnd(before, fenced, atLineStart, beginsLine(at))), meta }
  }
  let last: number | undefined
  let tries = 0
  for (let at = text.lastIndexOf(marker); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(marker, at - 1)) {
    if (++tries > mostMarkers) break
    const meta = readMeta(text.slice(at + marker.length))
    if (meta !== undefined) return split(at, meta)
    if (last === undefined && beginsLine(at)) last = at
  }
  return last === undefined
    ? { rest: text.slice(0, contentEnd(text, fenced, atLineStart, false)), meta: unknown }
    : split(last, unknown)
}

/** Markers that are looked behind; a reply with more of them is no reply. */
const mostMarkers = 16

/** Characters that the names in a media type have at most (RFC 6838 section 4.2). */
const longestName = 127

/** META as it stands behind the marker, on the same line or the next; undefined when it cannot be read. */
const readMeta = (text: string): Meta | undefined => {
  const bare = text
    .trim()
    .replace(/^```(?:json)?\s*/, "")
    .replace(/\s*```$/, "")
  if (!bare.startsWith("{") || !bare.endsWith("}")) return undefined
  let value: unknown
  try {
    value = JSON.parse(bare)
  } catch {
    return undefined
  }
  const { content_type, shape } = value as { readonly content_type?: unknown; readonly shape?: unknown }
  const parsed = typeof content_type === "string" ? parseMediaType(content_type) : undefined
  if (parsed === undefined || parsed.type === "*" || parsed.subtype === "*") return undefined
  if (Math.max(parsed.type.length, parsed.subtype.length) > longestName) return undefined
  return { contentType: essence(parsed), shape: typeof shape === "string" ? readShape(shape) : unknown.shape }
}

/** A model's word for the form of its content, if it can stand in a header. */
const readShape = (shape: string): string => {
  const trimmed = shape.trim()
  return /^[\x20-\x7e]{1,64}$/.test(trimmed) ? trimmed : unknown.shape
}
