import { formatBytes } from "../pure/Format.ts"
import type { Shape } from "../state/Shape.ts"

/** Where an answer comes from, by X-Semantic-Cache (C12.4, C12.5). */
const origins: Readonly<Record<string, string>> = {
  generated: "written by the model just now",
  hit: "kept from an earlier answer; no model was asked",
  "fallback-converted": "no model answered, so it was converted exactly",
  "fallback-raw": "no model answered, so this is the source itself",
  "fallback-503": "no model answered, and there is no exact conversion",
  "ratelimit-converted": "the model was asked too often this minute, so it was converted exactly",
  "ratelimit-raw": "the model was asked too often this minute, so this is the source itself",
  "ratelimit-429": "the model was asked too often this minute"
}

const phases: Readonly<Record<Shape["phase"], string>> = {
  asking: "Asking",
  streaming: "Writing",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled"
}

/** How far it is, and what the server's headers say, in words. */
export const ShapeFacts = ({ shape }: { readonly shape: Shape }) => {
  const { contentType, form, headers, phase, problem, text, took } = shape
  const said = headers ?? problem?.headers
  const cache = said?.get("x-semantic-cache")
  const render = said?.get("x-semantic-render")
  const gpu = said?.get("x-semantic-gpu")
  const rate = said?.get("ratelimit")?.match(/r=(\d+)/)?.[1]
  const returned = said?.get("x-semantic-content-type-returned")
  const shapeReturned = said?.get("x-semantic-shape-returned")
  return (
    <div class="shape-facts" data-phase={phase}>
      <p role="status" aria-live="polite">
        <b>{phases[phase]}</b>
        {cache != null && <span>{origins[cache] ?? cache}</span>}
      </p>
      {(phase === "asking" || phase === "streaming") && <progress aria-label="The shape is on its way" />}
      <p class="facts">
        {contentType !== undefined && <span class="mono">{contentType}</span>}
        {form !== undefined && form !== "unknown" && <span>form: {form}</span>}
        {returned != null && (
          <span>
            the model came with <code>{returned}</code>, form {shapeReturned}
          </span>
        )}
        {text !== "" && <span>{formatBytes(new TextEncoder().encode(text).length)}</span>}
        {phase !== "asking" && <span>{(took / 1000).toFixed(1)} s</span>}
        {rate !== undefined && <span>{rate} calls of the model left this minute</span>}
        {render != null && <span title="X-Semantic-Render: names the prompt and its limits">prompt {render}</span>}
        {gpu != null && <span title="X-Semantic-Gpu: names the model's configuration">model {gpu}</span>}
      </p>
    </div>
  )
}
