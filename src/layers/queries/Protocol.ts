/** What is asked of a query process. */
export interface Question {
  /** the database, as an absolute path */
  readonly file: string
  readonly sql: string
  /** whether it is a PRAGMA that is known to do no more than tell */
  readonly pragma: boolean
}

/**
 * How a statement can fail: it is not one that reads; it or the file is not what it should be; the file is not there;
 * another program has it locked; this machine could not do it. `message` is for the caller, but for the last kind.
 */
export interface Failed {
  readonly _tag: "Refused" | "Wrong" | "Absent" | "Busy" | "Broken"
  readonly message: string
}

/** The rows as JSON, or why there are none. */
export type Answer = { readonly _tag: "Rows"; readonly json: string } | Failed

/** An answer as it leaves the process, and whether that has grown so large that it should not be kept. */
export type Reply = Answer & { readonly heavy: boolean }

export const failed = (_tag: Failed["_tag"], message: string): Failed => ({ _tag, message })
