import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ReadOnly from "../../src/layers/sqlite/ReadOnly.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { verifyWorld } from "../../src/services/Verification.ts"
import { hmac, sha256 } from "../helpers/Chains.ts"
import {
  chain,
  databaseOf,
  directoryOf,
  key,
  post,
  put,
  session,
  temporary,
  withDatabase
} from "../helpers/Storages.ts"

const verifyAll = (data: string) =>
  Effect.gen(function* () {
    const worlds = yield* ReadOnly.open(data)
    const key = yield* EventChain
    return yield* Effect.forEach(worlds.names, (name) =>
      Effect.catchAll(verifyWorld(worlds, key, name), (error) =>
        Effect.succeed({ path: `/${name}`, error: error.message })
      )
    )
  }).pipe(Effect.provide(chain), Effect.provide(NodeContext.layer))

const good = { chain: { ok: true }, body: { ok: true } }

describe("C5.4 elastik verify looks at a directory and leaves it alone", () => {
  it.scoped("in byte order, with both answers", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.forEach(["home/b", "home/a", "home/a/c"], (name) => storage.execute(put(name, name)))
      )
      yield* withDatabase(databaseOf(data, "home/b"), (db) => {
        db.exec("UPDATE stage_meta SET stage_html = 'other'")
      })
      expect(yield* verifyAll(data)).toMatchObject([
        { path: "/home/a", ...good },
        { path: "/home/a/c", ...good },
        { path: "/home/b", chain: { ok: true }, body: { ok: false } }
      ])
    })
  )

  it.scoped("beside a running server, whose commits it sees", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put("home/x", "a"))
          yield* storage.execute(post("home/x", "b"))
          expect(yield* verifyAll(data)).toMatchObject([{ path: "/home/x", events: 2, ...good }])
        })
      )
    })
  )

  it.scoped("without changing a byte", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put("home/x", "a")))
      const before = readFileSync(databaseOf(data, "home/x"))
      yield* verifyAll(data)
      expect(readFileSync(databaseOf(data, "home/x")).equals(before)).toBe(true)
      expect(readdirSync(data).filter((entry) => !entry.startsWith("."))).toEqual(["home%2Fx"])
    })
  )

  it.scoped("a world with nothing but the columns of C1.5, before any server saw it", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const ts = "2026-01-15T12:00:00.007Z"
      const payload = JSON.stringify({
        ...{ op: "put", len: 1, ext: "md", version_after: 1, meta_headers: [], body_sha256_after: sha256("a") },
        ...{ type: "stage_written", ts }
      })
      mkdirSync(directoryOf(data, "home/x"))
      yield* withDatabase(databaseOf(data, "home/x"), (db) => {
        db.exec(`CREATE TABLE stage_meta (id INTEGER PRIMARY KEY, stage_html BLOB, version INTEGER, updated_at TEXT,
          ext TEXT, headers TEXT, state TEXT);
          CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp TEXT, event_type TEXT, payload TEXT, hmac TEXT,
          prev_hmac TEXT)`)
        db.prepare("INSERT INTO stage_meta VALUES (1, 'a', 1, ?, 'md', '[]', 'active')").run(ts)
        db.prepare("INSERT INTO events VALUES (1, ?, 'stage_written', ?, ?, '')").run(
          ts,
          payload,
          hmac(key, "", payload)
        )
      })
      expect(yield* verifyAll(data)).toMatchObject([{ path: "/home/x", events: 1, ...good }])
    })
  )

  it.scoped("leftovers and strangers are not worlds", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      mkdirSync(join(data, "home%2Fempty"))
      mkdirSync(join(data, "lost+found"))
      writeFileSync(join(data, "home%2Ffile"), "")
      expect(yield* verifyAll(data)).toEqual([])
    })
  )

  it.scoped("a database that is garbage is reported, not passed over", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      mkdirSync(directoryOf(data, "home/x"))
      writeFileSync(databaseOf(data, "home/x"), "garbage ".repeat(1000))
      expect(yield* verifyAll(data)).toMatchObject([{ path: "/home/x", error: expect.any(String) }])
    })
  )

  it.scoped("a directory that is not there is an error", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(verifyAll(join(yield* temporary, "nowhere")))
      expect(error._tag).toBe("StorageFailure")
    })
  )
})
