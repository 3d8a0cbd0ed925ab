import { mkdirSync } from "node:fs"
import type Sqlite from "better-sqlite3"
import { Effect } from "effect"
import { hmac, sha256 } from "./Chains.ts"
import { databaseOf, directoryOf, key, withDatabase } from "./Storages.ts"

/** A database in the place of a world, made by somebody else. */
export const place = (data: string, name: string, fill: (db: Sqlite.Database) => void) =>
  Effect.suspend(() => {
    mkdirSync(directoryOf(data, name), { recursive: true })
    return withDatabase(databaseOf(data, name), fill)
  })

/** A world with the columns of C1.5 and no others, as another program that knows the contract would write it. */
export const minimal = (body: string | Buffer, ts = "2026-01-15T12:00:00.007Z", signingKey = key) => {
  const payload = JSON.stringify({
    op: "put",
    len: Buffer.byteLength(body),
    ext: "md",
    version_after: 3,
    meta_headers: [],
    body_sha256_after: sha256(body),
    type: "stage_written",
    ts
  })
  return (db: Sqlite.Database) => {
    db.exec(`CREATE TABLE stage_meta (id INTEGER PRIMARY KEY, stage_html BLOB, version INTEGER, updated_at TEXT, ext TEXT,
      headers TEXT, state TEXT);
      CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT, event_type TEXT, payload TEXT, hmac TEXT,
      prev_hmac TEXT)`)
    db.prepare("INSERT INTO stage_meta VALUES (1, ?, 3, ?, 'md', '[[\"x-meta-a\",\"1\"]]', 'active')").run(body, ts)
    db.prepare("INSERT INTO events VALUES (1, ?, 'stage_written', ?, ?, '')").run(
      ts,
      payload,
      hmac(signingKey, "", payload)
    )
  }
}
