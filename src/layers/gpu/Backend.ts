import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Scheme } from "../../domain/GpuConf.ts"
import type { BackendFailed } from "./Failure.ts"
import type { Pull } from "./Pull.ts"
import type { Silence } from "./Silence.ts"

/** One question to a backend. */
export interface Ask {
  /** where its API begins, without a slash at the end */
  readonly url: string
  readonly prompt: string
  /** undefined leaves the choice to the server */
  readonly model: string | undefined
}

/** A kind of language model: what it needs, and how it is asked. */
export interface Backend {
  /** the environment's variable without which it cannot be asked; undefined when there is none missing */
  readonly missing: string | undefined
  /** the model to ask for when the caller names none; undefined leaves the choice to the server */
  readonly model: string | undefined
  /**
   * Asks, and gives the answer in pieces as they are made. An empty piece is a sign of life, from a model that thinks. The
   * end comes only when the answer is whole; whatever else ends it is a failure. Closing the scope before the end closes
   * the connection. What waits for the server gives up when the silence says so.
   */
  readonly answer: (ask: Ask, silence: Silence) => Effect.Effect<Pull<string>, BackendFailed, Scope.Scope>
}

/** What is asked under each scheme of /etc/gpu.conf: the part of the device that a configuration or a test replaces. */
export class Backends extends Context.Tag("elastik/gpu/Backends")<Backends, Readonly<Record<Scheme, Backend>>>() {}
