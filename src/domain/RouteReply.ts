import * as Schema from "effect/Schema"
import { namesIn } from "./RouteNames.ts"
import { limits } from "./RoutePrompt.ts"

/** What a model makes of a path that nothing serves (C13). */
export const Answer = Schema.Union(
  Schema.TaggedStruct("Match", { name: Schema.String }),
  Schema.TaggedStruct("Multi", { names: Schema.Array(Schema.String) }),
  /** plain text for the visitor; "" when there is nothing to tell */
  Schema.TaggedStruct("None", { prose: Schema.String })
)
export type Answer = typeof Answer.Type

/** Characters of a reply that are looked at, and of prose that are passed on. */
const longestReply = 20_000
export const longestProse = 2000

const nothing: Answer = { _tag: "None", prose: "" }

/**
 * Reads a model's reply. What small models put around it is tolerated where it leaves no doubt: fences, quotes, markup,
 * preambles, prose behind the line, a leading slash, percent escapes, other case. Names that are not among the
 * candidates do not count. What cannot be understood, or says two things, is a None without prose. Total.
 */
export const parseReply = (reply: string, candidates: ReadonlyArray<string>): Answer => {
  const lines = linesOf(reply)
  const verdicts = lines.flatMap((line, at) => {
    const found = verdict.exec(line)
    return found === null ? [] : [{ keyword: (found[1] ?? "").toUpperCase(), value: found[2] ?? "", at }]
  })
  const [first, ...others] = verdicts
  if (first === undefined) return nothing
  if (others.some(({ keyword, value }) => keyword !== first.keyword || value.trim() !== first.value.trim()))
    return nothing
  const below = lines.slice(first.at + 1, others[0]?.at)
  if (first.keyword === "NONE") return { _tag: "None", prose: plainText([first.value, ...below].join("\n")) }
  const value = first.value.trim() === "" ? listBelow(below) : first.value
  return choiceOf(namesIn(value, candidates, first.keyword === "MULTI"))
}

/** The answer that some of the candidates are: one is a match, and none is nothing. */
export const choiceOf = (names: ReadonlyArray<string>): Answer => {
  const [name, ...more] = new Set(names)
  if (name === undefined) return nothing
  return more.length === 0
    ? { _tag: "Match", name }
    : { _tag: "Multi", names: [name, ...more].slice(0, limits.choices) }
}

/** A verdict: its keyword at the beginning of a line, whatever markup is around it. */
const verdict = /^[\s>*_`"'“「#-]*(MATCH|MULTI|NONE)[*_`"'”」]*[ \t]*(?:[:：][*_]*(.*)|\.?$)/is

/** The lines of a reply, without what a model thought before it, and without the fences of code. */
const linesOf = (reply: string): ReadonlyArray<string> => {
  const thought = reply.lastIndexOf("</think>")
  if (thought < 0 && reply.trimStart().startsWith("<think>")) return []
  return reply
    .slice(thought < 0 ? 0 : thought + "</think>".length)
    .slice(0, longestReply)
    .split(/\r\n?|\n/)
    .filter((line) => !/^\s*(?:```|~~~)\s*[\w-]*\s*$/.test(line))
}

/** A list that begins below its keyword: the lines up to the next blank one. */
const listBelow = (lines: ReadonlyArray<string>): string => {
  const from = lines.findIndex((line) => line.trim() !== "")
  if (from < 0) return ""
  const rest = lines.slice(from)
  const blank = rest.findIndex((line) => line.trim() === "")
  return rest.slice(0, blank < 0 ? undefined : blank).join(",")
}

/** Text that does nothing but say something: no control, direction or other invisible characters, and bounded. */
const plainText = (text: string): string =>
  [...text.replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}]/gu, "")]
    .slice(0, longestProse)
    .join("")
    .replace(/[`*\s]+$/, "")
    .trim()
