import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Schema from "effect/Schema"
import { codeWord } from "./Failure.ts"
import * as Library from "./Library.ts"
import * as Said from "./Said.ts"

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

const saidOf = ({ code, delta, error, response, type }: typeof Event.Type): Said.Said => {
  switch (type) {
    case "response.output_text.delta":
    case "response.refusal.delta":
      return Said.text(typeof delta === "string" ? delta : "")
    case "response.completed":
    case "response.incomplete":
      return Said.done
    case "response.failed":
      return Said.gaveUp(isFailed(response) ? codeWord(response.error.code) : undefined)
    case "error":
      return Said.gaveUp(codeWord(code))
    default:
      if (error !== undefined && error !== null) return Said.gaveUp()
      return type?.endsWith(".delta") === true ? Said.alive : Said.nothing
  }
}

/** OpenAI's Responses API: `POST /responses`. Nothing of it is kept there (`store`). */
export const answer = ({ key, model, prompt, url, ...question }: Library.Question): Library.Answer =>
  Library.answer(
    question,
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
