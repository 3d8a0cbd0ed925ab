import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Backend } from "./Backend.ts"
import * as Frames from "./Frames.ts"
import * as Upstream from "./Upstream.ts"

const Line = Schema.Struct({
  response: Schema.optional(Schema.NullOr(Schema.String)),
  done: Schema.optional(Schema.NullOr(Schema.Boolean)),
  error: Schema.optional(Schema.Unknown)
})

const saidOf = Frames.json(Line, ({ done, error, response }) => {
  const last = done === true
  return error === undefined || error === null ? { text: response ?? "", complete: last, last } : Frames.gaveUp()
})

/** Ollama's own API: `POST /api/generate`, answered with a line of JSON for each token. It wants no key. */
export const make = (settings: { readonly model: string; readonly connectTimeout: number }): Backend => ({
  missing: undefined,
  model: settings.model,
  answer: ({ model, prompt, url }) =>
    Stream.unwrapScoped(
      Effect.map(
        Upstream.post({
          url: `${url}/api/generate`,
          body: { model, prompt, stream: true },
          accept: "application/x-ndjson",
          connectTimeout: settings.connectTimeout
        }),
        (response) => Frames.answer(Frames.ndjson(Upstream.bytesOf(response)), saidOf)
      )
    )
})
