import type { Client, Dispatcher } from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type BackendFailed, failure } from "./Failure.ts"
import type { Pull } from "./Pull.ts"
import type { Silence } from "./Silence.ts"

/** What is sent. */
export interface Request {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What comes back first. */
export interface Head {
  readonly status: number
  readonly contentType: string
}

/** A request that has been sent, and its response as it arrives. */
export interface Exchange {
  readonly head: Effect.Effect<Head, BackendFailed>
  readonly body: Pull<Uint8Array>
  /** whether a response has come to its end, also if not all of it was pulled */
  readonly whole: () => boolean
}

/** Bytes that may wait to be pulled before the connection is no longer read. */
const ahead = 64 * 1024

/**
 * POSTs over a connection that serves nobody else. There is no time limit but that of the silence, which ends the waiting;
 * dropping the connection ends it all.
 */
export const post = (client: Client, { body, headers, path }: Request, silence: Silence): Exchange => {
  let control: Dispatcher.DispatchController | undefined
  let head: Head | undefined
  let arrived: Array<Uint8Array> = []
  let bytes = 0
  let over: Option.Option<BackendFailed> | undefined
  let changed = () => {}

  const giveUp = (failed: BackendFailed) => {
    over ??= Option.some(failed)
    changed()
  }
  silence.giveUp = giveUp
  client.dispatch(
    { path, method: "POST", headers, body: Buffer.from(body), headersTimeout: 0, bodyTimeout: 0 },
    {
      onRequestStart: (controller) => {
        control = controller
      },
      onResponseStart: (_, status, headers) => {
        // What comes before the response itself says nothing to a model's caller.
        if (status < 200) return
        head = { status, contentType: String(headers["content-type"] ?? "") }
        changed()
      },
      onResponseData: (controller, chunk) => {
        arrived.push(chunk)
        bytes += chunk.length
        if (bytes >= ahead) controller.pause()
        changed()
      },
      onResponseEnd: () => {
        over = Option.none()
        changed()
      },
      onResponseError: (_, error) => {
        over = Option.some(failure(error))
        changed()
      }
    }
  )

  /** Ends when there is something new. Looked at again here: a fiber may give way between looking and waiting. */
  const until = (isThere: () => boolean): Effect.Effect<void> =>
    Effect.async((resume) => {
      if (isThere()) return resume(Effect.void)
      changed = () => resume(Effect.void)
    })

  const awaited: Effect.Effect<Head, BackendFailed> = Effect.suspend(() => {
    if (head !== undefined) return Effect.succeed(head)
    if (over !== undefined && Option.isSome(over)) return over.value
    return Effect.zipRight(
      until(() => head !== undefined || over !== undefined),
      awaited
    )
  })

  const pull: Pull<Uint8Array> = Effect.suspend(() => {
    if (arrived.length > 0) {
      const chunks = arrived
      arrived = []
      bytes = 0
      control?.resume()
      return Effect.succeed(chunks)
    }
    if (over !== undefined) return Effect.fail(over)
    return Effect.zipRight(
      until(() => arrived.length > 0 || over !== undefined),
      pull
    )
  })

  return { head: awaited, body: pull, whole: () => over !== undefined && Option.isNone(over) }
}
