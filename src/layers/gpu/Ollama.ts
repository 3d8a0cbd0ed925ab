import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Backend } from "./Backend.ts"
import * as Frames from "./Frames.ts"
import * as Said from "./Said.ts"
import * as Upstream from "./Upstream.ts"

const Line = Schema.Struct({
  response: Schema.optional(Schema.NullOr(Schema.String)),
  done: Schema.optional(Schema.NullOr(Schema.Boolean)),
  error: Schema.optional(Schema.Unknown)
})

const saidOf = Said.json(Line, ({ done, error, response }) => {
  const last = done === true
  return error === undefined || error === null ? { text: response ?? "", complete: last, last } : Said.gaveUp()
})

/** Ollama's own API: `POST /api/generate`, answered with a line of JSON for each token. It wants no key. */
export const make = (settings: { readonly model: string; readonly upstream: Upstream.Upstream }): Backend => ({
  missing: undefined,
  model: settings.model,
  answer: ({ model, prompt, url }, silence) =>
    Effect.map(
      Upstream.post(
        settings.upstream,
        { url: `${url}/api/generate`, body: { model, prompt, stream: true }, accept: "application/x-ndjson" },
        silence
      ),
      ({ body, enough }) => Said.answer(Frames.ndjson(body), saidOf, enough)
    )
})
