import { Parser } from "htmlparser2"
import { deepest } from "./Data.ts"
import { implied, kept, large, lines, lists, paragraphs, unseen } from "./HtmlElements.ts"
import { Page } from "./Page.ts"

/**
 * HTML as text for people: blocks are paragraphs, lists have bullets or numbers, quotations `>`, a table's rows are
 * lines with tabs between the cells, images are their alternative texts, and preformatted text stays as it is. What
 * browsers do not show is left out. Undefined when it is nested too deeply.
 */
export const convert = (text: string): string | undefined => {
  const reading = new Reading()
  const parser: Parser = new Parser({
    onopentag: (name, attributes) => {
      reading.open(name, attributes)
      if (reading.tooDeep) parser.pause()
    },
    ontext: (data) => reading.text(data),
    onclosetag: () => reading.close()
  })
  parser.write(text.replace(/\r\n?/g, "\n"))
  if (reading.tooDeep) return undefined
  parser.end()
  return reading.page.text()
}

/** How many elements may be open at once: what browsers allow. */
const mostOpen = 512

interface Element {
  readonly name: string
  /** whether it is part of a line: what is in a cell of a table is */
  readonly cell: boolean
  readonly hidden: boolean
  readonly kept: boolean
  /** whether its lines have a margin */
  readonly margin: boolean
  /** the number of its next item or cell */
  next: number
  ended: boolean
}

const outermost: Element = { name: "", cell: false, hidden: false, kept: false, margin: false, next: 1, ended: false }

type Attributes = Readonly<Record<string, string>>

/** The elements as they come, and the page that they make. */
class Reading {
  readonly page = new Page()
  tooDeep = false
  private readonly elements: Array<Element> = []
  private atStart = false

  open(name: string, attributes: Attributes): void {
    this.endImplied(name)
    const parent = this.nearest(() => true)
    const isCell = name === "td" || name === "th"
    const cell = isCell || (parent.cell && !large.has(name))
    const hidden = parent.hidden || unseen.has(name) || attributes.hidden !== undefined
    const margin = hidden || cell ? undefined : this.marginOf(name, attributes)
    if (!hidden) {
      if (isCell && this.nearest((element) => element.name === "tr" || element.name === "table").next++ > 1) {
        this.page.column()
      }
      if (name === "br" && parent.kept) this.page.verbatim("\n")
      else this.edge(name, cell)
      if (margin !== undefined && this.page.indent(...margin) > deepest) this.tooDeep = true
      this.page.flow(name === "img" ? (attributes.alt ?? "") : name === "hr" && !cell ? "---" : name === "q" ? "“" : "")
    }
    const next = name === "ol" ? (integer(attributes.start) ?? 1) : 1
    const keeps = parent.kept || kept.has(name)
    this.elements.push({ name, cell, hidden, kept: keeps, margin: margin !== undefined, next, ended: false })
    this.atStart = kept.has(name)
    if (this.elements.length > mostOpen) this.tooDeep = true
  }

  text(data: string): void {
    const { hidden, kept } = this.nearest(() => true)
    // a newline right after <pre> is not part of it
    const text = this.atStart && data.startsWith("\n") ? data.slice(1) : data
    this.atStart = false
    if (hidden) return
    if (kept) this.page.verbatim(text)
    else this.page.flow(text)
  }

  /** The innermost element ends. */
  close(): void {
    const element = this.elements.pop()
    if (element !== undefined) this.end(element)
  }

  private end(element: Element): void {
    if (element.ended) return
    element.ended = true
    this.atStart = false
    if (element.hidden) return
    if (element.name === "q") this.page.flow("”")
    if (element.margin) this.page.outdent()
    if (element.name !== "br") this.edge(element.name, element.cell)
  }

  /** Ends what an omitted end tag would have ended: the parser knows it only where it is the innermost element. */
  private endImplied(name: string): void {
    const rule = implied.get(name)
    if (rule === undefined) return
    const within = this.elements.findLastIndex((element) => rule.within.has(element.name))
    const from = this.elements.findIndex((element, i) => i > within && rule.ends.has(element.name))
    if (from < 0) return
    for (const element of this.elements.slice(from).reverse()) this.end(element)
  }

  /** What separates a block from what is before and after it. */
  private edge(name: string, cell: boolean): void {
    const paragraph = paragraphs.has(name)
    if (name === "td" || name === "th" || !(paragraph || lines.has(name) || name === "br")) return
    if (cell) this.page.flow(" ")
    else if (name === "br") this.page.lineBreak()
    else if (paragraph && !(lists.has(name) && this.elements.some((element) => lists.has(element.name))))
      this.page.gap()
    else this.page.break()
  }

  private marginOf(name: string, attributes: Attributes): readonly [first: string, rest: string] | undefined {
    if (name === "blockquote") return ["> ", "> "]
    if (name === "dd") return ["  ", "  "]
    if (name !== "li") return undefined
    const list = this.nearest((element) => lists.has(element.name))
    if (list.name !== "ol") return ["- ", "  "]
    const number = integer(attributes.value) ?? list.next
    list.next = number + 1
    return [`${number}. `, " ".repeat(`${number}. `.length)]
  }

  private nearest(test: (element: Element) => boolean): Element {
    return this.elements.findLast((element) => !element.ended && test(element)) ?? { ...outermost }
  }
}

/** An integer (HTML 2.3.4.1) that an item may be numbered with. */
const integer = (value: string | undefined): number | undefined =>
  value !== undefined && /^[ \t\n\f]*[-+]?\d{1,9}(?!\d)/.test(value) ? Number.parseInt(value, 10) : undefined
