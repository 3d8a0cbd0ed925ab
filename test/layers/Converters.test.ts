import { readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import fc from "fast-check"
import { Parser } from "htmlparser2"
import ts from "typescript"
import { layer } from "../../src/layers/converters/Converters.ts"
import { deepest, longest, longestAsItIs } from "../../src/layers/converters/Data.ts"
import { Converters } from "../../src/services/Converters.ts"

const json = "application/json"
const yaml = "application/yaml"
const csv = "text/csv"
const markdown = "text/markdown"
const html = "text/html"
const plain = "text/plain"

const converters = Effect.runSync(Effect.provide(Converters, layer))

/** The text as another type; undefined for none. */
const convert = (text: string, from: string, to: string): Promise<string | undefined> =>
  Effect.runPromise(Effect.map(converters.convert(text, from, to), Option.getOrUndefined))

type Case = readonly [name: string, text: string, expected: string | undefined]

const table = (from: string, to: string, cases: ReadonlyArray<Case>) => {
  it.each(cases)("%s", async (_, text, expected) => {
    expect(await convert(text, from, to)).toBe(expected)
  })
}

/** JSON without the white space between its tokens. */
const compact = (text: string | undefined): string | undefined =>
  text?.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string: string | undefined) => string ?? "")

describe("C12.4 targets", () => {
  it.each([
    [json, [json, yaml, csv, "text/yaml", "application/x-yaml", "text/x-yaml"]],
    [
      "application/geo+json",
      ["application/geo+json", json, yaml, csv, "text/yaml", "application/x-yaml", "text/x-yaml"]
    ],
    [yaml, [yaml, json, csv, "text/yaml", "application/x-yaml", "text/x-yaml"]],
    ["text/yaml", ["text/yaml", yaml, json, csv, "application/x-yaml", "text/x-yaml"]],
    [csv, [csv, json, yaml, "text/yaml", "application/x-yaml", "text/x-yaml"]],
    [markdown, [markdown, html, "text/x-markdown"]],
    [html, [html, plain]],
    [plain, []],
    ["application/xml", ["application/xml"]],
    ["text/css", ["text/css"]],
    ["constructor", ["constructor"]]
  ])("%s becomes %j", (from, expected) => {
    expect(converters.targets(from)).toEqual(expected)
  })

  it("are what convert knows, and nothing else is", async () => {
    const types = [json, yaml, "text/yaml", csv, markdown, html, plain, "application/xml", "image/png"]
    const texts = {
      [json]: '[{"a":"b"}]',
      [yaml]: "- a: b\n",
      "text/yaml": "- a: b\n",
      [csv]: "a\nb\n",
      "application/xml": "<a/>"
    }
    for (const from of types) {
      for (const to of types) {
        const converted = await convert(Object.entries(texts).find(([type]) => type === from)?.[1] ?? "x", from, to)
        expect([from, to, converted !== undefined]).toEqual([from, to, converters.targets(from).includes(to)])
      }
    }
  })
})

describe("C12.4 what is of the wanted type already", () => {
  it.each([
    [markdown, "# hi\n"],
    [html, "<p>a <b>b</p>"],
    [json, ' {"b": 1,\n "a": 1.0} '],
    ["application/geo+json", "{}"],
    [csv, "a,b\r\n1,2\r\n"],
    [yaml, "a: &x [1]\nb: *x\n"],
    ["application/xml", "<a b='c'/>"],
    ["text/css", `a { color: red }${" ".repeat(longest)}`]
  ])("%s is had as it stands", async (type, text) => {
    expect(await convert(text, type, type)).toBe(text)
  })

  it.each([
    [json, "{a: 1}"],
    ["application/geo+json", ""],
    ["application/xml", "<a>"],
    ["image/svg+xml", "svg"],
    ["application/xml", `<a>${" ".repeat(longestAsItIs)}</a>`]
  ])("%s that does not parse, or is too long to find out, is not", async (type, text) => {
    expect(await convert(text, type, type)).toBeUndefined()
  })

  it("plain text is no conversion of itself", async () => {
    expect(await convert("a", plain, plain)).toBeUndefined()
  })
})

