import { parseXml, XmlDocumentType, XmlElement, XmlText } from "@rgrove/parse-xml"
import * as Effect from "effect/Effect"
import { BadRequest } from "../../domain/Errors.ts"

/** The name of an element or property: "" is no namespace. */
export interface XmlName {
  readonly namespace: string
  readonly name: string
}

export interface Attribute extends XmlName {
  readonly prefix: string
  readonly value: string
}

/** An element whose names are resolved (Namespaces in XML 1.0), with what its prefixes stand for. */
export interface Element extends XmlName {
  readonly prefix: string
  readonly attributes: ReadonlyArray<Attribute>
  readonly children: ReadonlyArray<Element | string>
  /** what each prefix means here; "" is the default */
  readonly scope: ReadonlyMap<string, string>
  /** the xml:lang that holds here */
  readonly language: string | undefined
}

/** WebDAV's own namespace (RFC 4918 section 1). */
export const dav = "DAV:"
export const xmlNamespace = "http://www.w3.org/XML/1998/namespace"
const declarations = "http://www.w3.org/2000/xmlns/"

/** How deep elements may nest, and how many there may be. */
const deepest = 64
const mostElements = 8192

/** Declarations of namespaces in all, and their characters: what is in scope is kept, and written, again and again. */
const mostDeclarations = 128
const longestDeclarations = 4096

/** What has been read of a document so far. */
interface Count {
  elements: number
  declarations: number
  characters: number
}

/**
 * The root element of an XML document, in UTF-8 or UTF-16 (RFC 4918 section 8.2). No document type is taken, so there are
 * no entities but XML's own, and nothing outside of the text is ever read. BadRequest says what is wrong.
 */
export const readXml = (bytes: Uint8Array): Effect.Effect<Element, BadRequest> =>
  Effect.try({
    try: () => {
      const document = parseXml(decoded(bytes), { preserveDocumentType: true })
      if (document.children.some((child) => child instanceof XmlDocumentType)) throw new Unreadable("it has a DOCTYPE")
      const { root } = document
      if (root === null) throw new Unreadable("it has no root element")
      const count: Count = { elements: 0, declarations: 0, characters: 0 }
      return resolve(root, new Map([["xml", xmlNamespace]]), undefined, 1, count)
    },
    catch: (cause) =>
      new BadRequest({
        message:
          cause instanceof Unreadable
            ? `the body cannot be used: ${cause.message}`
            : "the body is no XML that can be read"
      })
  })

/** Why a document that parses is refused. */
class Unreadable extends Error {}

const decoded = (bytes: Uint8Array): string => {
  const [first, second] = bytes
  const wide =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : undefined
  const text = new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(bytes)
  const named = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)/.exec(text)?.[1]?.toLowerCase()
  if (named !== undefined && !encodings.has(named)) throw new Unreadable("it is neither in UTF-8 nor in UTF-16")
  return text
}

const encodings = new Set(["utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be"])

const resolve = (
  node: XmlElement,
  outer: ReadonlyMap<string, string>,
  spoken: string | undefined,
  depth: number,
  count: Count
): Element => {
  if (depth > deepest) throw new Unreadable(`elements nest more than ${deepest} deep`)
  if (++count.elements > mostElements) throw new Unreadable(`it has more than ${mostElements} elements`)
  const scope = scopeOf(node, outer, count)
  const [prefix, name] = split(node.name)
  if (prefix === "xmlns") throw new Unreadable("an element has a reserved name")
  const attributes = Object.entries(node.attributes).flatMap(([attribute, value]): ReadonlyArray<Attribute> => {
    const [prefix, name] = split(attribute)
    if (isDeclaration(prefix, name)) return []
    // An attribute without a prefix is in no namespace, whatever the default is.
    return [{ prefix, name, value, namespace: prefix === "" ? "" : meaning(prefix, scope) }]
  })
  const said = attributes.find(({ name, namespace }) => namespace === xmlNamespace && name === "lang")?.value
  const language = said ?? spoken
  const children = node.children.flatMap((child): ReadonlyArray<Element | string> => {
    if (child instanceof XmlElement) return [resolve(child, scope, language, depth + 1, count)]
    // CDATA is text, comments and instructions mean nothing here.
    return child instanceof XmlText ? [child.text] : []
  })
  return { prefix, name, namespace: meaning(prefix, scope), attributes, children, scope, language }
}

const isDeclaration = (prefix: string, name: string) => prefix === "xmlns" || (prefix === "" && name === "xmlns")

const scopeOf = (node: XmlElement, outer: ReadonlyMap<string, string>, count: Count): ReadonlyMap<string, string> => {
  const declared = Object.entries(node.attributes).filter(([name]) => isDeclaration(...split(name)))
  if (declared.length === 0) return outer
  count.declarations += declared.length
  for (const declaration of declared) count.characters += declaration.join().length
  if (count.declarations > mostDeclarations || count.characters > longestDeclarations) {
    throw new Unreadable("it declares more namespaces than anybody needs")
  }
  const scope = new Map(outer)
  for (const [attribute, namespace] of declared) {
    const prefix = attribute === "xmlns" ? "" : split(attribute)[1]
    if (prefix === "xmlns" || namespace === declarations || (prefix === "xml") !== (namespace === xmlNamespace)) {
      throw new Unreadable("a reserved prefix or namespace is declared")
    }
    if (namespace === "" && prefix !== "") throw new Unreadable(`the prefix ${prefix} is declared to mean nothing`)
    scope.set(prefix, namespace)
  }
  return scope
}

const meaning = (prefix: string, scope: ReadonlyMap<string, string>): string => {
  const namespace = scope.get(prefix)
  if (namespace === undefined && prefix !== "") throw new Unreadable(`the prefix ${prefix} is not declared`)
  return namespace ?? ""
}

const split = (qualified: string): readonly [prefix: string, name: string] => {
  const [first = "", second, ...more] = qualified.split(":")
  if (second === undefined) return ["", first]
  if (first === "" || second === "" || more.length > 0) throw new Unreadable("a name has colons where none belong")
  return [first, second]
}

/** The elements within an element. */
export const elementsOf = (element: Element): ReadonlyArray<Element> =>
  element.children.filter((child): child is Element => typeof child !== "string")

/** Whether an element is WebDAV's of this name. */
export const isDav = (element: XmlName, name: string): boolean => element.namespace === dav && element.name === name
