import { createHash } from "node:crypto"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Caller } from "../domain/Caller.ts"
import {
  BadRequest,
  NotAcceptable,
  RateLimited,
  ShapeMismatch,
  ShapingUnavailable,
  UpstreamFailed
} from "../domain/Errors.ts"
import type { Admission } from "../domain/FairCap.ts"
import { extOfContentType } from "../domain/MediaType.ts"
import { isOperatorOnly } from "../domain/Policy.ts"
import { prompt, type Source, template } from "../domain/ShapePrompt.ts"
import { reader, unknown } from "../domain/ShapeReply.ts"
import { hintOf, readAccept, type Wanted } from "../domain/ShapeRequest.ts"
import { judge } from "../domain/ShapeVerdict.ts"
import { TransientMap } from "../domain/Transients.ts"
import type { World } from "../domain/World.ts"
import type { CanonicalPath } from "../domain/WorldPath.ts"
import { AppConfig } from "./AppConfig.ts"
import * as CacheWorlds from "./CacheWorlds.ts"
import { Converters } from "./Converters.ts"
import { GpuDevice, type GpuError } from "./GpuDevice.ts"
import * as Nursery from "./Nursery.ts"
import * as RateCap from "./RateCap.ts"
import * as ShapeFallbacks from "./ShapeFallbacks.ts"
import * as ShapeSources from "./ShapeSources.ts"
import * as SharedReply from "./SharedReply.ts"

/** A representation that somebody wants (C12). */
export interface ShapeRequest {
  readonly caller: Caller
  /** a world, or something below `mnt/` */
  readonly source: CanonicalPath
  /** what the server behind a mount is asked besides: a query with its `?`; none is "" */
  readonly search?: string
  readonly accept: string | undefined
  readonly intent: string | undefined
  readonly userAgent: string | undefined
}

/** Where a representation came from, as X-Semantic-Cache says it (C12.4, C12.5). */
export type Origin = "hit" | "generated" | `${Reason}-${"converted" | "raw"}`

/** Why no model was asked, or none answered. */
type Reason = "fallback" | "ratelimit"

/** A representation. */
export interface Shaped {
  readonly cache: Origin
  /** type and subtype, fit for a header; text is UTF-8 */
  readonly contentType: string
  /** printable ASCII */
  readonly shape: string
  /** of what a model has made: it stays the same for as long as that is kept */
  readonly tag: string | undefined
  readonly body: Uint8Array
}

/** A representation that is still being made. */
export interface Flowing {
  /** its content, as it comes */
  readonly text: Stream.Stream<string>
  /** what became of it */
  readonly outcome: Effect.Effect<Shaped, GpuError | ShapeMismatch>
}

export interface ShapeAnswer {
  /** names the prompt and its limits: 16 hex digits */
  readonly render: string
  /** names the configuration of the model: 8 hex digits */
  readonly gpu: string | undefined
  /** whether the caller wants it as server-sent events */
  readonly streams: boolean
  /** what the caller has left of this minute, after a call of the model that was for them */
  readonly rate: (Admission & { readonly limit: number }) | undefined
  readonly result: Shaped | Flowing
}

export type ShapeError =
  | ShapeSources.SourceError
  | BadRequest
  | NotAcceptable
  | ShapeMismatch
  | ShapingUnavailable
  | RateLimited

/** Thinking on read: representations that are made when they are asked for, and kept (C12). */
export interface ShapingShape {
  /** the scope holds the making of it: when nobody's is left, the model's call is cancelled */
  readonly shape: (request: ShapeRequest) => Effect.Effect<ShapeAnswer, ShapeError, Scope.Scope>
}

export class Shaping extends Context.Tag("elastik/Shaping")<Shaping, ShapingShape>() {
  static readonly layer = Layer.scoped(
    Shaping,
    Effect.suspend(() => make)
  )
}

/** What a model has made of a source. */
interface Made {
  readonly shaped: Shaped
  /** whether those who read along have read the same */
  readonly asRead: boolean
}

type MakingError = GpuError | ShapeMismatch

type Making = SharedReply.Making<Made, MakingError>

/** What a model is asked to make, and for whom. */
interface Task {
  readonly key: CacheWorlds.Key
  readonly caller: Caller
  readonly source: Source
  readonly wanted: Wanted
  readonly hint: string
}