describe("C12.4 JSON to YAML", () => {
  table(json, yaml, [
    ["keeps the order of members, whatever their names", '{"b":1,"10":2,"2":3}', 'b: 1\n"10": 2\n"2": 3\n'],
    [
      "keeps the digits of numbers",
      "[1.0,12345678901234567890,1e400,-0]",
      "- 1.0\n- 12345678901234567890\n- 1e400\n- -0\n"
    ],
    ["quotes lines of which the first that is not empty begins with a space", '["\\n \\n"]', '- "\\n \\n"\n'],
    ["quotes what an older YAML reads otherwise", '["yes","2024-01-01","<<"]', '- "yes"\n- "2024-01-01"\n- "<<"\n'],
    ["quotes what would be no string", '["null","1","true","~",""]', '- "null"\n- "1"\n- "true"\n- "~"\n- ""\n'],
    ["escapes what is not printed", '["\\ufeff\\u0085\\u007f\\u2028"]', '- "\\ufeff\\u0085\\u007f\\u2028"\n'],
    ["breaks no line", JSON.stringify(["word ".repeat(100)]), `- "${"word ".repeat(100)}"\n`],
    ["names like those of objects", '{"__proto__":{"constructor":1}}', "__proto__:\n  constructor: 1\n"],
    ["scalars and empty collections", '[[],{},null,"a"]', "- []\n- {}\n- null\n- a\n"],
    ["a byte order mark is not content", '\ufeff"a"', "a\n"],
    ["none for what is no JSON", "{a: 1}", undefined],
    ["none for nothing", "", undefined],
    ["none for a member that stands twice", '{"a":1,"\\u0061":2}', undefined],
    ["none for half a character", '"\\ud800"', undefined]
  ])
})

describe("C12.4 YAML to JSON", () => {
  const becomes = (cases: ReadonlyArray<Case>) => {
    it.each(cases)("%s", async (_, text, expected) => {
      expect(compact(await convert(text, yaml, json))).toBe(expected)
    })
  }
  becomes([
    ["block and flow", "a:\n  - b\n  - {c: d}\n", '{"a":["b",{"c":"d"}]}'],
    ["the core schema's numbers", "[0x1F, 0o17, +.5, 007, 1., 1e3, -0]", "[31,15,0.5,7,1,1e3,-0]"],
    [
      "numbers of any size",
      "[123456789012345678901234567890, 0xffffffffffffffffffff]",
      "[123456789012345678901234567890,1208925819614629174706175]"
    ],
    ["nulls and booleans", "[~, null, Null, , true, FALSE]".replace(", ,", ","), "[null,null,null,true,false]"],
    [
      "what only an older YAML knows is text",
      "[yes, 2024-01-01, 1_0, 0b1, 1:30]",
      '["yes","2024-01-01","1_0","0b1","1:30"]'
    ],
    ["aliases are written out", "a: &x [1]\nb: *x\n", '{"a":[1],"b":[1]}'],
    ["an alias means the last anchor before it", "- &a 1\n- &a 2\n- *a\n- &a 3\n", "[1,2,2,3]"],
    ["an alias for a key", "- &a x\n- {*a : 1}", '["x",{"x":1}]'],
    ["core tags", "[!!str 1, !!int 2, !!seq [a], !!map {}]", '["1",2,["a"],{}]'],
    ["a quoted merge key is a key", '"<<": 1', '{"<<":1}'],
    [
      "members of whatever name",
      "__proto__: 1\nconstructor: 2\n10: 3\n".replace("10", "'10'"),
      '{"__proto__":1,"constructor":2,"10":3}'
    ],
    ["an empty document is null", "---\n", "null"],
    ["a directive of its version", "%YAML 1.2\n--- a\n", '"a"'],
    ["none for a stream without a document", "# only a comment\n", undefined],
    ["none for two documents", "a\n---\nb\n", undefined],
    ["none for two documents that end", "a\n...\nb\n...\n", undefined],
    ["none for another version", "%YAML 1.1\n---\nyes\n", undefined],
    ["none for a number as key", "1: a", undefined],
    ["none for null as key", "~: a", undefined],
    ["none for a collection as key", "? [a]\n: b", undefined],
    ["none for a key that stands twice", "a: 1\n'a': 2", undefined],
    ["none for the merge key", "a: &a {b: 1}\nc: {<<: *a}", undefined],
    ["none for infinity", "[.inf]", undefined],
    ["none for what is no number", "[.nan]", undefined],
    ["none for a tag of one's own", "!a b", undefined],
    ["none for a date", "!!timestamp 2024-01-01", undefined],
    ["none for bytes", "!!binary aGk=", undefined],
    ["none for a set", "!!set {a}", undefined],
    ["none for an ordered map", "!!omap [a: 1]", undefined],
    ["none for a tag that does not fit", "!!int a", undefined],
    ["none for an unknown alias", "*a", undefined],
    ["none for a cycle", "&a [*a]", undefined],
    ["none for a cycle under a name used before", "- &a 1\n- &a [*a]", undefined],
    ["none for half a character", '"\\ud800"', undefined],
    ["none for what is no YAML", "a: b: c", undefined]
  ])
})

