import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { Entry } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import * as Database from "./Database.ts"

/**
 * What each world held when its database was last closed, so that a start need not open thousands of files. A note is
 * believed only while the file is exactly as it was (`stamp`); the notes are a cache, and deleting them costs time.
 */
export interface CatalogNotes {
  /** shows the notes of names that are `wanted` in byte order; of notes that cannot be read, those before the first one */
  readonly each: (wanted: (name: string) => name is WorldName, visit: (note: Note) => void) => Effect.Effect<void>
  readonly put: (entry: Entry, stamp: string) => Effect.Effect<void>
  readonly remove: (name: string) => Effect.Effect<void>
}

/** What is noted: the state of a file, and the entry of the world in it. */
export interface Note {
  readonly stamp: string
  readonly entry: Entry
}

/**
 * What is noted of a name, as one text: of a hundred thousand, SQLite writes and V8 reads these in a third of the time that
 * columns take. A schema would take as long again to look at them.
 */
const selectNotes = `SELECT name, json_array(stamp, version, ext, state, len, createdAt, updatedAt, eventId, tag) AS note
  FROM entries WHERE name > ? ORDER BY name LIMIT ?`

const isRow = (row: unknown): row is { readonly name: string; readonly note: string } =>
  Predicate.hasProperty(row, "name") &&
  typeof row.name === "string" &&
  Predicate.hasProperty(row, "note") &&
  typeof row.note === "string"

const noteOf = (name: WorldName, note: string): Note => {
  const values: unknown = JSON.parse(note)
  const [stamp, version, ext, state, len, createdAt, updatedAt, eventId, tag] = Array.isArray(values)
    ? (values as ReadonlyArray<unknown>)
    : []
  if (
    typeof stamp !== "string" ||
    typeof version !== "number" ||
    typeof ext !== "string" ||
    typeof state !== "string" ||
    typeof len !== "number" ||
    typeof createdAt !== "number" ||
    typeof updatedAt !== "number" ||
    typeof eventId !== "number" ||
    typeof tag !== "string"
  ) {
    throw damaged()
  }
  return { stamp, entry: { name, version, ext, state, len, createdAt, updatedAt, eventId, tag } }
}

const damaged = () => new TypeError("a note is not what was noted")

// Read in pages, each gone before the next: together they would leave a heap several times the size of what is kept.
const pageSize = 512

/** Opens the notes at `filename`; notes that cannot be read are started afresh by `discard`. */
export const make = (filename: string, discard: Effect.Effect<void>): Effect.Effect<CatalogNotes, never, Scope.Scope> =>
  open(filename).pipe(
    Effect.sandbox,
    Effect.catchAll((cause) =>
      Effect.logWarning("the catalog's notes cannot be read and are made anew", cause).pipe(
        Effect.zipRight(discard),
        Effect.zipRight(Effect.orDie(open(filename)))
      )
    )
  )

const open = (filename: string) =>
  Effect.map(Database.open(filename), (db): CatalogNotes => {
    for (const statement of preparations) db.query(statement)
    return {
      each: (wanted, visit) =>
        Effect.sync(() => {
          let after = ""
          let read = pageSize
          while (read === pageSize) {
            const rows = db.query(selectNotes, [after, pageSize])
            for (const row of rows) {
              if (!isRow(row)) throw damaged()
              after = row.name
              if (wanted(row.name)) visit(noteOf(row.name, row.note))
            }
            read = rows.length
          }
        }).pipe(Effect.catchAllCause((cause) => Effect.logWarning("the catalog's notes cannot be read", cause))),
      put: ({ createdAt, eventId, ext, len, name, state, tag, updatedAt, version }, stamp) =>
        quietly(() =>
          db.query(insertNote, [name, stamp, version, ext, state, len, createdAt, updatedAt, eventId, tag])
        ),
      remove: (name) => quietly(() => db.query("DELETE FROM entries WHERE name = ?", [name]))
    }
  })

const preparations = [
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = NORMAL",
  // What earlier versions noted lacks a column; they are notes, so it goes.
  "DROP TABLE IF EXISTS notes",
  `CREATE TABLE IF NOT EXISTS entries (
    name TEXT PRIMARY KEY, stamp TEXT NOT NULL, version INTEGER NOT NULL, ext TEXT NOT NULL, state TEXT NOT NULL,
    len INTEGER NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, eventId INTEGER NOT NULL, tag TEXT NOT NULL
  ) WITHOUT ROWID`,
  "SELECT count(*) FROM entries"
]

const insertNote = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

/** A note that cannot be kept only makes the next start slower. */
const quietly = (change: () => unknown): Effect.Effect<void> =>
  Effect.sync(change).pipe(
    Effect.asVoid,
    Effect.catchAllCause((cause) => Effect.logWarning("a catalog note was not kept", cause))
  )
