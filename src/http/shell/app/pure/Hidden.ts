/** A piece of a text as it is shown: what can be seen, or a run of characters that nobody would see. */
export type Piece =
  | { readonly seen: string }
  | {
      /** what stands in their place: "U+202E", and how often when more than once */
      readonly label: string
      readonly why: string
    }

/**
 * What hides in a text, or makes it read otherwise than it runs ("Trojan source"): controls of direction, characters
 * without a shape, controls, line ends that only a compiler takes for some. Emoji hold joiners and selectors by nature,
 * and a carriage return before a line feed is a line end to everybody.
 */
const hidden = new RegExp(
  String.raw`(?!(?<=\p{ExtPict})\ufe0f|(?<=\p{ExtPict}[\ufe0f\p{EMod}]?)\u200d\p{ExtPict})` +
    String.raw`(?:[\p{DI}\p{Zl}\p{Zp}\u2800\ufff9-\ufffb]|(?![\t\r\n])\p{Cc}|\r(?!\n))`,
  "u"
)
const runs = new RegExp(`(${hidden.source})\\1*`, "gu")

const turns = /^[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const breaks = "\r\v\f\u0085\u2028\u2029"

/** Marks that a page holds; each is an element of its own. */
const most = 10_000

const piecesFrom = function* (text: string): Generator<Piece> {
  let end = 0
  for (const match of text.matchAll(runs)) {
    const [run, one = ""] = match
    if (match.index > end) yield { seen: text.slice(end, match.index) }
    const code = `U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`
    const times = run.length / one.length
    const why = turns.test(one)
      ? "turns the direction of what follows"
      : breaks.includes(one)
        ? "may end a line where none seems to end"
        : "cannot be seen"
    yield { label: times === 1 ? code : `${code} ×${times}`, why }
    end = match.index + run.length
  }
  if (end < text.length) yield { seen: text.slice(end) }
}

/** Whether there is anything in a text that nobody would see. */
export const hides = (text: string): boolean => hidden.test(text)

/** A text in pieces of both kinds. */
export const piecesOf = (text: string): ReadonlyArray<Piece> =>
  hides(text) ? [...piecesFrom(text)] : text === "" ? [] : [{ seen: text }]

/** How many runs of hidden characters a text has. */
export const countHidden = (text: string): number => {
  let count = 0
  for (const _ of text.matchAll(runs)) count++
  return count
}

/** How much of a text is put on the page at once, in UTF-16 units; a browser lays out no more without a stutter. */
export const shownLength = (text: string): number => {
  let count = 0
  const head = text.slice(0, longest)
  for (const match of head.matchAll(runs)) if (++count > most) return match.index
  return head.length
}
const longest = 1_000_000
