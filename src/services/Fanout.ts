import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { system } from "../domain/Caller.ts"
import type { Append, Overwrite } from "../domain/Command.ts"
import { type Conditions, conditionsOf } from "../domain/Conditions.ts"
import { BadRequest, Forbidden, NotConfigured, type StorageFailure } from "../domain/Errors.ts"
import { extFor } from "../domain/Ext.ts"
import { parseFanout } from "../domain/Fanout.ts"
import { idempotencyKeyOf } from "../domain/IdempotencyKey.ts"
import { parseExt } from "../domain/MediaType.ts"
import { metaFromRequest } from "../domain/MetaHeaders.ts"
import { decodeText } from "../domain/Text.ts"
import type { WorldName } from "../domain/WorldPath.ts"
import type { BodyError, PluginRequest } from "./Plugin.ts"
import { Worlds, type WorldsShape } from "./Worlds.ts"

/** What is asked: POST appends, everything else overwrites, as it would at each target (C4). */
export type FanoutRequest = Pick<PluginRequest, "method" | "caller" | "headers" | "query" | "bytes">

/** What came of it, in the order of the configuration. */
export interface FanoutOutcome {
  readonly written: ReadonlyArray<string>
  readonly failed: ReadonlyArray<{ readonly target: string; readonly error: string }>
  /** `refused`, `locked`, `conflict`: nothing was written, and every target failed so; `failed`: nothing, otherwise */
  readonly verdict: "written" | "refused" | "locked" | "conflict" | "failed"
}

export type FanoutError = BadRequest | BodyError | Forbidden | NotConfigured | StorageFailure

/** Writes under way at a time: each holds a copy of the body. */
const atOnce = 4

/** Always the name of a world. */
const configuration = "etc/fanout.conf" as WorldName

/**
 * One body into every world of `/etc/fanout.conf` (C11.4), each an ordinary write of the caller's: policy, event and
 * all. Once the body is there, they are all tried, whether the caller waits for it or not.
 */
export const fanOut = (request: FanoutRequest): Effect.Effect<FanoutOutcome, FanoutError, Worlds> =>
  Effect.gen(function* () {
    const { caller } = request
    if (caller.scope !== undefined) {
      return yield* new Forbidden({ message: "a token with a scope cannot write to many places" })
    }
    const worlds = yield* Worlds
    const targets = parseFanout(yield* configured(worlds))
    if (targets.length === 0) {
      return yield* new NotConfigured({ message: "/etc/fanout.conf names no targets: write one world a line" })
    }
    const commandFor = yield* template(request)
    const attempts = yield* Effect.forEach(
      targets,
      ({ name, target }) =>
        Effect.flatMap(name, (name) => write(worlds, request, commandFor(name))).pipe(
          Effect.tapErrorTag("StorageFailure", ({ cause }) => Effect.logError(`fanout to /${target}`, cause)),
          Effect.either,
          Effect.map((result) => ({ target, result }))
        ),
      { concurrency: atOnce }
    ).pipe(Effect.uninterruptible)

    const written: Array<string> = []
    const failed: Array<{ readonly target: string; readonly error: string }> = []
    const reasons = new Set<string>()
    for (const { result, target } of attempts) {
      if (Either.isRight(result)) written.push(target)
      else {
        failed.push({ target, error: result.left.message })
        reasons.add(result.left._tag)
      }
    }
    const verdict = verdictOf(written.length, [...reasons])
    if (verdict === "failed") yield* Effect.logError("fanout wrote nothing", failed)
    return { written, failed, verdict }
  })

const configured = (worlds: WorldsShape): Effect.Effect<string, NotConfigured | StorageFailure> =>
  worlds.read(system, configuration).pipe(
    Effect.flatMap(({ body }) => {
      const text = decodeText(body)
      // Repaired, it would name other worlds than were meant.
      return text === undefined
        ? new NotConfigured({ message: "/etc/fanout.conf is no UTF-8 text" })
        : Effect.succeed(text)
    }),
    Effect.catchTags({
      WorldNotFound: () => Effect.succeed(""),
      CollectionOnly: () => Effect.succeed(""),
      Forbidden: Effect.die
    })
  )

/** The write that a request asks for, but for its target; which type its bytes have depends on that (C4.2). */
const template = ({ bytes, caller, headers, method, query }: FanoutRequest) =>
  Effect.gen(function* () {
    const idempotencyKey = yield* idempotencyKeyOf(headers, caller)
    if (method !== "POST" && headers["content-range"] !== undefined) {
      return yield* new BadRequest({ message: "worlds are written whole: PUT takes no Content-Range" })
    }
    const meta = metaFromRequest(Object.entries(headers).flatMap(([name, value = ""]) => [name, value]))
    const hints = { ext: query.get("ext") || undefined, contentType: headers["content-type"] }
    if (hints.ext !== undefined && parseExt(hints.ext) === undefined) {
      return yield* new BadRequest({ message: "ext wants 1 to 32 letters, digits, . + _ or -" })
    }
    // Of the conditions only the lock tokens can mean several worlds.
    const { lockTokens } = conditionsOf(headers)
    const conditions: Conditions = lockTokens === undefined ? {} : { lockTokens }
    const body = yield* bytes
    return (name: WorldName): Append | Overwrite => {
      // There is always one: what was named has just been found legal.
      const ext = extFor({ ...hints, name, body }) ?? "bin"
      const content = { name, body, ext, conditions }
      return method === "POST"
        ? { _tag: "Append", ...content, idempotencyKey }
        : { _tag: "Overwrite", ...content, meta }
    }
  })

const write = (worlds: WorldsShape, { caller }: FanoutRequest, command: Append | Overwrite) =>
  command._tag === "Append" ? worlds.append(caller, command) : worlds.overwrite(caller, command)

const verdictOf = (written: number, reasons: ReadonlyArray<string>): FanoutOutcome["verdict"] => {
  if (written > 0) return "written"
  if (reasons.length > 1) return "failed"
  return verdicts[reasons[0] ?? ""] ?? "failed"
}

const verdicts: Readonly<Record<string, FanoutOutcome["verdict"]>> = {
  Forbidden: "refused",
  Locked: "locked",
  IdempotencyConflict: "conflict"
}
