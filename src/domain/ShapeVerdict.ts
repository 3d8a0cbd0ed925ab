import { parseXml } from "@rgrove/parse-xml"
import { type MediaRange, qualityOf } from "./Accept.ts"
import type { Meta } from "./ShapeReply.ts"
import { transport } from "./ShapeRequest.ts"

/** Whether what a model has made may be sent to whoever asked for it (C12.3). */
export type Verdict =
  | { readonly accepted: true; readonly content: string }
  | {
      readonly accepted: false
      /** why not, for the caller */
      readonly why: string
    }

/**
 * Judges content by the type that it claims: the caller accepts that type, and JSON and XML parse. Content of one code
 * block with words around it is taken for the block, where a block can be no part of the type.
 */
export const judge = (content: string, { contentType }: Meta, ranges: ReadonlyArray<MediaRange>): Verdict => {
  if (contentType === transport || qualityOf(ranges, contentType) === 0)
    return { accepted: false, why: `the model answered with ${contentType}` }
  if (holdsUp(content, contentType)) return { accepted: true, content }
  const block = onlyBlock(content)
  if (block !== undefined && holdsUp(block, contentType)) return { accepted: true, content: block }
  return { accepted: false, why: `the model answered with ${contentType} that does not parse` }
}

const holdsUp = (content: string, contentType: string): boolean =>
  parsesAs(content, contentType) && !mixesProseAndBlock(content, contentType)

/** Whether a text is what its type says, as far as a parser can tell: JSON and XML parse, everything else may be anything. */
export const parsesAs = (content: string, contentType: string): boolean => {
  if (/^(?:application|text)\/json$|\+json$/.test(contentType)) return parses(() => JSON.parse(content))
  if (/^(?:application|text)\/xml$|\+xml$/.test(contentType)) return parses(() => parseXml(content))
  return true
}

const parses = (read: () => unknown): boolean => {
  try {
    read()
    return true
  } catch {
    // Not what it claims to be, or nested deeper than anybody can read.
    return false
  }
}

/** Markup and data that begin with prose and then open a code block: a model that talks about its answer. */
const mixesProseAndBlock = (content: string, contentType: string): boolean =>
  blockless.has(contentType) && !/^\s*</.test(content) && onlyBlock(content) !== undefined

/** Types in which a line of three backticks means nothing. */
const blockless: ReadonlySet<string> = new Set(["text/html", "text/csv", "text/css", "application/yaml"])

/** What stands in the one code block of a text; undefined when there is none, or several. */
const onlyBlock = (content: string): string | undefined => {
  const lines = content.split("\n")
  const fences = lines.flatMap((line, at) => (/^```[\w+./-]*\s*$/.test(line) ? [at] : []))
  const [open, close, ...more] = fences
  if (open === undefined || close === undefined || more.length > 0) return undefined
  return lines.slice(open + 1, close).join("\n")
}
