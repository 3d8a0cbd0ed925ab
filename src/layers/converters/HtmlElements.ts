/** What the elements of HTML are to somebody who reads the text (after HTML's suggested rendering, 15.3). */

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "))

/** Never shown. All of a head's content is here: where a head ends does not matter, its end tag may be left out. */
export const unseen = words("script style title template iframe noframes noembed object")

/** Blocks with an empty line before and after. */
export const paragraphs = words(
  "p h1 h2 h3 h4 h5 h6 hgroup pre listing xmp blockquote figure table ul ol menu dir dl hr fieldset"
)

/** Blocks that are lines of their own. */
export const lines = words(
  "address article aside body caption center dd details dialog div dt figcaption footer form header html legend li " +
    "main nav optgroup option search section summary tbody textarea tfoot thead tr"
)

export const lists = words("ul ol menu dir")

/** Elements whose white space counts. */
export const kept = words("pre listing xmp textarea")

/** A cell of a table is a part of a line; these, within it, have lines of their own all the same. */
export const large = words("table ul ol menu dir dl pre listing xmp blockquote")

/** Start tags before which an end tag may be left out: of which elements, and within which (13.1.2.4). */
export const implied: ReadonlyMap<
  string,
  { readonly ends: ReadonlySet<string>; readonly within: ReadonlySet<string> }
> = new Map([
  ["li", { ends: words("li"), within: lists }],
  ["dt", { ends: words("dt dd"), within: words("dl") }],
  ["dd", { ends: words("dt dd"), within: words("dl") }],
  ["td", { ends: words("td th"), within: words("table tr") }],
  ["th", { ends: words("td th"), within: words("table tr") }],
  ["tr", { ends: words("tr"), within: words("table") }]
])
