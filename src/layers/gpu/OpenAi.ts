import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { BackendFailed } from "./Backend.ts"
import { codeWord } from "./Failure.ts"
import * as Frames from "./Frames.ts"
import * as Library from "./Library.ts"

/**
 * As much of the Responses API's events as an answer needs. The library's own schema is that of one day: it passes over
 * an event that has changed since, and were that the last one, nobody would know that the answer is whole.
 */
const Event = Schema.Struct({
  type: Schema.optional(Schema.String),
  delta: Schema.optional(Schema.Unknown),
  code: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Unknown),
  response: Schema.optional(Schema.Unknown)
})

const Failed = Schema.Struct({ error: Schema.Struct({ code: Schema.Unknown }) })
const isFailed = Schema.is(Failed)

const saidOf = ({ code, delta, error, response, type }: typeof Event.Type): Frames.Said => {
  switch (type) {
    case "response.output_text.delta":
    case "response.refusal.delta":
      return Frames.text(typeof delta === "string" ? delta : "")
    case "response.completed":
    case "response.incomplete":
      return Frames.done
    case "response.failed":
      return Frames.gaveUp(isFailed(response) ? codeWord(response.error.code) : undefined)
    case "error":
      return Frames.gaveUp(codeWord(code))
    default:
      if (error !== undefined && error !== null) return Frames.gaveUp()
      return type?.endsWith(".delta") === true ? Frames.alive : Frames.nothing
  }
}

/** OpenAI's Responses API: `POST /responses`. Nothing of it is kept there (`store`). */
export const answer = ({
  connectTimeout,
  key,
  model,
  prompt,
  url
}: Library.Question): Stream.Stream<string, BackendFailed> =>
  Library.answer(
    connectTimeout,
    OpenAiClient.make({ apiUrl: url, apiKey: key }),
    (client) =>
      client.streamRequest(
        HttpClientRequest.post("/responses", {
          body: HttpBody.unsafeJson({ model, input: prompt, stream: true, store: false })
        }),
        Event
      ),
    saidOf
  )
