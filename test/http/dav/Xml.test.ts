import { Effect, Either } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Element, readXml, xmlNamespace } from "../../../src/http/dav/Xml.ts"
import { attributeXml, contentXml, elementXml, textXml } from "../../../src/http/dav/XmlText.ts"

const read = (text: string | Uint8Array) =>
  Effect.runSync(Effect.either(readXml(typeof text === "string" ? Buffer.from(text) : text)))
const root = (text: string) => Either.getOrThrow(read(text))
const refusal = (text: string | Uint8Array) =>
  Either.match(read(text), { onLeft: (e) => e._tag, onRight: () => "read" })

/** Children whose neighbouring texts are one. */
const joined = (children: Element["children"]): ReadonlyArray<Element | string> => {
  const all: Array<Element | string> = []
  for (const child of children) {
    const last = all.at(-1)
    if (typeof child === "string" && typeof last === "string") all[all.length - 1] = last + child
    else if (child !== "") all.push(child)
  }
  return all
}

/** What an element means, without the prefixes and declarations that it happens to be written with. */
const meaning = ({ attributes, children, name, namespace }: Element): unknown => [
  namespace,
  name,
  attributes.map(({ name, namespace, value }) => [namespace, name, value].join("|")).sort(),
  joined(children).map((child) => (typeof child === "string" ? child : meaning(child)))
]

describe("C15 XML and its namespaces", () => {
  test.each([
    ['<a xmlns="DAV:"/>', ["DAV:", "a", [], []]],
    ['<D:a xmlns:D="DAV:"><b/></D:a>', ["DAV:", "a", [], [["", "b", [], []]]]],
    ['<a xmlns="x"><b xmlns=""/></a>', ["x", "a", [], [["", "b", [], []]]]],
    ['<p:a xmlns:p="x"><p:b xmlns:p="y"/></p:a>', ["x", "a", [], [["y", "b", [], []]]]],
    ['<a xmlns="x" xmlns:p="y" q="1" p:r="2"/>', ["x", "a", ["y|r|2", "|q|1"], []]],
    ['<a xml:lang="de"/>', ["", "a", [`${xmlNamespace}|lang|de`], []]],
    ["<a>1 &lt; 2 &amp;<![CDATA[<b>]]><!-- c --></a>", ["", "a", [], ["1 < 2 &<b>"]]],
    ["<a>&#xe9;&#128512;</a>", ["", "a", [], ["é😀"]]]
  ])("%s", (text, expected) => {
    expect(meaning(root(text))).toEqual(expected)
  })

  test.each([
    ["an undeclared prefix", '<D:a xmlns:E="DAV:"/>'],
    ["an undeclared prefix of an attribute", '<a D:b="1"/>'],
    ["a prefix that is declared to mean nothing", '<a xmlns:b=""/>'],
    ["a reserved prefix", '<a xmlns:xmlns="x"/>'],
    ["another meaning for xml", '<a xmlns:xml="x"/>'],
    ["another prefix for xml's namespace", `<a xmlns:p="${xmlNamespace}"/>`],
    ["two colons", '<a:b:c xmlns:a="x"/>'],
    ["nothing before the colon", "<:a/>"],
    ["an element that is not closed", "<a><b></a>"],
    ["two roots", "<a/><b/>"],
    ["nothing", ""],
    ["text", "hello"],
    ["an unknown entity", "<a>&nbsp;</a>"],
    ["a character that XML cannot hold", "<a>\u0001</a>"],
    ["a declared encoding that we do not read", '<?xml version="1.0" encoding="iso-8859-1"?><a/>']
  ])("refuses %s", (_, text) => {
    expect(refusal(text)).toBe("BadRequest")
  })

  test.each([
    ["UTF-8 with a BOM", Buffer.from("\ufeff<a>é</a>")],
    ["UTF-16, little end first", Buffer.from("\ufeff<a>é</a>", "utf16le")],
    ["UTF-16, big end first", Buffer.from("\ufeff<a>é</a>", "utf16le").swap16()],
    ["UTF-8 that says so", Buffer.from('<?xml version="1.0" encoding="UTF-8"?><a>é</a>')]
  ])("reads %s", (_, bytes) => {
    expect(meaning(Either.getOrThrow(read(bytes)))).toEqual(["", "a", [], ["é"]])
  })

  test("refuses bytes that are no UTF-8", () => {
    expect(refusal(Buffer.from([0x3c, 0x61, 0xff, 0x2f, 0x3e]))).toBe("BadRequest")
  })
})

