import * as Data from "effect/Data"

/** A command did its work, and the answer is no. */
export class Failed extends Data.TaggedError("Failed")<{ readonly message: string }> {}

/** The command line was not understood, and has been told why. */
export class Refused extends Data.TaggedError("Refused") {}
