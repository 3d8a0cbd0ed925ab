import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { conditionsOf } from "../../domain/Conditions.ts"
import { BadRequest, Forbidden, MethodNotAllowed, ResourceNotFound, UnsupportedScheme } from "../../domain/Errors.ts"
import { type Mount, parseFstab } from "../../domain/Fstab.ts"
import { canonicalText } from "../../domain/WorldPath.ts"
import { Access } from "../../services/Access.ts"
import type { AppConfig } from "../../services/AppConfig.ts"
import { ConfigWorlds } from "../../services/ConfigWorlds.ts"
import { type MountError, MountTable } from "../../services/MountTable.ts"
import { type Adapter, type Found, type Reading, type Target, urlOf } from "./Adapter.ts"
import * as Adapters from "./Adapters.ts"
import { directoryAnswer, fileAnswer } from "./Answers.ts"
import { listOf, unreadOf } from "./MountList.ts"
import { replyAnswer } from "./ReplyAnswer.ts"
import { sourceOf } from "./Sources.ts"

/** The mounts of /etc/fstab as they are declared at each moment (C11.2), through `adapters`. */
export const layerWith = (
  adapters: ReturnType<typeof Adapters.make>
): Layer.Layer<MountTable, never, ConfigWorlds | Access | AppConfig> =>
  Layer.scoped(
    MountTable,
    Effect.flatMap(adapters, (adapters) => make(adapters))
  )

/** The same, through all the adapters that there are. */
export const layer = layerWith(Adapters.make())

const make = (adapters: Adapters.Adapters) =>
  Effect.gen(function* () {
    const access = yield* Access
    const declared = (yield* ConfigWorlds).follow("etc/fstab", (text) => {
      const { mounts, unread } = parseFstab(text)
      return { mounts, unread: unreadOf(mounts, unread, adapters) }
    })
    let warned: unknown
    const fstab = Effect.tap(declared, (table) => {
      if (table === warned || table.unread.length === 0) return Effect.void
      warned = table
      return Effect.logWarning("lines of /etc/fstab do not say what they should", table.unread)
    })

    /** The mount of a path, and the place in it. */
    const find = (path: string, slash: boolean): Effect.Effect<Target, MountError> =>
      Effect.flatMap(Effect.all([fstab, canonicalText(path)]), ([{ mounts }, parsed]) => {
        const [name = "", ...below] = parsed.path.split("/")
        const mount = mounts.get(name)
        if (mount === undefined) {
          return new ResourceNotFound({ message: `no mount is named ${name}`, path: `/mnt/${name}` })
        }
        return Effect.succeed({ mount, path: below.join("/"), slash: slash || parsed.slash })
      })

    const adapterOf = ({ name, scheme }: Mount): Effect.Effect<Adapter, UnsupportedScheme> => {
      const adapter = adapters.get(scheme)
      return adapter === undefined
        ? new UnsupportedScheme({ message: `mount ${name} is of scheme ${scheme}, which nothing here speaks`, scheme })
        : Effect.succeed(adapter)
    }

    /** What is there, of a directory only what the caller may read (C7.1). */
    const open = (caller: Parameters<typeof access.readable>[0], reading: Reading) =>
      Effect.gen(function* () {
        const found: Found = yield* Effect.flatMap(adapterOf(reading.mount), ({ read }) => read(reading))
        if (found._tag !== "Directory") return found
        const readable = yield* access.readable(caller)
        const directory = urlOf(reading).slice(1)
        return { ...found, entries: found.entries.filter(({ name }) => readable(`${directory}/${name}`)) }
      })

    return MountTable.of({
      list: (caller) =>
        Effect.zipWith(fstab, access.readable(caller), (table, readable) => listOf(table, caller, readable)),

      read: (request) =>
        Effect.gen(function* () {
          const { caller, headers, method, path, search, slash } = request
          if (method !== "GET" && method !== "HEAD") return yield* notFor(path, method, reads)
          const reading: Reading = { ...(yield* find(path, slash)), method, search, headers }
          const found = yield* open(caller, reading)
          switch (found._tag) {
            case "Directory":
              return directoryAnswer(reading, found.entries)
            case "File":
              return yield* fileAnswer(reading, found, yield* Clock.currentTimeMillis)
            case "Reply":
              if (found.status > 499) {
                yield* Effect.logWarning(`the server behind ${urlOf(reading)} answers with status ${found.status}`)
              }
              return replyAnswer(found, method)
          }
        }),

      write: ({ headers, path, slash }, body) =>
        Effect.gen(function* () {
          if (path === "") return yield* notFor(path, "POST", reads)
          const target = yield* find(path, slash)
          const { write } = yield* adapterOf(target.mount)
          if (write === undefined || target.mount.mode === "ro") return yield* notFor(path, "POST", reads)
          const size = yield* write(target, body, conditionsOf(headers))
          return { ok: true, path: urlOf(target), size }
        }),

      methods: ({ caller, path, slash }) =>
        Effect.gen(function* () {
          if (path === "") return reads
          const target = yield* find(path, slash)
          const readable = yield* access.readable(caller)
          // To whom the mount is none of theirs, it is as one that is not there.
          if (!readable(urlOf(target).slice(1))) return readsAndWrites
          const { write } = yield* adapterOf(target.mount)
          if (write === undefined || target.mount.mode === "ro") return reads
          const found = yield* open(caller, { ...target, method: "HEAD", search: "", headers: {} })
          return found._tag === "Directory" ? reads : readsAndWrites
        }).pipe(
          Effect.scoped,
          Effect.orElseSucceed(() => readsAndWrites)
        ),

      source: ({ caller, path, search }, limit) =>
        Effect.gen(function* () {
          const reading: Reading = { ...(yield* find(path, false)), method: "GET", search, headers: {} }
          return yield* sourceOf(reading, yield* open(caller, reading), limit)
        }).pipe(Effect.scoped),

      localFile: (path) =>
        Effect.gen(function* () {
          // Not from a request's target, where it would have been refused already.
          if (path.split("/").includes(".."))
            return yield* new Forbidden({ message: "the path leads out of its mount" })
          const target = yield* find(path, false)
          const { name, scheme } = target.mount
          const localFile = adapters.get(scheme)?.localFile
          return localFile === undefined
            ? yield* new BadRequest({ message: `mount ${name} is of scheme ${scheme}: it has no files on this host` })
            : yield* localFile(target)
        })
    })
  })

const reads = ["GET", "HEAD", "OPTIONS"]
const readsAndWrites = ["GET", "HEAD", "POST", "OPTIONS"]

const notFor = (path: string, method: string, allow: ReadonlyArray<string>): MethodNotAllowed =>
  new MethodNotAllowed({ message: `${method} is not for ${path === "" ? "/mnt" : `/mnt/${path}`}`, allow })
