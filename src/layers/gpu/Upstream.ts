import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Connections from "./Connections.ts"
import * as Exchange from "./Exchange.ts"
import { BackendFailed, codeWord, Refused } from "./Failure.ts"
import * as Frames from "./Frames.ts"
import type { Pull } from "./Pull.ts"
import type { Silence } from "./Silence.ts"

/** A successful response, while it arrives. */
export interface Reply {
  readonly contentType: string
  readonly body: Pull<Uint8Array>
  /** tells that what follows in the body is of no interest: its end lets the connection be kept, nothing more */
  readonly enough: () => void
}

/**
 * The one way to a backend. It follows no redirects, which would carry the key along, and takes any status but 2xx for a
 * failure. The scope holds the call: closing it before the response has ended ends the connection, whatever state it is
 * in, and that is what reaches a backend whose caller has left. A connection whose response has ended is kept for the
 * next call to the same origin.
 */
export interface Upstream {
  readonly send: (
    request: {
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
    },
    silence: Silence
  ) => Effect.Effect<Reply, BackendFailed, Scope.Scope>
}

interface Call {
  readonly connection: Connections.Connection
  readonly exchange: Exchange.Exchange
  /** whether the connection had served another call before */
  readonly kept: boolean
  enough: boolean
}

/** `connectTimeout` in seconds. */
export const make = (connectTimeout: number): Effect.Effect<Upstream, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connections = yield* Connections.make(connectTimeout)
    const life = yield* Effect.scope

    /** The last bytes of a response often come a moment after what ends the answer. */
    const keepLater = ({ connection, exchange }: Call) =>
      Effect.forever(exchange.body).pipe(
        Effect.ignore,
        Effect.timeoutOption("1 second"),
        // A scope that closes is not to be interrupted, and neither would be what it forks.
        Effect.interruptible,
        Effect.ensuring(Effect.sync(() => (exchange.whole() ? connection.keep() : connection.drop()))),
        Effect.forkIn(life)
      )

    const leave = (call: Call) => {
      if (call.enough && !call.exchange.whole()) return Effect.asVoid(keepLater(call))
      return Effect.sync(() => (call.exchange.whole() ? call.connection.keep() : call.connection.drop()))
    }

    /** Sends it, over a connection that was kept or one that is new. */
    const begin = (
      origin: string,
      request: Exchange.Request,
      silence: Silence,
      kept?: Connections.Connection
    ): Effect.Effect<Call, never, Scope.Scope> =>
      Effect.flatMap(Effect.scope, (scope) => {
        const connection = kept ?? connections.open(origin)
        const call: Call = {
          connection,
          exchange: Exchange.post(connection.client, request, silence),
          kept: kept !== undefined,
          enough: false
        }
        // acquireRelease does the same and more, for the price of a request.
        return Effect.as(
          Scope.addFinalizer(
            scope,
            Effect.suspend(() => leave(call))
          ),
          call
        )
      })

    return {
      send: Effect.fnUntraced(function* ({ body, headers, url }, silence) {
        const { origin, pathname, search } = new URL(url)
        const request = { path: pathname + search, headers, body }
        let call = yield* Effect.uninterruptible(
          Effect.suspend(() => begin(origin, request, silence, connections.kept(origin)))
        )
        let head = yield* Effect.either(call.exchange.head)
        // Connections that nobody used are closed by both sides, and neither knows it before it hears of the other. To
        // ask a model again changes nothing but the bill.
        if (call.kept && head._tag === "Left" && isBroken(head.left.cause)) {
          call = yield* Effect.uninterruptible(begin(origin, request, silence))
          head = yield* Effect.either(call.exchange.head)
        }
        const { exchange } = call
        const { contentType, status } = yield* head
        if (status < 200 || status >= 300) {
          const cause = new Refused({ status, code: yield* codeIn(exchange.body) })
          return yield* new BackendFailed({ why: cause.message, cause })
        }
        const enough = () => {
          call.enough = true
        }
        return { contentType, body: exchange.body, enough }
      })
    }
  })

/** Whether a connection has ended without a response. */
const isBroken = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && /^(?:UND_ERR_SOCKET|ECONNRESET|EPIPE)$/.test(String(cause.code))

/** POSTs JSON, with a key or without. */
export const post = (
  upstream: Upstream,
  options: {
    readonly url: string
    readonly body: unknown
    readonly accept: string
    readonly key?: Redacted.Redacted | undefined
  },
  silence: Silence
): Effect.Effect<Reply, BackendFailed, Scope.Scope> =>
  Effect.suspend(() =>
    upstream.send(
      {
        url: options.url,
        headers: {
          accept: options.accept,
          "content-type": "application/json",
          ...(options.key === undefined ? {} : { authorization: `Bearer ${Redacted.value(options.key)}` })
        },
        body: Buffer.from(JSON.stringify(options.body))
      },
      silence
    )
  )

const Problem = Schema.parseJson(
  Schema.Struct({
    error: Schema.Struct({ code: Schema.optional(Schema.Unknown), type: Schema.optional(Schema.Unknown) })
  })
)
const decodeProblem = Schema.decodeOption(Problem)

/** What a refusal calls itself. Its prose stays unread: it may repeat what was sent, and with it a key. */
const codeIn = (body: Pull<Uint8Array>): Effect.Effect<string | undefined> =>
  Frames.beginning(body, 16_384).pipe(
    Effect.map((text) =>
      Option.match(decodeProblem(text), {
        onNone: () => undefined,
        onSome: ({ error }) => codeWord(error.code) ?? codeWord(error.type)
      })
    ),
    Effect.timeoutTo({ duration: "2 seconds", onSuccess: (code) => code, onTimeout: () => undefined })
  )
