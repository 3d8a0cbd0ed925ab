import type { Database } from "./Database.ts"
import { begin, type Digests, extend, type Running } from "./Digests.ts"
import { readWorld, type StoredHead } from "./WorldFile.ts"

/** Of the body of an open database to which something was appended: how far its digests have got. */
const known = new WeakMap<Database, Running>()

/**
 * The digests of a body behind which `appended` comes. To read and hash all of it each time would be a third of what an
 * append to a large world takes, so it is done once for as long as the database is open. What is known is of the bytes
 * that have a hash, so it holds as long as the head has that one: whoever else wrote them, or did not in the end.
 */
export const grow = (db: Database, head: StoredHead, appended: Uint8Array): Digests => {
  const body = () => readWorld(db, head.name)?.body ?? new Uint8Array(0)
  const before = known.get(db)
  const start = before?.sha256 === head.sha256 ? before : begin(body(), head)
  const grown = extend(start, appended, () => Buffer.concat([body(), appended]))
  known.set(db, grown)
  return grown
}
