import { Client } from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { TransientMap } from "../../domain/Transients.ts"

/** One connection, which serves one call at a time. */
export interface Connection {
  /** speaks over this connection only, and makes it with its first request */
  readonly client: Client
  /** the last call has ended well, and the next may have it */
  readonly keep: () => void
  /** ends it, whatever state it is in, also that of coming about */
  readonly drop: () => void
}

/** Connections that outlive a call: making one costs more than asking over one, and for TLS several round trips. */
export interface Connections {
  /** the one to this origin that was kept last, if it still stands */
  readonly kept: (origin: string) => Connection | undefined
  readonly open: (origin: string) => Connection
}

/** Milliseconds that a connection is kept at most, if the other side says that it would keep it longer. */
const longest = 60_000

/**
 * Connections that are kept for 4 seconds, or for as long as the other side says that it keeps them, less two. A call has
 * its connection to itself: who ends the call can end it too, and what belongs to one call never waits for another.
 */
export const make = (connectTimeout: number): Effect.Effect<Connections, never, Scope.Scope> =>
  Effect.gen(function* () {
    const all = new Set<Connection>()
    const idle = new TransientMap<string, Array<Connection>>()
    let closed = false
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        for (const connection of all) connection.drop()
      })
    )

    /** Whether it was among those that are kept. */
    const take = (origin: string, connection: Connection): boolean => {
      const kept = idle.get(origin) ?? []
      const at = kept.lastIndexOf(connection)
      if (at >= 0) kept.splice(at, 1)
      if (kept.length === 0) idle.delete(origin)
      return at >= 0
    }

    const open = (origin: string): Connection => {
      // A client that is told to end waits for its connection to come about; the signal ends it then and there.
      const leaving = new AbortController()
      const connect = { timeout: connectTimeout * 1000, signal: leaving.signal }
      const client = new Client(origin, { connect, pipelining: 1, keepAliveMaxTimeout: longest })
      const drop = () => {
        all.delete(connection)
        take(origin, connection)
        leaving.abort()
        client.destroy(() => {})
      }
      const keep = () => {
        if (closed || !client.stats.connected) return drop()
        const kept = idle.get(origin)
        if (kept === undefined) idle.set(origin, [connection])
        else kept.push(connection)
      }
      const connection: Connection = { client, drop, keep }
      // Its time is up, or the other side has closed it.
      client.on("disconnect", () => {
        if (take(origin, connection)) drop()
      })
      all.add(connection)
      return connection
    }

    const kept = (origin: string) => {
      const connection = idle.get(origin)?.at(-1)
      if (connection !== undefined) take(origin, connection)
      return connection
    }
    return { kept, open }
  })
