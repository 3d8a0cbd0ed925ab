import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { BadPath, Forbidden, MethodNotAllowed } from "../../domain/Errors.ts"
import * as KeyedMutex from "../../services/KeyedMutex.ts"
import { type Adapter, type Found, type Target, urlOf } from "./Adapter.ts"
import type { Anchors, Held } from "./Anchors.ts"
import { type Place, resolve } from "./Beneath.ts"
import { entriesOf, isShown } from "./Directory.ts"
import { bytes, facts } from "./FileBytes.ts"
import { notFound, tell } from "./FileErrors.ts"
import { replace } from "./Replacement.ts"
import { call } from "./System.ts"

/** Mounts of directories of this host (C11.2): what lies in them, and nothing that does not (Beneath.ts). */
export const make = (anchors: Anchors): Adapter => {
  const mutex = KeyedMutex.make<string>()

  /** Where a path leads. Names with a dot are as good as absent, before anything is looked at. */
  const find = (target: Target): Effect.Effect<Place, FindError, Scope.Scope> =>
    isHidden(target) ? notFound(target) : resolve(anchors, target.mount.source, segmentsOf(target))

  const present = (target: Target) =>
    Effect.filterOrFail(
      find(target),
      (place): place is Place & { readonly held: Held } => place.held !== undefined,
      () => notFound(target)
    )

  const readFile = (target: Target, held: Held): Effect.Effect<Found, FindError | Forbidden, Scope.Scope> =>
    Effect.gen(function* () {
      yield* onlyFiles(target, held)
      const handle = yield* anchors.reopen(held)
      const stat = yield* call(() => handle.stat({ bigint: true }))
      yield* onlyFiles(target, { stat })
      return {
        _tag: "File",
        ...facts(stat, yield* Clock.currentTimeMillis),
        bytes: (start, end) => bytes(handle, start, end)
      }
    })

  return {
    options: [dotfiles],

    read: (target) =>
      Effect.flatMap(Effect.scope, (scope) =>
        Effect.gen(function* () {
          const { held } = yield* present(target)
          if (held.stat.isDirectory()) {
            const { source } = target.mount
            const listed = { anchors, source, path: segmentsOf(target), held, dotfiles: showsDots(target) }
            return { _tag: "Directory", entries: yield* entriesOf(listed) } as const
          }
          if (target.slash) return yield* notFound(target)
          // The file stays open as long as it is read; what led to it need not.
          return yield* Scope.extend(readFile(target, held), scope)
        }).pipe(Effect.scoped)
      ).pipe(tell(target)),

    write: (target, body, conditions) =>
      Effect.gen(function* () {
        const { directory, held, names } = yield* find(target)
        const name = names.at(-1)
        if (name === undefined || held?.stat.isDirectory()) {
          return yield* new MethodNotAllowed({
            message: `${urlOf(target)} is a directory`,
            allow: ["GET", "HEAD", "OPTIONS"]
          })
        }
        if (target.slash) return yield* new BadPath({ message: "the path of a file does not end in a slash" })
        if (held !== undefined) yield* onlyFiles(target, held)
        const key = `${directory.stat.dev}:${directory.stat.ino}/${name}`
        return yield* replace(anchors, { directory, name, held }, body, conditions, mutex.lock(key))
      }).pipe(Effect.scoped, tell(target)),

    localFile: (target) =>
      Effect.gen(function* () {
        const { held, names } = yield* present(target)
        if (held.stat.isDirectory() || target.slash) return yield* notFound(target)
        yield* onlyFiles(target, held)
        const root = yield* Effect.flatMap(anchors.root(target.mount.source), anchors.realPath)
        return [root === "/" ? "" : root, ...names].join("/")
      }).pipe(Effect.scoped, tell(target))
  }
}

type FindError = Effect.Effect.Error<ReturnType<typeof resolve>> | ReturnType<typeof notFound>

/** Names that start with a dot are shown too. */
const dotfiles = "dotfiles"

const showsDots = ({ mount }: Target): boolean => mount.options.has(dotfiles)

const segmentsOf = ({ path }: Target): ReadonlyArray<string> => path.split("/")

const isHidden = (target: Target): boolean => segmentsOf(target).some((name) => !isShown(name, showsDots(target)))

const onlyFiles = (target: Target, { stat }: Pick<Held, "stat">): Effect.Effect<void, Forbidden> =>
  stat.isFile()
    ? Effect.void
    : new Forbidden({ message: `${urlOf(target)} is no regular file, and nothing else is served` })
