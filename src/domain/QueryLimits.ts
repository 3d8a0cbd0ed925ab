/** Rows that are read of a result; what would follow is left (C11.3). */
export const rowLimit = 1000

/** Bytes of an answer; one that would be longer is refused whole. */
export const resultLimit = 16 * 1024 * 1024

/** How long a statement may run before it is stopped. */
export const timeLimit = "2 seconds"
