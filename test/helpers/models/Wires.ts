import { Either, Schema } from "effect"
import type { Received } from "./ModelServer.ts"

/**
 * The wire formats of the backends, written down from their public references and not from this program. `fault` is
 * strict about requests: what it lets pass, the vendor would.
 */
export interface Wire {
  readonly scheme: "ollama" | "openai" | "claude" | "deepseek" | "vast" | "compat"
  readonly fault: (received: Received) => string | undefined
  /** the model that was asked for */
  readonly modelOf: (received: Received) => unknown
  readonly contentType: string
  /** frames before the first piece */
  readonly opening: string
  readonly piece: (text: string) => string
  /** a frame that says that the model works and has nothing to say yet */
  readonly thinking: string
  /** what is sent to keep the connection open; undefined where there is no such thing */
  readonly keepAlive: string | undefined
  readonly closing: string
  /** an error in the middle of the stream, and what is said of it */
  readonly failing: string
  readonly failingCode: string | undefined
  /** the body of a refusal that repeats the key, and what is said of it */
  readonly refusal: (key: string) => string
  readonly refusalCode: string | undefined
}

export const key = "sk-Secret0123456789"

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const named = (type: string, fields: object = {}) => `event: ${type}\n${data({ type, ...fields })}`

const faultIn = (
  received: Received,
  expected: { readonly path: string; readonly headers: Readonly<Record<string, string>> },
  body: Schema.Schema<never, never> | Schema.Schema.Any
): string | undefined => {
  if (received.method !== "POST") return `method ${received.method}`
  if (received.path !== expected.path) return `path ${received.path}`
  for (const [name, value] of Object.entries({ "content-type": "application/json", ...expected.headers })) {
    if (received.headers[name] !== value) return `${name}: ${received.headers[name]}`
  }
  for (const name of ["traceparent", "b3", "cookie"]) if (name in received.headers) return `${name} was sent`
  // Only schemas without services are given.
  const decoded = Schema.decodeUnknownEither(body as Schema.Schema<unknown>)(received.body, {
    onExcessProperty: "error"
  })
  return Either.isLeft(decoded) ? decoded.left.message : undefined
}

const modelOf = ({ body }: Received): unknown =>
  typeof body === "object" && body !== null && "model" in body ? body.model : undefined

const Generate = Schema.Struct({
  model: Schema.NonEmptyString,
  prompt: Schema.NonEmptyString,
  stream: Schema.Literal(true)
})

/** https://docs.ollama.com/api/generate */
export const ollama: Wire = {
  scheme: "ollama",
  fault: (received) => faultIn(received, { path: "/api/generate", headers: {} }, Generate),
  modelOf,
  contentType: "application/x-ndjson",
  opening: "",
  piece: (text) =>
    `${JSON.stringify({ model: "m", created_at: "2026-01-01T00:00:00Z", response: text, done: false })}\n`,
  thinking: `${JSON.stringify({ model: "m", response: "", thinking: "hm", done: false })}\n`,
  keepAlive: undefined,
  closing: `${JSON.stringify({ model: "m", response: "", done: true, done_reason: "stop", eval_count: 3 })}\n`,
  failing: `${JSON.stringify({ error: `the model ran out of memory (${key})` })}\n`,
  failingCode: undefined,
  refusal: () => JSON.stringify({ error: `model 'm' not found ${key}` }),
  refusalCode: undefined
}

const Messages = Schema.Tuple(Schema.Struct({ role: Schema.Literal("user"), content: Schema.NonEmptyString }))
const Completions = Schema.Struct({ model: Schema.NonEmptyString, messages: Messages, stream: Schema.Literal(true) })
const OwnCompletions = Schema.Struct({
  model: Schema.optional(Schema.NonEmptyString),
  messages: Messages,
  stream: Schema.Literal(true)
})

const chunk = (delta: unknown, finish_reason: string | null = null) =>
  data({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason }]
  })

const chat = (
  scheme: "deepseek" | "vast" | "compat",
  path: string,
  body: Schema.Schema.Any,
  authorized = true
): Wire => ({
  scheme,
  fault: (received) => faultIn(received, { path, headers: authorized ? { authorization: `Bearer ${key}` } : {} }, body),
  modelOf,
  contentType: "text/event-stream; charset=utf-8",
  opening: chunk({ role: "assistant", content: "" }),
  piece: (text) => chunk({ content: text }),
  thinking: chunk({ content: null, reasoning_content: "hm" }),
  keepAlive: ": keep-alive\n\n",
  closing: `${chunk({}, "stop")}${data({ choices: [], usage: { total_tokens: 5 } })}data: [DONE]\n\n`,
  failing: data({ error: { message: `bad ${key}`, type: "server_error", code: null } }),
  failingCode: "server_error",
  refusal: (key) =>
    JSON.stringify({ error: { message: `Incorrect key: ${key}`, type: "authentication_error", code: key } }),
  refusalCode: "authentication_error"
})

