import type { Language } from "./Kind.ts"

/** What a piece of source is; "" is everything else. */
export type Mark = "" | "comment" | "string" | "number" | "keyword" | "name" | "title" | "punctuation"

export interface Token {
  readonly mark: Mark
  readonly text: string
}

type Rule = readonly [mark: Mark, pattern: string]

/** The end of the source; `$` is the end of each of its lines. */
const last = "(?![^])"

const doubleQuoted = String.raw`"(?:[^"\\\n]|\\.)*"?`
const singleQuoted = String.raw`'(?:[^'\\\n]|\\.)*'?`
const template = String.raw`${"`"}(?:[^${"`"}\\]|\\[^])*${"`"}?`
const number = String.raw`\b0[xXbBoO][\da-fA-F_]+n?\b|\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?n?\b`
const words = (text: string, flags = "") => `${flags}\\b(?:${text.trim().split(/\s+/).join("|")})\\b`

const scriptWords = words(`
  abstract as async await break case catch class const continue debugger default defer delete do else enum export
  extends extern false finally fn for from func function get if impl implements import in instanceof interface let
  match mod mut namespace new nil null of package private protected pub public readonly return satisfies self set
  static struct super switch this throw true try type typeof undefined unsafe use using var void where while with
  yield`)
const pythonWords = words(`
  and as assert async await begin break class continue def del do elif else elsif end except False finally for from
  function global if import in is lambda local module my next nil None nonlocal not or pass raise require rescue
  return self sub then True try unless until use while with yield`)
const shellWords = words(
  `case do done elif else esac exit export fi for function if in local return set then until while`
)
const sqlWords = words(`
  alter and as asc between by case create cross default delete desc distinct drop else end except exists explain
  foreign from full group having if in index inner insert into is join key left like limit not null offset on or
  order outer pragma primary references right select set table then union unique update using values view when where
  with`)

