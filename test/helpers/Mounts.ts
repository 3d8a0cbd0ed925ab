import { Effect, Layer, Stream } from "effect"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import * as Adapters from "../../src/layers/mounts/Adapters.ts"
import type { Anchors } from "../../src/layers/mounts/Anchors.ts"
import { byDescriptor } from "../../src/layers/mounts/DescriptorAnchors.ts"
import * as FstabMounts from "../../src/layers/mounts/FstabMounts.ts"
import { byPath } from "../../src/layers/mounts/PathAnchors.ts"
import type { AppConfigShape } from "../../src/services/AppConfig.ts"
import { MountTable } from "../../src/services/MountTable.ts"
import { machine, write } from "./Machine.ts"

/** Both ways in which a file mount holds on to places; the tests of one are the tests of the other. */
export const ways: ReadonlyArray<readonly [name: string, anchors: Anchors]> = [
  ["by descriptor", byDescriptor],
  ["by path", byPath]
]

/** A machine in memory with a mount table, which declares what is given. */
export const mounted = (fstab: string, anchors?: Anchors, config?: Partial<AppConfigShape>) => {
  const services = FstabMounts.layerWith(Adapters.make(anchors)).pipe(Layer.provideMerge(machine(config)))
  return Layer.fresh(Layer.provideMerge(Layer.effectDiscard(write("etc/fstab", fstab)), services))
}

interface Asked {
  readonly caller?: Caller
  readonly method?: string
  readonly slash?: boolean
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One GET or HEAD, whole. */
export const get = (path: string, { caller = anonymous, headers = {}, method = "GET", query, slash }: Asked = {}) =>
  Effect.gen(function* () {
    const mounts = yield* MountTable
    const request = {
      caller,
      method,
      path,
      slash: slash ?? false,
      search: query === undefined ? "" : `?${query}`,
      headers
    }
    const answer = yield* mounts.read(request)
    const parts = answer.body === undefined || answer.body instanceof Uint8Array ? [] : yield* gather(answer.body)
    const bytes = answer.body instanceof Uint8Array ? Buffer.from(answer.body) : Buffer.concat([...parts])
    const text = bytes.toString("utf8")
    const { headers: said, status } = answer
    return {
      status,
      headers: said,
      body: answer.body !== undefined,
      bytes,
      text,
      json: (): unknown => JSON.parse(text)
    }
  }).pipe(Effect.scoped)

const gather = <E>(body: Stream.Stream<Uint8Array, E>) => Effect.map(Stream.runCollect(body), (parts) => [...parts])

/** The tag of the error that a GET ends with, or its status. */
export const outcomeOf = (path: string, asked: Asked = {}) =>
  Effect.match(get(path, asked), {
    onFailure: ({ _tag }): string | number => _tag,
    onSuccess: ({ status }): string | number => status
  })

/** One POST of a body that comes in the given parts. */
export const post = <E = never>(
  path: string,
  body: string | Stream.Stream<Uint8Array, E>,
  { headers = {}, slash = false }: Pick<Asked, "headers" | "slash"> = {}
) =>
  Effect.flatMap(MountTable, (mounts) =>
    mounts.write({ path, slash, headers }, typeof body === "string" ? Stream.make(Buffer.from(body)) : body)
  )

/** The names in a listing. */
export const namesIn = (path: string, asked: Asked = {}) =>
  Effect.map(get(path, asked), ({ json }) =>
    (json() as { readonly entries: ReadonlyArray<{ readonly name: string }> }).entries.map(({ name }) => name)
  )
