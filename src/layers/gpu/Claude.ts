import * as AnthropicClient from "@effect/ai-anthropic/AnthropicClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Schema from "effect/Schema"
import { codeWord } from "./Failure.ts"
import * as Library from "./Library.ts"
import * as Said from "./Said.ts"

/** Tokens that an answer may have, those of its thinking among them; the API wants a number. */
const maxTokens = 32_000

/**
 * As much of the Messages API's events as an answer needs. New kinds of events are announced to come at any time, and
 * the library's own schema would take one for the end.
 */
const Event = Schema.Struct({
  type: Schema.String,
  delta: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Unknown)
})

const isTextDelta = Schema.is(Schema.Struct({ type: Schema.Literal("text_delta"), text: Schema.String }))
const isTyped = Schema.is(Schema.Struct({ type: Schema.String }))

const saidOf = ({ delta, error, type }: typeof Event.Type): Said.Said => {
  switch (type) {
    case "content_block_delta":
      return isTextDelta(delta) ? Said.text(delta.text) : Said.alive
    case "message_stop":
      return Said.done
    case "error":
      return Said.gaveUp(isTyped(error) ? codeWord(error.type) : undefined)
    default:
      return Said.nothing
  }
}

/** Anthropic's Messages API: `POST /v1/messages`. */
export const answer = ({ key, model, prompt, url, ...question }: Library.Question): Library.Answer =>
  Library.answer(
    question,
    AnthropicClient.make({ apiUrl: url, apiKey: key }),
    (client) =>
      client.streamRequest(
        HttpClientRequest.post("/v1/messages", {
          body: HttpBody.unsafeJson({
            model,
            max_tokens: maxTokens,
            messages: [{ role: "user", content: prompt }],
            stream: true
          })
        }),
        Event
      ),
    saidOf
  )
