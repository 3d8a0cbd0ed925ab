import { useMemo } from "preact/hooks"
import { highlight } from "../pure/Highlight.ts"
import { languageOf } from "../pure/Kind.ts"

/** Characters that are put on the page at once; a browser lays out no more than that without a stutter. */
export const shown = 1_000_000

/** Source, coloured. It becomes text nodes, whatever it holds. */
export const Code = ({ ext, label, text }: { readonly text: string; readonly ext: string; readonly label: string }) => {
  const tokens = useMemo(() => highlight(text.slice(0, shown), languageOf(ext)), [text, ext])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="code" aria-label={label} tabIndex={0}>
      <pre>
        <code>
          {tokens.map(({ mark, text }, i) =>
            mark === "" ? (
              text
            ) : (
              <span key={i} class={mark}>
                {text}
              </span>
            )
          )}
        </code>
      </pre>
      {text.length > shown && <p class="hint">The rest, {text.length - shown} characters, can be had as a download.</p>}
    </section>
  )
}
