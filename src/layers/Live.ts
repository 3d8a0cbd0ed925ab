import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Server from "../http/Server.ts"
import { Access } from "../services/Access.ts"
import { AppConfig } from "../services/AppConfig.ts"
import { Auth } from "../services/Auth.ts"
import { recordBoot } from "../services/Boot.ts"
import { Catalog } from "../services/Catalog.ts"
import { Changes } from "../services/Changes.ts"
import { Collections } from "../services/Collections.ts"
import { ConfigWorlds } from "../services/ConfigWorlds.ts"
import { Locks } from "../services/Locks.ts"
import { Metrics } from "../services/Metrics.ts"
import { PluginRegistry } from "../services/PluginRegistry.ts"
import { Properties } from "../services/Properties.ts"
import { SemanticRouter } from "../services/SemanticRouter.ts"
import { Shaping } from "../services/Shaping.ts"
import { Worlds } from "../services/Worlds.ts"
import { WriteGate } from "../services/WriteGate.ts"
import * as Converters from "./converters/Converters.ts"
import * as DirectoryLock from "./DirectoryLock.ts"
import * as GpuDevice from "./gpu/Device.ts"
import { LiveStorage } from "./LiveStorage.ts"
import * as FstabMounts from "./mounts/FstabMounts.ts"
import * as PluginModules from "./PluginModules.ts"
import * as ProcessQueries from "./queries/ProcessQueries.ts"
import * as Replication from "./replication/Replication.ts"
import * as SqliteResources from "./resources/SqliteResources.ts"
import * as FileVolume from "./sqlite/FileVolume.ts"
import * as MemoryVolume from "./sqlite/MemoryVolume.ts"
import * as SqliteStorage from "./sqlite/SqliteStorage.ts"

/** Modules that run in threads and processes of their own, as node finds them once they are compiled. */
const compiled = (module: string): URL => new URL(`./${module}`, import.meta.url)

/** Storage in the configured directory, in this thread, where every statement waits for the disk. */
export const FileStorage = SqliteStorage.layer(
  Effect.gen(function* () {
    const { data } = yield* AppConfig
    yield* DirectoryLock.acquire(data)
    return yield* FileVolume.make(data)
  })
).pipe(Layer.provideMerge(Layer.unwrapEffect(Effect.map(AppConfig, ({ data }) => SqliteResources.layer(data)))))

/** Storage that is gone with the process. */
export const MemoryStorage = Layer.merge(SqliteStorage.layer(MemoryVolume.make), SqliteResources.layerMemory)

/** Locks, properties and made collections, as every surface and plugin has them. */
export const Resources = Properties.layer.pipe(
  Layer.provideMerge(Locks.layer),
  Layer.provideMerge(Layer.merge(Collections.layer, WriteGate.layer))
)

/** Everything between storage and HTTP. Needs a configuration, a storage and a chain. */
export const Machine = Layer.mergeAll(Worlds.layer, Auth.layer, Metrics.layer).pipe(
  Layer.provideMerge(Resources),
  Layer.provideMerge(Access.layer),
  Layer.provideMerge(ConfigWorlds.layer),
  Layer.provideMerge(Layer.mergeAll(Catalog.layer, Changes.layer))
)

/** What the machine gives to plugins (C11 to C13). */
const Devices = Layer.mergeAll(
  ProcessQueries.layer(compiled("queries/QueryProcess.js")),
  Replication.layer(compiled("replication/Archivist.js")),
  Layer.mergeAll(Shaping.layer, SemanticRouter.layer).pipe(
    Layer.provide(Converters.layer),
    Layer.provideMerge(Layer.merge(GpuDevice.layer, FstabMounts.layer))
  )
)

/** Plugins, and what they run on. */
const Plugins = PluginRegistry.layer.pipe(Layer.provide([PluginModules.layer, Devices]))

/** The whole server, as `elastik serve` runs it. Needs a configuration. */
export const Live = Server.layer.pipe(
  Layer.provide(Layer.effectDiscard(recordBoot)),
  Layer.provideMerge(Plugins),
  Layer.provideMerge(Machine),
  Layer.provideMerge(LiveStorage),
  Layer.provide(NodeContext.layer)
)
