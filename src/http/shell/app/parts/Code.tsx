import { useMemo } from "preact/hooks"
import { hides, piecesOf, shownLength } from "../pure/Hidden.ts"
import { highlight } from "../pure/Highlight.ts"
import { languageOf } from "../pure/Kind.ts"

/** Source, coloured. It becomes text nodes, whatever it holds; what hides in it is named in its place. */
export const Code = ({ ext, label, text }: { readonly text: string; readonly ext: string; readonly label: string }) => {
  const { marked, shown, tokens } = useMemo(() => {
    const shown = shownLength(text)
    const head = text.slice(0, shown)
    return { shown, tokens: highlight(head, languageOf(ext)), marked: hides(head) }
  }, [text, ext])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="code" aria-label={label} tabIndex={0}>
      <pre>
        <code>
          {tokens.map(({ mark, text }, i) => {
            const shown = marked ? <Pieces key={i} text={text} /> : text
            return mark === "" ? (
              shown
            ) : (
              <span key={i} class={mark}>
                {shown}
              </span>
            )
          })}
        </code>
      </pre>
      {text.length > shown && <p class="hint">The rest, {text.length - shown} characters, can be had as a download.</p>}
    </section>
  )
}

/** Names stand for the characters, which are not on the page at all: a mark around them would not hold their effect. */
const Pieces = ({ text }: { readonly text: string }) => (
  <>
    {piecesOf(text).map((piece, i) =>
      "seen" in piece ? (
        piece.seen
      ) : (
        <mark key={i} class="hidden" title={piece.why}>
          {piece.label}
        </mark>
      )
    )}
  </>
)