/** https://api-docs.deepseek.com/api/create-chat-completion */
export const deepseek = chat("deepseek", "/chat/completions", Completions)
/** OpenAI's chat completions, as vLLM, llama.cpp and LM Studio serve them; the model may be left to them. */
export const compat = chat("compat", "/v1/chat/completions", OwnCompletions)
export const vast = chat("vast", "/v1/chat/completions", OwnCompletions)
export const compatWithoutKey = chat("compat", "/v1/chat/completions", OwnCompletions, false)

const CreateResponse = Schema.Struct({
  model: Schema.NonEmptyString,
  input: Schema.NonEmptyString,
  stream: Schema.Literal(true),
  store: Schema.Literal(false)
})

const response = (status: string) => ({
  id: "resp_1",
  object: "response",
  created_at: 1,
  status,
  error: null,
  incomplete_details: null,
  model: "m",
  output: [],
  parallel_tool_calls: true,
  tool_choice: "auto",
  tools: [],
  metadata: {}
})

/** https://platform.openai.com/docs/api-reference/responses-streaming */
export const openai: Wire = {
  scheme: "openai",
  fault: (received) =>
    faultIn(received, { path: "/v1/responses", headers: { authorization: `Bearer ${key}` } }, CreateResponse),
  modelOf,
  contentType: "text/event-stream; charset=utf-8",
  opening: [
    named("response.created", { sequence_number: 0, response: response("in_progress") }),
    named("response.in_progress", { sequence_number: 1, response: response("in_progress") }),
    named("response.something.new", { sequence_number: 2, novelty: true })
  ].join(""),
  piece: (text) =>
    named("response.output_text.delta", {
      ...{ sequence_number: 3, item_id: "msg_1", output_index: 0, content_index: 0 },
      ...{ delta: text, logprobs: [] }
    }),
  thinking: named("response.reasoning_summary_text.delta", {
    ...{ sequence_number: 3, item_id: "rs_1", output_index: 0, summary_index: 0 },
    delta: "hm"
  }),
  keepAlive: named("keepalive", { sequence_number: 3 }),
  closing: named("response.completed", { sequence_number: 9, response: response("completed") }),
  failing: named("error", { sequence_number: 5, code: "server_error", message: `bad ${key}`, param: null }),
  failingCode: "server_error",
  refusal: (key) =>
    JSON.stringify({
      error: { message: `Incorrect key: ${key}`, type: "invalid_request_error", code: "invalid_api_key" }
    }),
  refusalCode: "invalid_api_key"
}

const CreateMessage = Schema.Struct({
  model: Schema.NonEmptyString,
  max_tokens: Schema.Int.pipe(Schema.positive()),
  messages: Messages,
  stream: Schema.Literal(true)
})

/** https://platform.claude.com/docs/en/build-with-claude/streaming */
export const claude: Wire = {
  scheme: "claude",
  fault: (received) =>
    "authorization" in received.headers
      ? "a key in the wrong header"
      : faultIn(
          received,
          { path: "/v1/messages", headers: { "x-api-key": key, "anthropic-version": "2023-06-01" } },
          CreateMessage
        ),
  modelOf,
  contentType: "text/event-stream; charset=utf-8",
  opening: [
    named("message_start", {
      message: { id: "msg_1", type: "message", role: "assistant", content: [], model: "m", stop_reason: null }
    }),
    named("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    named("ping"),
    named("something_new", { delta: "of another kind", error: null })
  ].join(""),
  piece: (text) => named("content_block_delta", { index: 0, delta: { type: "text_delta", text } }),
  thinking: named("content_block_delta", { index: 0, delta: { type: "thinking_delta", thinking: "hm" } }),
  keepAlive: named("ping"),
  closing: [
    named("content_block_stop", { index: 0 }),
    named("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } }),
    named("message_stop")
  ].join(""),
  failing: named("error", { error: { type: "overloaded_error", message: `Overloaded ${key}` } }),
  failingCode: "overloaded_error",
  refusal: (key) =>
    JSON.stringify({ type: "error", error: { type: "authentication_error", message: `invalid x-api-key ${key}` } }),
  refusalCode: "authentication_error"
}

export const wires: ReadonlyArray<Wire> = [ollama, openai, claude, deepseek, vast, compat]
