import { Effect, Option } from "effect"
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
    const world = yield* storage.read(name)
    if (Option.isNone(world)) return yield* WorldNotFound.at(name)
    const { body, eventId, ext, version } = world.value
    let verdict: ChainVerdict = { ok: true }
    let newest: EventRow | undefined
    let events = 0
    let after = Number.MIN_SAFE_INTEGER
    while (after < eventId) {
      const rows = yield* storage.events(name, after, page)
      for (const row of rows.filter(({ id }) => id <= eventId)) {
        const why: string | undefined = verdict.ok ? flawOf(row, newest?.hmac ?? "", chain.link) : undefined
        if (why !== undefined) verdict = { ok: false, at: row.id, why }
        newest = row
        events++
      }
      after = rows.length < page ? eventId : (rows.at(-1)?.id ?? eventId)
    }
    // Deleted while we looked: there is nothing left to speak of.
    if (newest?.id !== eventId && Option.isNone(yield* storage.read(name))) return yield* WorldNotFound.at(name)
    return {
      path: `/${name}`,
      events,
      chain: verdict,
      body: verifyBody({ version, ext, sha256: sha256(body) }, newest)
    }
  })
