import * as Data from "effect/Data"

/** A command did its work, and the answer is no. */
export class Failed extends Data.TaggedError("Failed")<{ readonly message: string }> {}
