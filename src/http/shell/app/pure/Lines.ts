/** How the lines of a text end; "mixed" when they do not agree. */
export const lineEndOf = (text: string): "\n" | "\r\n" | "mixed" => {
  const all = text.match(/\r\n?|\n/g) ?? []
  if (all.every((end) => end === "\n")) return "\n"
  return all.every((end) => end === "\r\n") ? "\r\n" : "mixed"
}

/** A text as browsers edit it, whose line ends they have made line feeds, with the ends that it had before. */
export const withLineEndsOf = (before: string, edited: string): string =>
  lineEndOf(before) === "\r\n" ? edited.replace(/\r?\n/g, "\r\n") : edited

/** A line of two texts side by side. */
export interface Row {
  readonly mine: string | undefined
  readonly theirs: string | undefined
  readonly same: boolean
}

/** Lines that are compared one by one; longer middles are shown as two blocks. */
const compared = 600

/** Two texts line by line: what they share stands side by side, the rest apart. */
export const compareLines = (mine: string, theirs: string): ReadonlyArray<Row> => {
  const [a, b] = [mine.split(/\r?\n/), theirs.split(/\r?\n/)]
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const both = (line: string): Row => ({ mine: line, theirs: line, same: true })
  return [
    ...a.slice(0, head).map(both),
    ...abreast(middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail))),
    ...a.slice(a.length - tail).map(both)
  ]
}

const left = (line: string): Row => ({ mine: line, theirs: undefined, same: false })
const right = (line: string): Row => ({ mine: undefined, theirs: line, same: false })

/** Lines that stand in each other's place, beside each other. */
const abreast = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const result: Array<Row> = []
  let mine: Array<string> = []
  let theirs: Array<string> = []
  const flush = () => {
    for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
      result.push({ mine: mine[i], theirs: theirs[i], same: false })
    }
    mine = []
    theirs = []
  }
  for (const row of rows) {
    if (row.same) {
      flush()
      result.push(row)
    } else {
      if (row.mine !== undefined) mine.push(row.mine)
      if (row.theirs !== undefined) theirs.push(row.theirs)
    }
  }
  flush()
  return result
}

const middle = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): ReadonlyArray<Row> => {
  if (a.length > compared || b.length > compared) return [...a.map(left), ...b.map(right)]
  // lengths[i][j]: how many lines a from i and b from j have in common, in order
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = lengths[i]
      if (row !== undefined) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const rows: Array<Row> = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [mine, theirs] = [a[i], b[j]]
    if (mine !== undefined && mine === theirs) {
      rows.push({ mine, theirs, same: true })
      i++
      j++
    } else if (mine !== undefined && (theirs === undefined || at(i + 1, j) >= at(i, j + 1))) {
      rows.push(left(mine))
      i++
    } else if (theirs !== undefined) {
      rows.push(right(theirs))
      j++
    }
  }
  return rows
}
