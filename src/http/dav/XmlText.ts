import { type Attribute, type Element, xmlNamespace } from "./Xml.ts"

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;"
}
const escaped = (character: string): string => escapes[character] ?? ""

// Characters that XML 1.0 cannot hold, not even escaped.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const impossible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

// Nearly all text has nothing that needs a closer look.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const special = /[&<>"\u0000-\u001f\ud800-\udfff\ufffe\uffff]/

/** Text as the content of an element. A CR would be read as a line feed, were it not escaped. */
export const textXml = (text: string): string =>
  special.test(text) ? text.replace(impossible, "\ufffd").replace(/[&<>\r]/g, escaped) : text

/** Text as the value of an attribute, for double quotes. */
export const attributeXml = (text: string): string =>
  special.test(text) ? text.replace(impossible, "\ufffd").replace(/[&<>"\t\n\r]/g, escaped) : text

/**
 * An element as XML that needs nothing around it: it declares every namespace that held where it was, and says its
 * language (RFC 4918 section 4.3). `parseXml` would give the same element again.
 */
export const elementXml = (element: Element): string => {
  const { attributes, language } = element
  const speaks = language === undefined || attributes.some(isLanguage)
  const spoken: ReadonlyArray<Attribute> = speaks
    ? []
    : [{ prefix: "xml", name: "lang", namespace: xmlNamespace, value: language }]
  return written({ ...element, attributes: [...attributes, ...spoken] }, new Map([["xml", xmlNamespace]]))
}

/** What is inside an element, each part by itself. */
export const contentXml = ({ children }: Element): string =>
  children.map((child) => (typeof child === "string" ? textXml(child) : elementXml(child))).join("")

const isLanguage = ({ name, namespace }: Attribute) => namespace === xmlNamespace && name === "lang"

const qualified = (prefix: string, name: string) => (prefix === "" ? name : `${prefix}:${name}`)

/** `outer` is what prefixes mean around it; where it says nothing of the default, that may be anything. */
const written = (element: Element, outer: ReadonlyMap<string, string>): string => {
  const name = qualified(element.prefix, element.name)
  const needed = new Map(element.scope)
  if (element.prefix === "" && !needed.has("")) needed.set("", "")
  const declared = [...needed]
    .filter(([prefix, namespace]) => outer.get(prefix) !== namespace)
    .map(([prefix, namespace]) => ` ${prefix === "" ? "xmlns" : `xmlns:${prefix}`}="${attributeXml(namespace)}"`)
  const attributes = element.attributes.map(
    ({ name, prefix, value }) => ` ${qualified(prefix, name)}="${attributeXml(value)}"`
  )
  const start = `<${name}${declared.join("")}${attributes.join("")}`
  if (element.children.length === 0) return `${start}/>`
  const inner = new Map([...outer, ...needed])
  const content = element.children.map((child) => (typeof child === "string" ? textXml(child) : written(child, inner)))
  return `${start}>${content.join("")}</${name}>`
}
