import * as Schema from "effect/Schema"

/** The path inside the archive. */
const name = Schema.String

/** What an archive shall hold next. The archivist is told one by one, a line of JSON each. */
export const Entry = Schema.Union(
  Schema.TaggedStruct("Text", { name, text: Schema.String, mode: Schema.Int, modified: Schema.Number }),
  /** a file as it is */
  Schema.TaggedStruct("File", { name, path: Schema.String }),
  /** a database as of one moment, a world's or another; nothing when it is gone by then. Copies are made in `workshop` */
  Schema.TaggedStruct("Database", {
    name,
    directory: Schema.String,
    file: Schema.String,
    workshop: Schema.String,
    modified: Schema.Number
  })
)
export type Entry = typeof Entry.Type

/** Says that there is no more. Whoever hears nothing further without it has not heard everything. */
export const end = { _tag: "End" } as const

export const Line = Schema.parseJson(Schema.Union(Entry, Schema.TaggedStruct("End", {})))