/** Strings that notations trip over, and any others. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.stringMatching(/^[-:?,[\]{}#&*!|>'"%@` \n\t\r.=~0-9a]*$/),
  fc.constantFrom(
    "---",
    "...",
    "<<",
    "=1+1",
    "\ufeff",
    "\u0085",
    "\u2028",
    "\x7f",
    "\n",
    " ",
    "a\r\nb",
    "x".repeat(2000)
  )
)
const data = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "medium" },
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(text, tie("value"), { maxKeys: 5 })
  )
})).value

describe("C12.4 there and back", () => {
  it("JSON is the same after YAML", () =>
    fc.assert(
      fc.asyncProperty(data, async (value) => {
        const original = JSON.stringify(value)
        const between = (await convert(original, json, yaml)) ?? ""
        expect(compact(await convert(between, yaml, json))).toBe(original)
      }),
      { numRuns: 500 }
    ))

  it("text of spaces and line ends alone is the same after YAML", () =>
    fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[ \n\t\ra:#>|-]{0,8}$/), async (value) => {
        const original = JSON.stringify({ value, list: [value] })
        expect(compact(await convert((await convert(original, json, yaml)) ?? "", yaml, json))).toBe(original)
      }),
      { numRuns: 2000 }
    ))

  const rows = fc
    .uniqueArray(text, { minLength: 1, maxLength: 4 })
    .chain((names) => fc.array(fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), text))), { minLength: 1 }))
  /** Not by way of an object, which has an order of its own. */
  const object = (row: ReadonlyArray<readonly [string, string]>) =>
    `{${row.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`

  it("rows of strings are the same after CSV", () =>
    fc.assert(
      fc.asyncProperty(rows, async (rows) => {
        const original = `[${rows.map(object).join(",")}]`
        const between = (await convert(original, json, csv)) ?? ""
        expect(compact(await convert(between, csv, json))).toBe(original)
      }),
      { numRuns: 500 }
    ))
})

describe("C12.4 JSON to CSV", () => {
  table(json, csv, [
    ["names in the order of appearance", '[{"b":"1"},{"a":"2","b":"3"}]', "b,a\r\n1,\r\n3,2\r\n"],
    ["numbers as they are written", '[{"a":1.0,"b":true},{"a":2e3,"b":false}]', "a,b\r\n1.0,true\r\n2e3,false\r\n"],
    [
      "quotes, commas, lines, spaces",
      '[{"a":"x\\"y"},{"a":","},{"a":"\\n"},{"a":" x"}]',
      'a\r\n"x""y"\r\n","\r\n"\n"\r\n" x"\r\n'
    ],
    ["a formula is text", '[{"a":"=1+1"}]', "a\r\n=1+1\r\n"],
    ["an empty cell in one column is no empty line", '[{"a":""}]', 'a\r\n""\r\n'],
    ["arrays as they stand", '[["a","b"],[1,null]]', "a,b\r\n1,\r\n"],
    ["null beside the same in another column", '[{"a":null,"b":""}]', "a,b\r\n,\r\n"],
    ["none where a number and a text look alike", '[{"a":1},{"a":"1"}]', undefined],
    ["none where null and nothing look alike", '[{"a":1,"b":null},{"a":1}]', undefined],
    ["none where nothing and an empty text look alike", '[{"a":1,"b":""},{"a":1}]', undefined],
    ["none for nested values", '[{"a":[1]}]', undefined],
    ["none for an object", '{"a":1}', undefined],
    ["none for scalars in a list", "[1,2]", undefined],
    ["none for arrays of several lengths", "[[1],[1,2]]", undefined],
    ["none for arrays among objects", '[{"a":1},[1]]', undefined],
    ["none without rows", "[]", undefined],
    ["none without columns", "[{},{}]", undefined]
  ])
})