/** In each language the first rule that matches at a place decides; every rule is linear in what it looks at. */
const rules: Readonly<Record<Language, ReadonlyArray<Rule>>> = {
  plain: [],
  json: [
    ["name", String.raw`"(?:[^"\\\n]|\\.)*"(?=\s{0,99}:)`],
    ["string", doubleQuoted],
    ["number", String.raw`-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b`],
    ["keyword", words("true false null")],
    ["punctuation", String.raw`[{}[\],:]`]
  ],
  script: [
    ["comment", String.raw`\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?(?:\*\/|${last})`],
    ["string", `${doubleQuoted}|${singleQuoted}|${template}`],
    ["number", number],
    ["keyword", scriptWords],
    ["title", String.raw`\b[A-Z][A-Za-z0-9_]*\b`],
    ["name", String.raw`[A-Za-z_$][\w$]*(?=\()`],
    ["", String.raw`[A-Za-z_$][\w$]*`]
  ],
  markup: [
    ["comment", `<!--[^]*?(?:-->|${last})`],
    ["comment", String.raw`<!\[CDATA\[[^]*?(?:\]\]>|${last})|<[!?][^>]*>?`],
    ["keyword", String.raw`<\/?[A-Za-z][\w:.-]*`],
    ["name", String.raw`[A-Za-z_:@][\w:.-]*(?=\s{0,9}=\s{0,9}["'])`],
    ["string", String.raw`(?<==\s{0,9})(?:"[^"]*"?|'[^']*'?)`],
    ["number", String.raw`&(?:#\w{1,9}|\w{1,40});`],
    ["", String.raw`[A-Za-z_:@][\w:.-]*`],
    ["keyword", String.raw`\/?>`]
  ],
  style: [
    ["comment", String.raw`\/\*[^]*?(?:\*\/|${last})`],
    ["string", `${doubleQuoted}|${singleQuoted}`],
    ["keyword", String.raw`@[\w-]+`],
    ["name", String.raw`--[\w-]+|[a-z-]+(?=\s{0,9}:)`],
    ["number", String.raw`#[\da-fA-F]{3,8}\b|-?\b\d+(?:\.\d+)?(?:[a-z]+\b|%)?`],
    ["title", String.raw`[.#][A-Za-z_-][\w-]*`],
    ["", String.raw`[A-Za-z_][\w-]*`]
  ],
  markdown: [
    ["string", "```[^]*?(?:```|(?![^]))"],
    ["title", String.raw`^#{1,6} [^\n]*`],
    ["comment", String.raw`^>[^\n]*`],
    ["string", "`[^`\\n]*`"],
    ["keyword", String.raw`\*\*[^*\n]+\*\*|__[^_\n]+__`],
    ["name", String.raw`\[[^\]\n]{0,200}\]\([^)\n]{0,400}\)`],
    ["punctuation", String.raw`^\s{0,9}(?:[-*+]|\d{1,9}[.)])(?= )|^(?:---+|\*\*\*+)$`]
  ],
  python: [
    ["comment", String.raw`#[^\n]*|--[^\n]*`],
    ["string", `"""[^]*?(?:"""|${last})|'''[^]*?(?:'''|${last})|${doubleQuoted}|${singleQuoted}`],
    ["number", number],
    ["keyword", pythonWords],
    ["title", String.raw`\b[A-Z]\w*\b`],
    ["name", String.raw`@?[A-Za-z_]\w*(?=\()`],
    ["", String.raw`[A-Za-z_]\w*`]
  ],
  shell: [
    ["comment", String.raw`(?<=^|\s)#[^\n]*`],
    ["string", String.raw`"(?:[^"\\]|\\[^])*"?|'[^']*'?`],
    ["name", String.raw`\$\{[^}\n]*\}?|\$\w+`],
    ["keyword", shellWords],
    ["number", String.raw`(?<=\s)--?[A-Za-z][\w-]*`],
    ["", String.raw`[A-Za-z_][\w-]*`]
  ],
  sql: [
    ["comment", String.raw`--[^\n]*|\/\*[^]*?(?:\*\/|${last})`],
    ["string", "'(?:[^']|'')*'?"],
    ["name", '"[^"]*"?'],
    ["number", number],
    ["keyword", sqlWords],
    ["", String.raw`[A-Za-z_]\w*`]
  ],
  data: [
    ["comment", String.raw`(?<=^|\s)[#;][^\n]*`],
    ["title", String.raw`^\[[^\]\n]*\]`],
    ["name", String.raw`^[ \t-]{0,40}[\w."'-]+(?=\s{0,9}[:=])`],
    ["string", `${doubleQuoted}|${singleQuoted}`],
    ["keyword", words("true false null yes no on off")],
    ["number", number]
  ]
}

const compiled = new Map<Language, RegExp>()

const patternOf = (language: Language): RegExp => {
  const held = compiled.get(language)
  if (held !== undefined) return held
  const flags = language === "sql" ? "gimu" : "gmu"
  const pattern = new RegExp(rules[language].map(([, source]) => `(${source})`).join("|"), flags)
  compiled.set(language, pattern)
  return pattern
}

/** Characters that are coloured; what comes after them is shown as it is. */
export const longest = 100_000

/** Source in coloured pieces. Put together they are the source, character by character. */
export const highlight = (source: string, language: Language): ReadonlyArray<Token> => {
  const marks = rules[language]
  if (marks.length === 0 || source === "") return [{ mark: "", text: source }]
  const head = source.slice(0, longest)
  const tokens: Array<Token> = []
  let plain = ""
  const push = (mark: Mark, text: string) => {
    if (mark === "") {
      plain += text
      return
    }
    if (plain !== "") tokens.push({ mark: "", text: plain })
    plain = ""
    tokens.push({ mark, text })
  }
  let end = 0
  for (const match of head.matchAll(patternOf(language))) {
    const [text] = match
    if (text === "") continue
    if (match.index > end) push("", head.slice(end, match.index))
    push(marks[match.slice(1).findIndex((group) => group !== undefined)]?.[0] ?? "", text)
    end = match.index + text.length
  }
  push("", source.slice(end))
  if (plain !== "") tokens.push({ mark: "", text: plain })
  return tokens
}
