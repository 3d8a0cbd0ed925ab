/**
 * The host as plugins see it (`elastik/plugin`, C10.2). A plugin that imports from here gets the host's own instances:
 * the same tags, the same errors, the same classes.
 */
export { negotiate } from "./domain/Accept.ts"
export { type Caller, system, type Tier } from "./domain/Caller.ts"
export * from "./domain/Errors.ts"
export { contentType, isActiveMarkup } from "./domain/MediaType.ts"
export type { Action } from "./domain/Policy.ts"
export { type CanonicalPath, canonicalText, urlPath, type WorldName, worldName } from "./domain/WorldPath.ts"
export * as Dav from "./http/dav/Dav.ts"
export * as Response from "./http/plugins/Answers.ts"
export { type FanoutOutcome, type FanoutRequest, fanOut } from "./services/Fanout.ts"
export { type GenerateOptions, GpuDevice } from "./services/GpuDevice.ts"
export { Locks } from "./services/Locks.ts"
export { MountTable } from "./services/MountTable.ts"
export type { Plugin, PluginAuth, PluginRequest, PluginServices, Touch } from "./services/Plugin.ts"
export { Properties } from "./services/Properties.ts"
export { Queries, type QuerySource } from "./services/Queries.ts"
export { Replication } from "./services/Replication.ts"
export { type Route, SemanticRouter } from "./services/SemanticRouter.ts"
export { type ShapeAnswer, type Shaped, Shaping } from "./services/Shaping.ts"
export { Worlds } from "./services/Worlds.ts"