describe("C12.4 CSV to JSON", () => {
  table(csv, json, [
    ["objects of strings", "a,b\r\n1,true\r\n", '[\n  {\n    "a": "1",\n    "b": "true"\n  }\n]\n'],
    ["none for records of several lengths", "a,b\n1\n", undefined],
    ["none for headings that stand twice", "a,a\n1,2\n", undefined],
    ["none for a header without records", "a,b\n", undefined],
    ["none for a quote within a field", 'a\nb"c\n', undefined],
    ["none for a quote that is not closed", 'a\n"b\n', undefined],
    ["none for nothing", "", undefined]
  ])

  it.each([
    ["lines of any kind", "a\nb\r\n", '[{"a":"b"}]'],
    ["without a line's end", 'a\n"b\n""c"', '[{"a":"b\\n\\"c"}]'],
    ["a byte order mark is not part of the first heading", "\ufeffa\nb", '[{"a":"b"}]'],
    ["spaces belong to the field", "a, b\n1 ,2", '[{"a":"1 "," b":"2"}]']
  ])("%s", async (_, text, expected) => {
    expect(compact(await convert(text, csv, json))).toBe(expected)
  })
})

const harmless = new Set(
  "html head meta title body p h1 h2 h3 h4 h5 h6 em strong s code pre blockquote ul ol li a img br hr table thead tbody tr th td".split(
    " "
  )
)
const attributes = new Set("charset href src title alt class start style".split(" "))

/** What of a page could run, as a browser would read it. */
const active = (page: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const parser = new Parser({
    onopentagname: (name) => {
      if (!harmless.has(name)) found.push(name)
    },
    onattribute: (name, value) => {
      if (!attributes.has(name)) found.push(name)
      const isUrl = name === "href" || name === "src"
      if (isUrl && /^(?:javascript|vbscript|data|file):$/.test(new URL(value, "http://a/").protocol)) found.push(value)
      if (name === "style" && !/^text-align:(?:left|right|center)$/.test(value)) found.push(value)
    }
  })
  parser.end(page)
  return found
}

describe("C12.4 Markdown to HTML", () => {
  const page = (title: string, body: string) =>
    `<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n${title}</head>\n<body>\n${body}</body>\n</html>\n`

  table(markdown, html, [
    [
      "the first heading is the title",
      "a\n\n# B *c* `<d>`\n",
      page("<title>B c &lt;d&gt;</title>\n", "<p>a</p>\n<h1>B <em>c</em> <code>&lt;d&gt;</code></h1>\n")
    ],
    ["without a heading there is none", "a *b*\n", page("", "<p>a <em>b</em></p>\n")],
    ["nothing is a page", "", page("", "")],
    [
      "tables",
      "|a|\n|-|\n|b|\n",
      page(
        "",
        "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table>\n"
      )
    ],
    [
      "HTML stays text",
      "<script>x</script>\n\na <b onclick=x>\n",
      page("", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n<p>a &lt;b onclick=x&gt;</p>\n")
    ]
  ])

  it.each([
    "[a](javascript:x)",
    "[a](JaVaScRiPt:x)",
    "[a](java&#x0A;script:x)",
    "[a](&#106;avascript:x)",
    "[a](\u0001javascript:x)",
    "[a](vbscript:x)",
    "[a](data:text/html,x)",
    "[a](file:///etc/passwd)",
    "<javascript:x>",
    "[a][b]\n\n[b]: javascript:x",
    "![a](javascript:x)",
    '[a](http://x "\\" onclick=\\"x")',
    '![" onerror="x](http://x)',
    "<img src=x onerror=x>",
    "# <script>x</script>",
    "```<script>\nx\n```",
    '```a" onclick="x\n```',
    "<!-- --><script>x</script>"
  ])("%s runs nothing", async (text) => {
    expect(active((await convert(text, markdown, html)) ?? "none")).toEqual([])
  })

  const pieces = fc.constantFrom(
    ..."<>&;![]()*_`#|-:\"' \n\t\\=a".split(""),
    ...[
      "javascript:",
      "data:text/html,",
      "<script>",
      "<img src=x onerror=x>",
      "<!--",
      "&#x3c;",
      "&quot;",
      "](",
      "\n\n",
      "```"
    ]
  )
  it("nothing else does either", () =>
    fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 40 }), async (pieces) => {
        expect(active((await convert(pieces.join(""), markdown, html)) ?? "none")).toEqual([])
      }),
      { numRuns: 1000 }
    ))

  it.each([
    ["quotations", `${">".repeat(200)}a`],
    ["lists", `${"- ".repeat(200)}a`],
    ["brackets", `${"![".repeat(200)}a${"](b)".repeat(200)}`]
  ])("none for %s too deep for the library", async (_, text) => {
    expect(await convert(text, markdown, html)).toBeUndefined()
  })
})

