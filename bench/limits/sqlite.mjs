// What SQLite can do at most: the transaction of a PUT, or the making of a world, in a bare loop without HTTP, one
// after the other. Tables and triggers are those of a world that the server made.
import { createHash, createHmac } from "node:crypto"
import { closeSync, copyFileSync, fsyncSync, mkdirSync, openSync } from "node:fs"
import { join } from "node:path"
import Sqlite from "better-sqlite3"

const { template, data, worlds, seconds, create, warm = 0.3 } = JSON.parse(process.argv[2])
const key = Buffer.from("the key of the benchmarks")

const open = (file) => {
  const db = new Sqlite(file)
  db.pragma("journal_mode = WAL")
  db.pragma("synchronous = FULL")
  db.pragma("cache_size = -512")
  return db
}

const writer = (db) => {
  const begin = db.prepare("BEGIN")
  const commit = db.prepare("COMMIT")
  const read = db.prepare(`SELECT version, lineage,
    (SELECT id FROM events ORDER BY id DESC LIMIT 1) AS id,
    (SELECT hmac FROM events ORDER BY id DESC LIMIT 1) AS hmac FROM stage_meta WHERE id = 1`)
  const store = db.prepare(`UPDATE stage_meta SET version = ?, updated_at = ?, ext = ?, headers = ?, state = ?,
    sha256 = ?, json_length = ?, lineage = ?, stage_html = ? WHERE id = 1`)
  const record = db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)")
  return (n) => {
    const body = Buffer.from(String(n).padEnd(200, "."))
    begin.run()
    const { version, lineage, id, hmac } = read.get()
    const ts = new Date().toISOString()
    const sha256 = createHash("sha256").update(body).digest("hex")
    const after = { op: "put", len: 200, ext: "txt", version_after: version + 1, meta_headers: [] }
    const payload = JSON.stringify({ ...after, body_sha256_after: sha256, type: "stage_written", ts })
    const link = createHmac("sha256", key).update(hmac).update(payload).digest("hex")
    store.run(version + 1, ts, "txt", "[]", "active", sha256, 200, lineage, body)
    record.run(id + 1, ts, "stage_written", payload, link, hmac)
    commit.run()
  }
}

const copies = () => {
  const writers = Array.from({ length: worlds }, (_, n) => {
    const file = join(data, `${n}.db`)
    copyFileSync(template, file)
    return writer(open(file))
  })
  return (n) => writers[n % worlds](n)
}

const creations = () => {
  const source = new Sqlite(template, { readonly: true })
  const schema = source.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").pluck().all().join(";\n")
  const row = source.prepare("SELECT * FROM stage_meta").get()
  const event = source.prepare("SELECT * FROM events").get()
  const insert = (table, values) =>
    `INSERT INTO ${table} (${Object.keys(values)}) VALUES (${Object.keys(values).map((name) => `@${name}`)})`
  const sync = (directory) => {
    const file = openSync(directory, "r")
    fsyncSync(file)
    closeSync(file)
  }
  const kept = []
  return (n) => {
    const directory = join(data, `${process.pid}-${n}`)
    mkdirSync(directory)
    const db = open(join(directory, "universe.db"))
    db.exec(`BEGIN; ${schema}; PRAGMA user_version = 5`)
    db.prepare(insert("stage_meta", row)).run(row)
    db.prepare(insert("events", event)).run(event)
    db.exec("COMMIT")
    sync(directory)
    sync(data)
    if (kept.push(db) > 128) kept.shift().close()
  }
}

mkdirSync(data, { recursive: true })
const step = create ? creations() : copies()
let n = 0
const until = (end) => {
  const from = n
  while (performance.now() < end) step(n++)
  return n - from
}
until(performance.now() + warm * 1000)
console.log(JSON.stringify({ perSecond: until(performance.now() + seconds * 1000) / seconds }))
