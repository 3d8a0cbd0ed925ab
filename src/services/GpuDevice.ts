import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Caller } from "../domain/Caller.ts"
import type { NotConfigured, StorageFailure, UnsupportedScheme, UpstreamFailed } from "../domain/Errors.ts"

/** What may be asked of a model beside the prompt. */
export interface GenerateOptions {
  /** the model by name; else the backend's configured one */
  readonly model?: string | undefined
}

/** How a call can end before the first token; no message ever holds a key (C11.1). */
export type GpuError = NotConfigured | UnsupportedScheme | UpstreamFailed | StorageFailure

/**
 * A language model as a device (C11.1): text in, text out, nothing added. Which one is configured in the world
 * `/etc/gpu.conf`, read anew for each call. Each call leaves an event in the world `var/log/gpu`. Interruption reaches
 * the backend's socket.
 */
export interface GpuDeviceShape {
  /** the whole answer, of at most ELASTIK_MAX_BODY bytes */
  readonly generate: (caller: Caller, prompt: string, options?: GenerateOptions) => Effect.Effect<string, GpuError>
  /**
   * the answer as it is made, in pieces. The effect ends when the first piece is there, so that whoever asks can still
   * fail as a whole before that; closing the scope, or the end of the stream's reader, aborts the call
   */
  readonly stream: (
    caller: Caller,
    prompt: string,
    options?: GenerateOptions
  ) => Effect.Effect<Stream.Stream<string, UpstreamFailed>, GpuError, Scope.Scope>
  /** the same without a stream, which costs more than all else: `each` gets one piece after the other, and may end the call */
  readonly forEach: <E>(
    caller: Caller,
    prompt: string,
    each: (piece: string) => Effect.Effect<void, E>
  ) => Effect.Effect<void, GpuError | E>
  /** what is configured now, for caches and policies; undefined when nothing is */
  readonly configuration: Effect.Effect<GpuConfiguration | undefined, StorageFailure>
}

export interface GpuConfiguration {
  /** first 8 hex digits of the SHA-256 of the configuration's effective lines */
  readonly fingerprint: string
  /** whether every backend in it is on this machine */
  readonly local: boolean
}

export class GpuDevice extends Context.Tag("elastik/GpuDevice")<GpuDevice, GpuDeviceShape>() {}
