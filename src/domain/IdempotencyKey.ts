import * as Either from "effect/Either"
import type { Caller } from "./Caller.ts"
import { BadRequest } from "./Errors.ts"
import { isVisibleAscii } from "./Text.ts"

/**
 * The Idempotency-Key of a request, whose header names are lower-case: whatever the client made up, in reason (C4.4). It
 * is its caller's own: what two of them happen to share means nothing.
 */
export const idempotencyKeyOf = (
  headers: Readonly<Record<string, string | undefined>>,
  caller: Caller
): Either.Either<string | undefined, BadRequest> => {
  const key = headers["idempotency-key"]
  if (key === undefined) return Either.right(undefined)
  return key !== "" && key.length <= 255 && isVisibleAscii(key)
    ? Either.right(`${caller.id} ${key}`)
    : Either.left(new BadRequest({ message: "Idempotency-Key wants 1 to 255 visible ASCII characters" }))
}