describe("C12.4 HTML to text", () => {
  table(html, plain, [
    ["blocks are apart", "<h1>A</h1><p>b\n  c<p>d<div>e</div><div>f</div>", "A\n\nb c\n\nd\n\ne\nf\n"],
    ["inline elements are not", "<p>a<b>b</b> <i> c</i><a href=d>e</a>", "ab ce\n"],
    ["character references", "&lt;a&gt; &#x41;&amp;&nbsp;&copy &no;", "<a> A&\u00a0\u00a9 &no;\n"],
    [
      "what is not shown",
      "<head><title>t</title><style>a</style><body>b<script>c</script><p hidden>d</p><!-- e --><template>f</template>",
      "b\n"
    ],
    ["a head without an end", "<!doctype html><meta charset=utf-8><title>t</title><p>a", "a\n"],
    ["line breaks", "a<br>b<br><br>c", "a\nb\n\nc\n"],
    ["lists", "<ul><li>a<li>b<ol><li>c</ol></ul>d", "- a\n- b\n  1. c\n\nd\n"],
    ["numbers", "<ol start=9><li>a<li>b\n<li value=-1>c<li>d</ol>", "9. a\n10. b\n-1. c\n0. d\n"],
    ["items whose paragraphs have no end", "<ul><li><p>a<p>b<li><p>c</ul>", "- a\n\n  b\n\n- c\n"],
    ["an item without content", "<ul><li><li>a</ul>", "-\n- a\n"],
    ["quotations", "<blockquote><p>a<p>b<ul><li>c</ul></blockquote>d", "> a\n>\n> b\n>\n> - c\n\nd\n"],
    ["tables", "<table><caption>t</caption><tr><th>a<th>b<tr><td><p>1<td></td><td>3</table>", "t\na\tb\n1\t\t3\n"],
    ["a first cell that is empty", "<table><tr><td></td><td>b</td></tr></table>", "\tb\n"],
    ["preformatted text", "<pre>\n  a\n\n   &lt;b\n</pre>c", "  a\n\n   <b\n\nc\n"],
    ["definitions", "<dl><dt>a<dd><p>b<dt>c<dd>d</dl>", "a\n\n  b\n\nc\n  d\n"],
    ["images, rules, quotes", "a <img alt=b src=c><hr><q>d</q>", "a b\n\n---\n\n\u201cd\u201d\n"],
    ["lines of any kind", "<pre>a\r\nb\rc</pre>", "a\nb\nc\n"],
    ["no line is wrapped", `<p>${"word ".repeat(1000)}`, `${"word ".repeat(1000).trim()}\n`],
    ["nothing", "", ""],
    ["end tags of nothing", "</p></div>a</b></li></table>", "a\n"]
  ])
})