/** Characters that a reply may have. */
const longestReply = 4 * 1024 * 1024

const make = Effect.gen(function* () {
  const { maxBody, semantic } = yield* AppConfig
  const { cacheMax, genCapPerCaller, genCapPerMin, maxSource } = semantic
  const gpu = yield* GpuDevice
  const fallback = ShapeFallbacks.make(yield* Converters)
  const nursery = yield* Nursery.make
  const find = yield* ShapeSources.make({ maxBody, maxSource })
  const cache = yield* CacheWorlds.make({
    prefix: "var/cache/semantic",
    type: "semantic_cache_write",
    capacity: cacheMax
  })
  const turn = yield* Effect.makeSemaphore(1)
  const cap = RateCap.make({ overall: genCapPerMin, perCaller: genCapPerCaller })
  const render = digest(template(maxSource)).slice(0, 16)
  /** what is being made now; whoever wants the same reads along */
  const making = new TransientMap<CacheWorlds.Key, SharedReply.SharedReply<Made, MakingError>>()

  /** Asks the model; what it makes is kept before anybody who comes later could ask it again. */
  const generate = Effect.fnUntraced(function* (
    { caller, hint, key, source, wanted }: Task,
    pass: (text: string) => void
  ) {
    const { accept, ranges, required } = wanted
    const seal = digest(JSON.stringify([source.path, source.meta, source.text])).slice(0, 16)
    // Markdown may well begin with a fence.
    const reading = reader({ fences: required !== "text/markdown" })
    let length = 0
    let read = ""
    const add = (text: string) => {
      read += text
      pass(text)
    }
    yield* gpu.forEach(caller, prompt(source, { required, accept, hint, maxSource }, seal), (piece) => {
      length += piece.length
      if (length > longestReply) return new UpstreamFailed({ message: "the model does not end", cause: length })
      return Effect.sync(() => add(reading.push(piece)))
    })
    const { meta, rest } = reading.end()
    const verdict = judge(read + rest, meta, ranges)
    if (!verdict.accepted) {
      return yield* new ShapeMismatch({
        message: `${verdict.why}; acceptable is ${accept}`,
        contentType: meta.contentType,
        shape: meta.shape
      })
    }
    add(rest)
    const body = Buffer.from(verdict.content)
    const tag = tagOf(key, digest(body))
    return { shaped: { cache: "generated", ...meta, tag, body } as const, asRead: verdict.content === read }
  })

  const keep = (key: CacheWorlds.Key, { contentType, shape, body }: Shaped) =>
    cache.put(key, {
      body,
      ext: extOfContentType(contentType) ?? "bin",
      meta: [
        ["x-meta-content-type", contentType],
        ["x-meta-shape", shape]
      ]
    })

  const kept = (key: CacheWorlds.Key, { body, meta, sha256 }: World): Shaped => {
    const said = new Map(meta)
    return {
      cache: "hit",
      contentType: said.get("x-meta-content-type") ?? unknown.contentType,
      shape: said.get("x-meta-shape") ?? unknown.shape,
      tag: tagOf(key, sha256),
      body
    }
  }

  /** Reads along with whoever makes the same already, or makes it, if the cap allows; only that counts (C12.4, C12.5). */
  const join = Effect.fnUntraced(
    function* (key: CacheWorlds.Key, caller: Caller, { keep, work }: Pick<Making, "keep" | "work">) {
      const underWay = Option.fromNullable(making.get(key))
      const joined = Option.flatten(yield* Effect.transposeMapOption(underWay, ({ join }) => join))
      if (Option.isSome(joined)) return { reading: joined.value }
      // It may have been made since it was missed.
      const hit = yield* cache.get(key)
      if (Option.isSome(hit)) return { hit: hit.value }
      const rate = { ...(yield* cap.admit(caller.id)), limit: Math.min(genCapPerCaller, genCapPerMin) }
      if (!rate.admitted) return { rate }
      const onOver = () => {
        making.delete(key)
      }
      const reply = yield* SharedReply.make({ work, keep, onOver })
      making.set(key, reply)
      const reading = yield* reply.join
      yield* reply.start(nursery)
      return { rate, reading: Option.getOrUndefined(reading) }
      // Whoever leaves in the midst of it must not leave something behind that nobody reads.
    },
    Effect.uninterruptible,
    turn.withPermits(1)
  )

  /** What can be had without a model. */
  const without = (reason: Reason, found: ShapeSources.Found, wanted: Wanted) =>
    Effect.map(
      fallback(found, wanted),
      Option.map(({ contentType, how, text }): Shaped => {
        const shape = how === "raw" ? "source" : how
        return { cache: `${reason}-${how}`, contentType, shape, tag: undefined, body: Buffer.from(text) }
      })
    )

  const shape = Effect.fnUntraced(function* (request: ShapeRequest) {
    const wanted = yield* read(request.accept)
    const { caller } = request
    const found = yield* find(caller, request.source, request.search ?? "")
    const configuration = yield* gpu.configuration
    const about = { render, gpu: configuration?.fingerprint, streams: wanted.streams }
    const answer = (result: ShapeAnswer["result"], rate?: ShapeAnswer["rate"]): ShapeAnswer => ({
      ...about,
      rate,
      result
    })

    const instead = <E>(reason: Reason, otherwise: Effect.Effect<never, E>, rate?: ShapeAnswer["rate"]) =>
      Effect.flatMap(
        without(reason, found, wanted),
        Option.match({ onNone: () => otherwise, onSome: (shaped) => Effect.succeed(answer(shaped, rate)) })
      )
    const unavailable = (why: string, rate?: ShapeAnswer["rate"]) =>
      instead("fallback", new ShapingUnavailable({ message: why, retryAfter: 5 }), rate)

    if (configuration === undefined) return yield* unavailable("no language model is configured in /etc/gpu.conf")
    const hint = hintOf(request.intent, request.userAgent)
    const key = CacheWorlds.keyOf([
      ...[request.source, found.version, hint, wanted.accept, render, configuration.fingerprint]
    ])
    const known = yield* cache.get(key)
    if (Option.isSome(known)) return answer(kept(key, known.value))

    const source = yield* found.beginning
    const { hit, rate, reading } = yield* join(key, caller, {
      work: (pass) => generate({ key, caller, source, wanted, hint }, pass),
      // Users may read whatever is kept.
      keep: ({ shaped }) => (isOperatorOnly(request.source) ? Effect.void : keep(key, shaped))
    })
    if (hit !== undefined) return answer(kept(key, hit))
    if (reading === undefined) {
      const { limit, reset } = rate
      const message = "the model has been asked as often as it may be within a minute"
      return yield* instead("ratelimit", new RateLimited({ message, retryAfter: 60, limit, reset }), rate)
    }
    if (wanted.streams && (yield* reading.begun)) return answer(flowing(reading), rate)
    return yield* reading.outcome.pipe(
      Effect.map(({ shaped }) => answer(shaped, rate)),
      Effect.catchTags({
        NotConfigured: ({ message }) => unavailable(message, rate),
        UnsupportedScheme: ({ message }) => unavailable(message, rate),
        UpstreamFailed: ({ cause, message }) =>
          Effect.zipRight(Effect.logWarning(message, Cause.fail(cause)), unavailable(message, rate))
      })
    )
  })

  return Shaping.of({ shape })
})

const read = (accept: string | undefined): Effect.Effect<Wanted, BadRequest | NotAcceptable> => {
  const wanted = readAccept(accept)
  if (wanted === "nothing") {
    const message = "text/event-stream is how an answer travels: Accept has to name what it shall be as well"
    return new BadRequest({ message })
  }
  if (wanted === "nothing acceptable") {
    return new NotAcceptable({ message: "Accept leaves nothing that could be answered with", available: [] })
  }
  return Effect.succeed(wanted)
}

const flowing = ({ outcome, text }: SharedReply.Reading<Made, MakingError>): Flowing => ({
  text,
  outcome: Effect.flatMap(outcome, ({ asRead, shaped }) => {
    const { contentType, shape } = shaped
    const message = "the model put words around its answer, which have been read already"
    return asRead ? Effect.succeed(shaped) : new ShapeMismatch({ message, contentType, shape })
  })
})

/** The opaque tag of what a model has made; generating it again may well make something else. */
const tagOf = (key: CacheWorlds.Key, sha256: string): string => `${key.slice(0, 16)}-${sha256.slice(0, 16)}`

const digest = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex")
