import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Entry } from "../../domain/World.ts"
import * as Database from "./Database.ts"

/**
 * What each world held when its database was last closed, so that a start need not open thousands of files. A note is
 * believed only while the file is exactly as it was (`stamp`); the notes are a cache, and deleting them costs time.
 */
export interface CatalogNotes {
  readonly about: (wanted: (name: string) => boolean) => Effect.Effect<ReadonlyMap<string, Note>>
  readonly put: (entry: Entry, stamp: string) => Effect.Effect<void>
  readonly remove: (name: string) => Effect.Effect<void>
}

const NoteRow = Schema.Struct({
  name: Schema.String,
  stamp: Schema.String,
  version: Schema.Number,
  ext: Schema.String,
  state: Schema.String,
  len: Schema.Number,
  createdAt: Schema.Number,
  updatedAt: Schema.Number,
  eventId: Schema.Number,
  tag: Schema.String
})
export type Note = typeof NoteRow.Type

// Read in pages: decoding all at once would leave a heap several times the size of what is kept.
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
  Effect.gen(function* () {
    const db = yield* Database.open({ filename })
    yield* db.query("PRAGMA synchronous = NORMAL")
    // What earlier versions noted lacks a column; they are notes, so it goes.
    yield* db.query("DROP TABLE IF EXISTS notes")
    yield* db.query(`CREATE TABLE IF NOT EXISTS entries (
      name TEXT PRIMARY KEY, stamp TEXT NOT NULL, version INTEGER NOT NULL, ext TEXT NOT NULL, state TEXT NOT NULL,
      len INTEGER NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, eventId INTEGER NOT NULL, tag TEXT NOT NULL
    ) WITHOUT ROWID`)
    const page = SqlSchema.findAll({
      Request: Schema.String,
      Result: NoteRow,
      execute: (after) => db.query("SELECT * FROM entries WHERE name > ? ORDER BY name LIMIT ?", [after, pageSize])
    })
    yield* db.query("SELECT count(*) FROM entries")

    return {
      about: (wanted) =>
        Effect.gen(function* () {
          const notes = new Map<string, Note>()
          let read: ReadonlyArray<Note> = []
          do {
            read = yield* page(read.at(-1)?.name ?? "")
            for (const note of read) if (wanted(note.name)) notes.set(note.name, note)
          } while (read.length === pageSize)
          return notes
        }).pipe(
          Effect.catchAllCause((cause) =>
            Effect.as(Effect.logWarning("the catalog's notes cannot be read", cause), new Map<string, Note>())
          )
        ),
      put: (entry, stamp) =>
        db
          .query("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [
            entry.name,
            stamp,
            entry.version,
            entry.ext,
            entry.state,
            entry.len,
            entry.createdAt,
            entry.updatedAt,
            entry.eventId,
            entry.tag
          ])
          .pipe(quietly),
      remove: (name) => db.query("DELETE FROM entries WHERE name = ?", [name]).pipe(quietly)
    } satisfies CatalogNotes
  })

/** A note that cannot be kept only makes the next start slower. */
const quietly = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<void> =>
  Effect.catchAllCause(Effect.asVoid(effect), (cause) => Effect.logWarning("a catalog note was not kept", cause))