describe("C12.4 what a text cannot do", () => {
  const much = (piece: string, share = 1) => piece.repeat(Math.floor((longest * share) / piece.length))

  it("is converted up to a length, and not beyond", async () => {
    const exactly = `"${"a".repeat(longest - 2)}"`
    expect((await convert(exactly, json, yaml))?.length).toBe(longest - 1)
    expect(await convert(`${exactly} `, json, yaml)).toBeUndefined()
  })

  it("is converted up to a depth, and not beyond", async () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
    expect(compact(await convert(nested(deepest), yaml, json))).toBe(nested(deepest))
    expect(await convert((await convert(nested(deepest), json, yaml)) ?? "", yaml, json)).toBeDefined()
    expect(await convert(nested(deepest + 1), json, yaml)).toBeUndefined()
    expect(await convert(nested(deepest + 2), yaml, json)).toBeUndefined()
  })

  const bomb = "abcdefghi"
    .split("")
    .map((name, i, all) => `${name}: &${name} [${Array(9).fill(i === 0 ? "x" : `*${all[i - 1]}`)}]`)
  const chain = Array.from({ length: 2500 }, (_, i) => `- &a${i} [${i === 0 ? "" : `*a${i - 1}`}]`)

  it.each([
    ["flow sequences", yaml, json, much("[")],
    ["flow maps", yaml, json, much("{a: ")],
    ["block sequences", yaml, json, much("- ")],
    ["keys", yaml, json, much("? ")],
    ["keys that are flow sequences", yaml, json, much("[a]: ")],
    ["errors", yaml, json, much("]")],
    ["omissions", yaml, json, `[${much(",", 0.9)}]`],
    ["an alias bomb", yaml, json, bomb.join("\n")],
    ["a long text, often", yaml, json, `- &a ${"x".repeat(20_000)}\n${much("- *a\n", 0.5)}`],
    ["a chain of aliases", yaml, json, chain.join("\n")],
    ["JSON of arrays", json, yaml, much("[", 0.5) + much("]", 0.5)],
    ["JSON of objects", json, yaml, `${much('{"":', 0.6)}1${much("}", 0.1)}`],
    ["a long heading of many rows", csv, json, much("a", 0.5) + much("\n", 0.5)],
    ["a table with a column a row", json, csv, `[${Array.from({ length: 4000 }, (_, i) => `{"${i}":1}`)}]`],
    ["elements", html, plain, much("<b>")],
    ["quotations", html, plain, much("<blockquote>", 0.02) + much("a<br>", 0.9)]
  ])(
    "none, and soon, for %s",
    async (_, from, to, text) => {
      expect(text.length).toBeLessThanOrEqual(longest)
      expect(await convert(text, from, to)).toBeUndefined()
    },
    10_000
  )

  it.each([
    ["comments", html, plain, much("<!--")],
    ["end tags", html, plain, "<b>".repeat(500) + much("</q>", 0.9)],
    ["items", html, plain, "<b>".repeat(500) + much("<li></li>", 0.9)],
    ["cells", html, plain, `<table><tr>${much("<td> x", 0.9)}`],
    ["spaces", html, plain, `<pre>${much(" ", 0.9)}x`],
    ["emphasis", markdown, html, much("*a **b ")],
    ["links", markdown, html, much("[a](")],
    ["code spans", markdown, html, Array.from({ length: 300 }, (_, i) => "`".repeat(i)).join(" ")],
    ["references", markdown, html, much("[a]: b\n", 0.5) + much("[a]", 0.5)],
    ["a wide table", markdown, html, `|${much("a|", 0.3)}\n|${much("-|", 0.3)}\n${much("|\n", 0.3)}`],
    ["empty rows", csv, yaml, much("\n")]
  ])(
    "soon, for %s",
    async (_, from, to, text) => {
      expect(await convert(text, from, to)).toBeDefined()
    },
    10_000
  )

  it("never fails, whatever it is", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constantFrom(..."<>/&;![](){}*_`#|-:,\"'\n\t \\?@%=~0a\u0000\ud800".split("")), text)),
        fc.constantFrom(json, yaml, csv, markdown, html),
        async (pieces, from) => {
          for (const to of converters.targets(from)) await convert(pieces.join(""), from, to)
        }
      ),
      { numRuns: 500 }
    ))
})

describe("C12.4 memory", () => {
  it("the libraries are loaded by the first conversion that needs them, not by the server", () => {
    const root = fileURLToPath(new URL("../../src", import.meta.url))
    const seen = new Set<string>()
    const libraries = new Set<string>()
    const visit = (file: string) => {
      if (seen.has(file)) return
      seen.add(file)
      const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022)
      for (const statement of source.statements) {
        if (!ts.isImportDeclaration(statement) || statement.importClause?.isTypeOnly === true) continue
        if (!ts.isStringLiteral(statement.moduleSpecifier)) continue
        const { text } = statement.moduleSpecifier
        if (text.startsWith(".")) visit(resolve(dirname(file), text))
        else libraries.add(text)
      }
    }
    visit(join(root, "layers/converters/Converters.ts"))
    expect([...libraries].filter((name) => !name.startsWith("effect/"))).toEqual([])
    expect([...seen].map((file) => relative(root, file)).sort()).toEqual([
      "layers/converters/Converters.ts",
      "layers/converters/Data.ts",
      "layers/converters/JsonText.ts",
      "services/Converters.ts"
    ])
  })
})
