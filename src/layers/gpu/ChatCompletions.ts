import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Backend } from "./Backend.ts"
import { codeWord } from "./Failure.ts"
import * as Frames from "./Frames.ts"
import * as Said from "./Said.ts"
import * as Upstream from "./Upstream.ts"

const Message = Schema.Struct({
  content: Schema.optional(Schema.NullOr(Schema.String)),
  refusal: Schema.optional(Schema.NullOr(Schema.String))
})

/** A chunk of an answer, or the whole of it from a server that does not stream, or an error in any of its shapes. */
const Completion = Schema.Struct({
  choices: Schema.optional(
    Schema.NullOr(
      Schema.Array(
        Schema.Struct({
          delta: Schema.optional(Schema.NullOr(Message)),
          message: Schema.optional(Schema.NullOr(Message)),
          finish_reason: Schema.optional(Schema.NullOr(Schema.String))
        })
      )
    )
  ),
  object: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Unknown)
})

const ErrorObject = Schema.Struct({ code: Schema.optional(Schema.Unknown), type: Schema.optional(Schema.Unknown) })

const saidOf = ({ choices, error, object }: typeof Completion.Type): Said.Said => {
  if ((error !== undefined && error !== null) || object === "error") {
    const { code, type } = Option.getOrElse(Schema.decodeUnknownOption(ErrorObject)(error), () => ErrorObject.make({}))
    return Said.gaveUp(codeWord(code) ?? codeWord(type))
  }
  const choice = choices?.[0]
  const { content, refusal } = choice?.delta ?? choice?.message ?? {}
  // Some servers give a reason with every chunk, so it says that the answer could end here, not that it does.
  const complete = choice?.finish_reason !== undefined && choice.finish_reason !== null && choice.finish_reason !== ""
  return { text: content || refusal || "", complete, last: false }
}

const ofChunk = Said.json(Completion, saidOf)
const ofEvent = (data: string): Said.Said => (data.trim() === "[DONE]" ? Said.done : ofChunk(data))
const ofWhole = Said.json(Completion, (completion) => {
  const complete = completion.choices?.[0] !== undefined
  return { ...saidOf(completion), complete, last: true }
})

/**
 * Servers with OpenAI's chat completions API: `POST /chat/completions`, answered with server-sent events that end with
 * `[DONE]`, or at once by those that do not stream.
 */
export const make = (settings: {
  readonly missing: string | undefined
  readonly key: Option.Option<Redacted.Redacted>
  readonly model: string | undefined
  readonly upstream: Upstream.Upstream
}): Backend => ({
  missing: settings.missing,
  model: settings.model,
  answer: ({ model, prompt, url }, silence) =>
    Effect.map(
      Upstream.post(
        settings.upstream,
        {
          url: `${url}/chat/completions`,
          body: {
            ...(model === undefined ? {} : { model }),
            messages: [{ role: "user", content: prompt }],
            stream: true
          },
          accept: "text/event-stream",
          key: Option.getOrUndefined(settings.key)
        },
        silence
      ),
      ({ body, contentType, enough }) =>
        /^application\/json\b/i.test(contentType)
          ? Said.answer(Frames.whole(body), ofWhole, enough)
          : Said.answer(Frames.events(body), ofEvent, enough)
    )
})
