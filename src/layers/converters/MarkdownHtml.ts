import MarkdownIt from "markdown-it"

/** Levels of nesting; what is below, the library leaves out, and brackets nested as deeply it misreads. */
const maxNesting = 100

const markdown = new MarkdownIt({ html: false, maxNesting })

/**
 * Markdown (CommonMark, with GFM's tables and strikethrough) as a whole HTML document, its title the first heading.
 * HTML within the Markdown stays text, and a link that would run (javascript: and the like) is none. Undefined when it
 * is nested too deeply.
 */
export const convert = (text: string): string | undefined => {
  const environment = {}
  const tokens = markdown.parse(text, environment)
  for (const { level, children, content } of tokens) {
    if (level >= maxNesting - 1 || (children !== null && bracketsOf(content) >= maxNesting)) return undefined
  }
  const heading = tokens[tokens.findIndex(({ type }) => type === "heading_open") + 1]
  const title =
    heading?.type !== "inline"
      ? ""
      : markdown.renderer.renderInlineAsText(heading.children ?? [], markdown.options, environment)
  return [
    "<!doctype html>\n<html>\n<head>\n",
    '<meta charset="utf-8">\n',
    title.trim() === "" ? "" : `<title>${markdown.utils.escapeHtml(title.trim())}</title>\n`,
    "</head>\n<body>\n",
    markdown.renderer.render(tokens, markdown.options, environment),
    "</body>\n</html>\n"
  ].join("")
}

/** How many brackets are open at once, at most. */
const bracketsOf = (text: string): number => {
  let open = 0
  let most = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "[") most = Math.max(most, ++open)
    else if (text[i] === "]" && open > 0) open--
  }
  return most
}
