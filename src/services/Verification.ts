import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type StorageFailure, WorldNotFound } from "../domain/Errors.ts"
import { type BodyVerdict, type ChainVerdict, type EventRow, flawOf, verifyBody } from "../domain/Event.ts"
import type { WorldName } from "../domain/WorldPath.ts"
import { type EventChainShape, sha256 } from "./EventChain.ts"
import type { StorageShape } from "./Storage.ts"

/** Two independent answers about one world (C5.4). */
export interface Verdict {
  /** with its leading slash */
  readonly path: string
  /** how many events there are */
  readonly events: number
  readonly chain: ChainVerdict
  readonly body: BodyVerdict
}

/** How many events are held at once. */
const page = 1000

/**
 * Walks a world's chain, signature by signature, and holds its bytes, hashed now, against the newest event. Both are
 * those of one snapshot: what is written while the chain is walked is left to the next look.
 */
export const verifyWorld = (
  storage: Pick<StorageShape, "read" | "events">,
  chain: EventChainShape,
  name: WorldName
): Effect.Effect<Verdict, StorageFailure | WorldNotFound> =>
  Effect.gen(function* () {
    const world = Option.getOrUndefined(yield* storage.read(name))
    const last = world?.eventId ?? Number.MAX_SAFE_INTEGER
    let verdict: ChainVerdict = { ok: true }
    let newest: EventRow | undefined
    let events = 0
    let after = Number.MIN_SAFE_INTEGER
    while (after < last) {
      const rows = yield* storage.events(name, after, page)
      for (const row of rows.filter(({ id }) => id <= last)) {
        const why: string | undefined = verdict.ok ? flawOf(row, newest?.hmac ?? "", chain.link) : undefined
        if (why !== undefined) verdict = { ok: false, at: row.id, why }
        newest = row
        events++
      }
      after = rows.length < page ? last : (rows.at(-1)?.id ?? last)
    }
    // Not there at all, or deleted while we looked: there is nothing to speak of.
    const gone = world === undefined ? events === 0 : newest?.id !== last && Option.isNone(yield* storage.read(name))
    if (gone) return yield* WorldNotFound.at(name)
    const current = world && { version: world.version, ext: world.ext, sha256: sha256(world.body) }
    return { path: `/${name}`, events, chain: verdict, body: verifyBody(current, newest) }
  })
