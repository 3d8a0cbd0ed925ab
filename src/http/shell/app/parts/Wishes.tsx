import { useState } from "preact/hooks"
import { hrefOf, placeOf } from "../pure/Place.ts"
import type { Wish } from "../state/Shape.ts"
import { Icon } from "./Icon.tsx"

const presets: ReadonlyArray<Wish & { readonly name: string }> = [
  { name: "Big letters", accept: "text/html", intent: "grandma/1.0 (big-font, no-jargon)" },
  { name: "Web page", accept: "text/html", intent: "" },
  { name: "Markdown", accept: "text/markdown", intent: "notes for a colleague" },
  { name: "Table", accept: "text/csv", intent: "spreadsheet (who, what, when, how much)" },
  { name: "JSON", accept: "application/json", intent: "a program (short keys, flat)" },
  { name: "48 columns", accept: "text/plain", intent: "receipt printer, 48 columns" },
  { name: "One sentence", accept: "text/plain", intent: "answer-only/1.0 (in one sentence)" }
]

/** What may be wished: a few that are often wanted, and words of one's own. */
export const Wishes = ({
  ask,
  busy,
  cancel,
  wish
}: {
  readonly wish: Wish
  readonly busy: boolean
  readonly ask: (wish: Wish) => void
  readonly cancel: () => void
}) => {
  const [accept, setAccept] = useState(wish.accept)
  const [intent, setIntent] = useState(wish.intent)
  const place = placeOf(location.pathname)
  const source = place.kind === "shaped" ? place.path : ""
  return (
    <form
      class="wishes"
      onSubmit={(event) => {
        event.preventDefault()
        ask({ accept: accept.trim() || "*/*", intent: intent.trim() })
      }}
    >
      <fieldset class="presets">
        <legend>
          Another shape of <a href={hrefOf(source)}>/{source}</a>
        </legend>
        {presets.map((preset) => (
          <button
            key={preset.name}
            type="button"
            aria-pressed={preset.accept === wish.accept && preset.intent === wish.intent}
            onClick={() => ask(preset)}
          >
            {preset.name}
          </button>
        ))}
      </fieldset>
      <div class="fields">
        <label>
          Accept
          <input
            class="mono"
            value={accept}
            list="types"
            spellcheck={false}
            autocapitalize="none"
            onInput={({ currentTarget }) => setAccept(currentTarget.value)}
          />
        </label>
        <datalist id="types">
          {["text/html", "text/plain", "text/markdown", "text/csv", "application/json", "application/yaml", "*/*"].map(
            (type) => (
              <option key={type} value={type} />
            )
          )}
        </datalist>
        <label class="wide">
          For whom, or what for
          <input
            value={intent}
            placeholder="a sentence, a product, a question"
            onInput={({ currentTarget }) => setIntent(currentTarget.value)}
          />
        </label>
        {busy ? (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        ) : (
          <button type="submit" class="primary">
            <Icon name="shape" /> Shape
          </button>
        )}
      </div>
    </form>
  )
}