describe("C15 XML that wants to do harm", () => {
  const prefixes = (count: number) => Array.from({ length: count }, (_, n) => `xmlns:p${n}="b"`).join(" ")
  const laughs = Array.from({ length: 10 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join("")

  test.each([
    ["a billion laughs", `<!DOCTYPE a [<!ENTITY l0 "ha">${laughs}]><a>&l10;</a>`],
    ["an external entity", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ["an external subset", '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>'],
    ["a parameter entity", '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><a/>'],
    ["a document type that declares nothing", "<!DOCTYPE a><a/>"],
    ["a hundred levels", "<a>".repeat(100) + "</a>".repeat(100)],
    ["fifty thousand levels", "<a>".repeat(50_000)],
    ["thousands of namespaces", `<a ${prefixes(5000)}/>`],
    ["a namespace that is declared anew thousands of times", `<a>${'<b xmlns="c"/>'.repeat(9000)}</a>`],
    ["namespaces of many letters", `<a xmlns="${"x".repeat(200_000)}"/>`],
    ["thousands of elements", `<a>${"<b/>".repeat(50_000)}</a>`]
  ])("%s is a bad request, at once", (_, text) => {
    const started = performance.now()
    expect(refusal(text)).toBe("BadRequest")
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

const name = fc.constantFrom("a", "b", "ü")
const namespace = fc.constantFrom("", "DAV:", "urn:x", "http://e/?a&b<c>\"'")
const text = fc
  .string({ unit: "grapheme", maxLength: 8 })
  .filter((value) => /^[\t\n\u0020-\ud7ff\ue000-\ufffd]*$/u.test(value))
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc
    .record({
      name,
      namespace,
      attribute: fc.option(fc.record({ namespace, name, value: text }), { nil: undefined }),
      language: fc.option(fc.constantFrom("de", "en"), { nil: undefined }),
      children: fc.array(fc.oneof({ maxDepth: 3, withCrossShrink: true }, text.map(textXml), tie("tree")), {
        maxLength: 3
      })
    })
    .map(({ attribute, children, language, name, namespace }) => {
      const own = namespace === "" ? 'xmlns=""' : `xmlns="${attributeXml(namespace)}"`
      const other =
        attribute === undefined
          ? ""
          : attribute.namespace === ""
            ? ` ${attribute.name}="${attributeXml(attribute.value)}"`
            : ` xmlns:p="${attributeXml(attribute.namespace)}" p:${attribute.name}="${attributeXml(attribute.value)}"`
      const spoken = language === undefined ? "" : ` xml:lang="${language}"`
      return `<${name} ${own}${other}${spoken}>${children.join("")}</${name}>`
    })
}))

describe("C15 a property keeps what it was (RFC 4918 section 4.3)", () => {
  test("an element means the same in any place", () => {
    fc.assert(
      fc.property(tree, (written) => {
        const element = root(written)
        const moved = `<x xmlns="urn:other" xmlns:p="urn:q"><D:y xmlns:D="DAV:">${elementXml(element)}</D:y></x>`
        const [y] = root(moved).children
        expect(typeof y === "object" && y.children.length === 1 && meaning(y.children[0] as Element)).toEqual(
          meaning(element)
        )
      })
    )
  })

  test("it takes its language and the prefixes of its values along", () => {
    const [inner] = root('<a xml:lang="de" xmlns:v="urn:v"><b>v:name</b></a>').children
    expect(elementXml(inner as Element)).toBe('<b xmlns:v="urn:v" xmlns="" xml:lang="de">v:name</b>')
  })

  test("what is inside stands by itself", () => {
    const owner = root('<D:owner xmlns:D="DAV:">me &amp; <D:href>http://e/</D:href></D:owner>')
    expect(contentXml(owner)).toBe('me &amp; <D:href xmlns:D="DAV:">http://e/</D:href>')
  })

  test("any text can be written, and comes back where XML can hold it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), text, (any, good) => {
        root(`<a b="${attributeXml(any)}">${textXml(any)}</a>`)
        expect(meaning(root(`<a b="${attributeXml(good)}">${textXml(good)}</a>`))).toEqual([
          "",
          "a",
          [`|b|${good}`],
          good === "" ? [] : [good]
        ])
      })
    )
  })
})
