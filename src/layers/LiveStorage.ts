import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Layer from "effect/Layer"
import { checkExposure } from "../services/AppConfig.ts"
import * as DataDirectory from "./DataDirectory.ts"
import * as ServerKey from "./ServerKey.ts"
import * as ThreadedStorage from "./threads/ThreadedStorage.ts"

/** A storage thread and all that it imports, as the build leaves it in one file (threads/build.mjs). */
const thread = new URL("../threads/StorageThread.js", import.meta.url)

/**
 * Storage in the configured directory, which belongs to this server alone, in threads of its own, and the key that they
 * sign with. Needs a configuration, under which it is safe to serve. It can be started before the rest of the server has
 * been loaded (Start.ts), so it imports little.
 */
export const LiveStorage = ThreadedStorage.layer(thread).pipe(
  Layer.provideMerge(ServerKey.layer),
  Layer.provide(DataDirectory.layer),
  Layer.provide([NodeFileSystem.layer, NodePath.layer]),
  Layer.provide(Layer.effectDiscard(checkExposure))
)
