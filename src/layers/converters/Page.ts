/** What the lines within a block start with: a list item's bullet, a quotation's mark. */
interface Margin {
  readonly first: string
  readonly rest: string
  used: boolean
}

/** Plain text as it is laid out: words run into lines, lines stand under margins, blocks apart. Nothing is wrapped. */
export class Page {
  private readonly lines: Array<string> = []
  private readonly margins: Array<Margin> = []
  private line = ""
  /** whether there was white space since the last word, and whether a word stands before it: else it means nothing */
  private space = false
  private word = false
  private apart = false

  /** Text whose white space means no more than that there is some (HTML's, so no-break spaces stay). */
  flow(text: string): void {
    const words = text.replace(/[ \t\n\f\r]+/g, " ")
    const inner = words.slice(words.startsWith(" ") ? 1 : 0, words.endsWith(" ") ? -1 : undefined)
    this.space ||= words.startsWith(" ")
    if (inner === "") return
    this.line += this.space && this.word ? ` ${inner}` : inner
    this.word = true
    this.space = words.endsWith(" ")
  }

  /** Text as it stands. */
  verbatim(text: string): void {
    const [head = "", ...lines] = text.split("\n")
    this.line += this.space && this.word ? ` ${head}` : head
    this.space = false
    for (const line of lines) {
      this.emit(this.line)
      this.line = line
    }
    this.word = this.line !== ""
  }

  /** The next column of a table's row. */
  column(): void {
    this.line += "\t"
    this.space = this.word = false
  }

  /** What follows starts a line. */
  break(): void {
    const line = this.line
    this.line = ""
    this.space = this.word = false
    if (line.trim() !== "") this.emit(line)
  }

  /** What follows starts a line, with an empty one before it. */
  gap(): void {
    this.break()
    this.apart = true
  }

  /** A line break that somebody asked for: two of them leave a line empty. */
  lineBreak(): void {
    if (this.line.trim() === "") this.gap()
    else this.break()
  }

  /** Sets what the lines start with that follow, and tells how many such margins there are. */
  indent(first: string, rest: string): number {
    this.break()
    return this.margins.push({ first, rest, used: false })
  }

  outdent(): void {
    this.break()
    // an item without content is an item
    if (this.margins.at(-1)?.used === false && this.margins.at(-1)?.first.trim() !== "") this.emit("")
    this.margins.pop()
  }

  /** All of it. */
  text(): string {
    this.break()
    return this.lines.length === 0 ? "" : `${this.lines.join("\n")}\n`
  }

  private emit(line: string): void {
    if (this.apart && this.lines.length > 0) {
      const used = this.margins.filter((margin) => margin.used)
      this.lines.push(
        used
          .map((margin) => margin.rest)
          .join("")
          .trimEnd()
      )
    }
    this.apart = false
    const margin = this.margins.map((margin) => (margin.used ? margin.rest : margin.first)).join("")
    for (const each of this.margins) each.used = true
    this.lines.push(line === "" ? margin.trimEnd() : margin + line)
  }
}
