import { randomBytes } from "node:crypto"
import { type BigIntStats, constants } from "node:fs"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Conditions, evaluateWrite } from "../../domain/Conditions.ts"
import { Forbidden, PreconditionFailed } from "../../domain/Errors.ts"
import type { Anchors, Held } from "./Anchors.ts"
import { facts } from "./FileBytes.ts"
import { call, createOnly, isMissing, type Outside, openHandle, readOnly, type SystemError } from "./System.ts"

const temporaryName = () => `.elastik-${randomBytes(9).toString("hex")}`

/** Whether a name is that of a file which is still being written. */
export const isTemporary = (name: string): boolean => /^\.elastik-[0-9a-f]{18}$/.test(name)

/** A name in a directory, and the regular file that had it when it was looked up. */
export interface Slot {
  readonly directory: Held
  readonly name: string
  readonly held: Held | undefined
}

/**
 * Puts a new file into a slot: written beside it, synced, and renamed over what is there, so that readers find the one or
 * the other and never a part (C5.1 in spirit). Whoever leaves before the body has arrived whole leaves nothing behind.
 * An existing file hands on its owner and its permissions. The size of the body; `locked` keeps other writers of the slot
 * out while the conditions are judged.
 */
export const replace = <E>(
  anchors: Anchors,
  { directory, held, name }: Slot,
  body: Stream.Stream<Uint8Array, E>,
  conditions: Conditions,
  locked: <A, E2, R>(effect: Effect.Effect<A, E2, R>) => Effect.Effect<A, E2, R>
): Effect.Effect<number, SystemError | Outside | Forbidden | PreconditionFailed | E> =>
  Effect.gen(function* () {
    const temporary = join(directory.path, temporaryName())
    const target = join(directory.path, name)
    const mode = held === undefined ? undefined : permissions(held.stat)
    if (held !== undefined) yield* call(() => fs.access(held.path, constants.W_OK))

    let exists = false
    yield* Effect.addFinalizer(() => (exists ? remove(temporary) : Effect.void))
    const file = yield* Effect.uninterruptible(
      Effect.tap(openHandle(temporary, createOnly, mode), () => {
        exists = true
      })
    )
    const stat = yield* call(() => file.stat({ bigint: true }))
    yield* anchors.confirm({ path: temporary, stat })
    const size = yield* Stream.runFoldEffect(body, 0, (size, part) =>
      Effect.as(
        call(() => file.writeFile(part)),
        size + part.length
      )
    )
    if (held !== undefined) yield* handOn(file, held.stat, stat)
    yield* call(() => file.sync())

    yield* Effect.gen(function* () {
      yield* judge(anchors, { directory, name }, conditions)
      yield* call(() => fs.rename(temporary, target))
      exists = false
      yield* syncDirectory(directory.path)
    }).pipe(locked, Effect.uninterruptible)
    return size
  }).pipe(Effect.scoped)

/** With a directory that is gone its files are too. */
const remove = (temporary: string): Effect.Effect<void> =>
  Effect.catchAll(
    call(() => fs.unlink(temporary)),
    ({ cause, code }) => (code === "ENOENT" ? Effect.void : Effect.logWarning("a temporary file is left behind", cause))
  )

/** Gives a file to whom `from` belongs, as far as this server may, and the permissions that they had there. */
const handOn = (file: fs.FileHandle, from: BigIntStats, own: BigIntStats): Effect.Effect<void, SystemError> => {
  const give = (uid: bigint, gid: bigint) =>
    uid === own.uid && gid === own.gid ? Effect.void : call(() => file.chown(Number(uid), Number(gid)))
  const mayNot = ({ code }: SystemError) => code === "EPERM" || code === "EINVAL"
  return give(from.uid, from.gid).pipe(
    Effect.catchIf(mayNot, () => give(own.uid, from.gid)),
    Effect.catchIf(mayNot, () => Effect.void),
    // At creation the umask had its say, which is about new files.
    Effect.zipRight(permissions(from) === permissions(own) ? Effect.void : call(() => file.chmod(permissions(from))))
  )
}

const permissions = ({ mode }: BigIntStats): number => Number(mode) & 0o777

const judge = (anchors: Anchors, { directory, name }: Pick<Slot, "directory" | "name">, conditions: Conditions) =>
  Effect.gen(function* () {
    const current = yield* anchors.child(directory, name).pipe(
      Effect.map(({ stat }) => stat),
      Effect.catchIf(isMissing, () => Effect.succeed(undefined))
    )
    if (current?.isFile() === false) {
      return yield* new Forbidden({ message: "something that is no file has taken this name meanwhile" })
    }
    const known = current && facts(current, yield* Clock.currentTimeMillis)
    if (evaluateWrite(conditions, known && { tags: [known.tag], modified: known.modified }) === "failed") {
      return yield* new PreconditionFailed({ message: "a condition of the request does not hold for this file" })
    }
  })

/** Systems and directories that cannot be opened for it: there the name is as durable as they make it by themselves. */
const cannotSync: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EISDIR", "EINVAL"])

const syncDirectory = (path: string): Effect.Effect<void, SystemError> =>
  Effect.flatMap(openHandle(path, readOnly), (directory) => call(() => directory.sync())).pipe(
    Effect.scoped,
    Effect.catchIf(
      ({ code }) => cannotSync.has(code),
      () => Effect.void
    )
  )
