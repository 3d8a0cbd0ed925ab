import * as Effect from "effect/Effect"
import { BadPath, Forbidden, ResourceNotFound, StorageFailure } from "../../domain/Errors.ts"
import { type Target, urlOf } from "./Adapter.ts"
import { Outside, SystemError } from "./System.ts"

type FileError = BadPath | Forbidden | ResourceNotFound | StorageFailure

/** Nothing is there, or nothing that this kind of mount shows. */
export const notFound = (target: Target): ResourceNotFound =>
  new ResourceNotFound({ message: `nothing is at ${urlOf(target)}`, path: urlOf(target) })

const missing = (target: Target): FileError => notFound(target)
const refused = (target: Target): FileError =>
  new Forbidden({ message: `this server has no permission for that at ${urlOf(target)}` })

const tooLong = (target: Target): FileError =>
  new BadPath({ message: `${urlOf(target)} holds a name that is too long for a file` })

/** What a failure of the system means to who asked; any other is trouble that they cannot help. */
const meanings: ReadonlyMap<string, (target: Target) => FileError> = new Map([
  ["ENOENT", missing],
  ["ENOTDIR", missing],
  // A circle of links leads nowhere.
  ["ELOOP", missing],
  ["EACCES", refused],
  ["EPERM", refused],
  ["EROFS", refused],
  ["ENAMETOOLONG", tooLong]
])

const full: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"])

/** Whether nothing but the path is to blame: then what it names is as good as not there, for a listing. */
export const isOfPath = (error: SystemError | Outside): boolean => error._tag === "Outside" || meanings.has(error.code)

const errorOf = (target: Target, error: SystemError | Outside): FileError => {
  if (error._tag === "Outside") return new Forbidden({ message: `${urlOf(target)} leads ${error.where}` })
  const meaning = meanings.get(error.code)
  if (meaning !== undefined) return meaning(target)
  const message = full.has(error.code) ? `there is no room for ${urlOf(target)}` : `${urlOf(target)} is out of reach`
  return new StorageFailure({ message, cause: error.cause })
}

/** Tells callers of a failure under the path that they asked for; the one on this host stays in the cause. */
export const tell =
  (target: Target) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Exclude<E, SystemError | Outside> | FileError, R> =>
    Effect.mapError(effect, (error) =>
      error instanceof SystemError || error instanceof Outside
        ? errorOf(target, error)
        : // Neither of the two, which the compiler cannot follow in a type parameter.
          (error as Exclude<E, SystemError | Outside>)
    )
