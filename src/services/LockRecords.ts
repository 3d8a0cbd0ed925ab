import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Lock } from "../domain/Lock.ts"
import type { CanonicalPath } from "../domain/WorldPath.ts"
import type { ResourceChange } from "./ResourceStore.ts"

const KeptLock = Schema.parseJson(
  Schema.Struct({
    token: Schema.String,
    // It was canonical when it was kept; a path that somebody has put there by hand binds what it names, or nothing.
    root: Schema.String as unknown as Schema.Schema<CanonicalPath, string>,
    depth: Schema.Literal("0", "infinity"),
    scope: Schema.Literal("exclusive", "shared"),
    owner: Schema.String,
    holder: Schema.String,
    timeout: Schema.Number,
    expires: Schema.Number
  })
)

/** A lock as it was kept; none when it cannot be read. */
export const decode: (value: string) => Option.Option<Lock> = Schema.decodeOption(KeptLock)

/** The change that keeps a lock, or what is new of it. */
export const storing = (lock: Lock): ResourceChange => ({ kind: "lock", key: lock.token, value: JSON.stringify(lock) })

/** The change after which it is kept no longer. */
export const removal = ({ token }: Pick<Lock, "token">): ResourceChange => ({
  kind: "lock",
  key: token,
  value: undefined
})
