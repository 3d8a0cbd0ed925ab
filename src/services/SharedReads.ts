import type { Entry, World } from "../domain/World.ts"

/** Bytes that were read and are still in somebody's hands. */
export interface SharedReads {
  /** the world as it is now, if its bytes are still in memory */
  readonly get: (name: string) => World | undefined
  readonly keep: (world: World) => void
}

/**
 * Lets all readers of one version of a world share one copy of its bytes, however slowly they read: memory is bounded by
 * the worlds that are being read, not by the readers. Nothing is held back: the bytes go when the last reader is done.
 * `current` tells the newest state, so what is shared is never older than the last commit.
 */
export const make = (current: (name: string) => Entry | undefined): SharedReads => {
  const heads = new Map<string, { readonly world: Omit<World, "body">; readonly view: View }>()
  const forget = new FinalizationRegistry<string>((name) => {
    if (heads.get(name)?.view.buffer.deref() === undefined) heads.delete(name)
  })

  return {
    get: (name) => {
      const found = heads.get(name)
      if (found === undefined || found.world.tag !== current(name)?.tag) return undefined
      const buffer = found.view.buffer.deref()
      if (buffer === undefined) return undefined
      return { ...found.world, body: new Uint8Array(buffer, found.view.offset, found.view.length) }
    },
    keep: ({ body, ...world }) => {
      if (body.length < smallest) return
      // Answers hold views of the buffer, never the array that was read, so it is the buffer whose life counts.
      const { buffer, byteOffset: offset, length } = body
      heads.set(world.name, { world, view: { buffer: new WeakRef(buffer), offset, length } })
      forget.register(buffer, world.name)
    }
  }
}

/** Bytes from which sharing matters; smaller bodies are read each time, as they are in the file at that moment. */
const smallest = 64 * 1024

interface View {
  readonly buffer: WeakRef<ArrayBufferLike>
  readonly offset: number
  readonly length: number
}
