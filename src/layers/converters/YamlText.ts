import { Composer, type CST, Document, isAlias, isMap, isScalar, isSeq, Lexer, Parser, type ScalarTag } from "yaml"
import { type Data, deepest, isWellFormed, mostRepeated, Numeral } from "./Data.ts"

/**
 * One YAML 1.2 document of the core schema as data, its aliases written out. Undefined for what JSON's data model does
 * not have: keys that are no strings, infinities, tags of one's own; for a key that stands twice; and for what YAML 1.1
 * reads as something else altogether: the merge key, a document that says it is 1.1.
 */
export const read = (text: string): Data | undefined => {
  const syntax = parse(text)
  if (syntax === undefined) return undefined
  for (const document of new Composer({ schema: "core", uniqueKeys: false, intAsBigInt: true }).compose(syntax)) {
    const { errors, warnings, directives, contents } = document
    if (errors.length > 0 || warnings.length > 0 || directives.yaml.version !== "1.2") return undefined
    return reader()(contents, 0)
  }
  return undefined
}

/**
 * The syntax of a stream of exactly one document. The library recurses and waits for the stack to overflow; if that
 * happens while V8 compiles an expression, the process is gone. So depth is watched token by token.
 */
const parse = (text: string): ReadonlyArray<CST.Token> | undefined => {
  const parser = new Parser()
  const syntax: Array<CST.Token> = []
  const add = (tokens: Iterable<CST.Token>) => {
    for (const token of tokens) syntax.push(token)
    return syntax.at(-1)?.type !== "error" && parser.stack.length <= deepest + 2 // the document below, a scalar above
  }
  for (const lexeme of new Lexer().lex(text)) if (!add(parser.next(lexeme))) return undefined
  if (!add(parser.end())) return undefined
  return syntax.filter(({ type }) => type === "document").length === 1 ? syntax : undefined
}

interface Anchored {
  readonly data: Data
  readonly height: number
  readonly weight: number
}

/** Reads the nodes of one document, in their order: an alias means the last anchor of its name before it. */
const reader = () => {
  const anchors = new Map<string, Anchored>()
  let deepestYet = 0
  let weight = 0
  let repeated = 0

  const read = (node: unknown, depth: number): Data | undefined => {
    deepestYet = Math.max(deepestYet, depth)
    if (depth > deepest) return undefined
    if (isAlias(node)) {
      const anchored = anchors.get(node.source)
      if (anchored === undefined) return undefined
      deepestYet = Math.max(deepestYet, depth + anchored.height)
      weight += anchored.weight
      repeated += anchored.weight
      return deepestYet > deepest || repeated > mostRepeated ? undefined : anchored.data
    }
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined
    if (anchor === undefined) return plain(node, depth)
    anchors.delete(anchor) // until it is complete, nothing can be told of it: a cycle is no tree
    const outside = deepestYet
    const before = weight
    deepestYet = depth
    const data = plain(node, depth)
    if (data !== undefined) anchors.set(anchor, { data, height: deepestYet - depth, weight: weight - before })
    deepestYet = Math.max(deepestYet, outside)
    return data
  }

  /** The node itself; of its collections' members each is written with its indentation. */
  const plain = (node: unknown, depth: number): Data | undefined => {
    weight += 2 * depth + 2
    if (node === null) return null
    if (isScalar(node)) return isKnown(node.tag) ? scalar(node.value, node.source) : undefined
    if (isSeq(node) && isKnown(node.tag)) {
      const items: Array<Data> = []
      for (const item of node.items) {
        const data = read(item, depth + 1)
        if (data === undefined) return undefined
        items.push(data)
      }
      return items
    }
    if (!isMap(node) || !isKnown(node.tag)) return undefined
    const members = new Map<string, Data>()
    for (const { key, value } of node.items) {
      const name = read(key, depth + 1)
      if (typeof name !== "string" || members.has(name)) return undefined
      if (name === "<<" && isScalar(key) && key.type === "PLAIN") return undefined
      const data = read(value, depth + 1)
      if (data === undefined) return undefined
      members.set(name, data)
    }
    return members
  }

  const scalar = (value: unknown, source: string | undefined): Data | undefined => {
    weight += source?.length ?? 0
    if (value === null || typeof value === "boolean") return value
    if (typeof value === "string") return isWellFormed(value) ? value : undefined
    return typeof value === "number" || typeof value === "bigint" ? numeral(source ?? "") : undefined
  }

  return read
}

const core = new Set(["str", "int", "float", "bool", "null", "seq", "map"].map((name) => `tag:yaml.org,2002:${name}`))
const isKnown = (tag: string | undefined): boolean => tag === undefined || core.has(tag)

/** A number of the core schema (YAML 1.2.2, 10.3.2) in JSON's digits; undefined for infinities and what is none. */
const numeral = (source: string): Numeral | undefined => {
  if (/^0[ox]/.test(source)) return new Numeral(BigInt(source).toString())
  const parts = /^([-+]?)0*(\d*)(?:\.(\d*))?([eE][-+]?\d+)?$/.exec(source)
  if (parts === null) return undefined
  const [, sign, whole, fraction, exponent = ""] = parts
  return new Numeral(`${sign === "-" ? "-" : ""}${whole || "0"}${fraction ? `.${fraction}` : ""}${exponent}`)
}

/** Numbers keep their digits: every JSON number is one of the core schema too. */
const digits: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => value instanceof Numeral,
  resolve: (source) => source,
  stringify: ({ value }) => (value instanceof Numeral ? value.text : "")
}

/** What the library would leave as it is though YAML does not print it, or YAML 1.1 breaks lines at it. */
const unprinted = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g

/** Several lines of which the first that is not empty begins with a space: in a block the library may lose it. */
const indented = /^\n*[ \t][^\n]*\n/

const escaped: ScalarTag = {
  tag: "tag:yaml.org,2002:str",
  default: true,
  identify: (value) => typeof value === "string" && (value.search(unprinted) >= 0 || indented.test(value)),
  resolve: (source) => source,
  stringify: ({ value }) =>
    JSON.stringify(value).replace(unprinted, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

/** Data as YAML in block style. What YAML 1.1 would read as no string (`yes`, `2024-01-01`) is quoted. */
export const write = (data: Data): string =>
  new Document(data, {
    schema: "core",
    compat: "yaml-1.1",
    aliasDuplicateObjects: false,
    customTags: (tags) => [digits, escaped, ...tags]
  }).toString({ lineWidth: 0 })
