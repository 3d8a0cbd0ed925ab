// A server's storage that archives the data directory given to it, and says by how many megabytes the memory of it and
// of the process that it starts for this exceeds what it held before. Reads Linux's /proc.
import { readFileSync, writeFileSync } from "node:fs"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer, Stream } from "effect"
import * as Archiving from "../../dist/layers/replication/Replication.js"
import { ServerKey } from "../../dist/layers/ServerKey.js"
import * as ThreadedStorage from "../../dist/layers/threads/ThreadedStorage.js"
import { AppConfig } from "../../dist/services/AppConfig.js"
import { Catalog } from "../../dist/services/Catalog.js"
import { Replication } from "../../dist/services/Replication.js"

const built = (module) => new URL(`../../dist/layers/${module}.js`, import.meta.url)
const megabytes = (process, field) => {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${process}/status`, "utf8"))?.[1]
  return Math.round(Number(kilobytes ?? 0) / 1024)
}

const [data = ""] = process.argv.slice(2)
const machine = Archiving.layer(built("replication/Archivist")).pipe(
  Layer.provideMerge(Catalog.layer),
  Layer.provide(ThreadedStorage.layer(built("../threads/StorageThread"))),
  Layer.provide(Layer.succeed(ServerKey, Buffer.from("a key of thirty-two bytes, or so"))),
  Layer.provide(AppConfig.layerTest({ data, storageThreads: 2 })),
  Layer.provide(NodeContext.layer)
)

const growth = Effect.gen(function* () {
  const { worlds } = yield* Replication
  const before = megabytes("self", "VmRSS")
  // Lets the system count its peak from here.
  writeFileSync("/proc/self/clear_refs", "5")
  const archive = yield* worlds
  const child = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim()
  let bytes = 0
  let theirs = 0
  yield* Stream.runForEach(archive, (chunk) =>
    Effect.sync(() => {
      bytes += chunk.length
      theirs = Math.max(theirs, megabytes(child, "VmHWM"))
    })
  )
  return { bytes, worlds: (yield* Catalog).size(), ours: megabytes("self", "VmHWM") - before, theirs }
})

console.log(JSON.stringify(await Effect.runPromise(Effect.provide(Effect.scoped(growth), machine))))
