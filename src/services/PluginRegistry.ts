import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { type Caller, system } from "../domain/Caller.ts"
import { type Conditions, evaluateWrite } from "../domain/Conditions.ts"
import { type Overloaded, PluginRejected, PreconditionFailed, Unprocessable } from "../domain/Errors.ts"
import { fallbackRoute, longestMatch, readManifest } from "../domain/PluginManifest.ts"
import { currentTags, type World } from "../domain/World.ts"
import { isWithin, type WorldName } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Changes } from "./Changes.ts"
import { GpuDevice } from "./GpuDevice.ts"
import { Locks } from "./Locks.ts"
import { MountTable } from "./MountTable.ts"
import type { Plugin, PluginServices } from "./Plugin.ts"
import { PluginFault, PluginLoader } from "./PluginLoader.ts"
import { Properties } from "./Properties.ts"
import { Queries } from "./Queries.ts"
import { Replication } from "./Replication.ts"
import { type Running, run } from "./RunningPlugin.ts"
import { SemanticRouter } from "./SemanticRouter.ts"
import { Shaping } from "./Shaping.ts"
import { type ReadError, Worlds } from "./Worlds.ts"

/** What came of a request for a state (C10.1). */
export interface Transition {
  readonly state: string
  readonly version: number
  readonly changed: boolean
  /** the state before, when it changed */
  readonly from?: string
  /** the plugin was active without running, and runs now */
  readonly reloaded?: boolean
}

export type TransitionError = ReadError | Overloaded | PluginRejected | PreconditionFailed | Unprocessable

/** The plugins that run, and how they come and go (C10). */
export interface PluginRegistryShape {
  /** the plugin that serves a canonical path */
  readonly match: (path: string) => Running | undefined
  /** the plugin that is asked when nothing serves a canonical path (C13) */
  readonly fallback: (path: string) => Running | undefined
  /** every live route, once, without its leading slash */
  readonly routes: () => ReadonlyArray<{ readonly route: string; readonly description: string }>
  /** what the plugins that run announce of the server as a whole (RFC 9110 section 9.3.7), by header */
  readonly announced: () => Readonly<Record<string, string>>
  /** the plugins that run */
  readonly running: () => ReadonlyArray<WorldName>
  /** sets the state of a plugin, unless its source is not the one that the conditions name; for operators */
  readonly setState: (
    caller: Caller,
    name: WorldName,
    state: string,
    conditions?: Conditions
  ) => Effect.Effect<Transition, TransitionError>
}

/** Loads what is active when it is built, and takes everything down with its scope. */
export class PluginRegistry extends Context.Tag("elastik/PluginRegistry")<PluginRegistry, PluginRegistryShape>() {
  static readonly layer = Layer.scoped(
    PluginRegistry,
    Effect.suspend(() => make)
  )
}

const startWithin = "10 seconds"

const make = Effect.gen(function* () {
  const worlds = yield* Worlds
  const access = yield* Access
  const catalog = yield* Catalog
  const changes = yield* Changes
  const loader = yield* PluginLoader
  // These and no others: whoever builds this has a scope, too, which must not become that of every request.
  const services = Context.pick(
    Worlds,
    Locks,
    Properties,
    GpuDevice,
    MountTable,
    Queries,
    Replication,
    SemanticRouter,
    Shaping
  )(yield* Effect.context<PluginServices>())
  const runFork = Runtime.runFork(yield* Effect.runtime())
  const plugins = new Map<WorldName, Running>()
  const routes = new Map<string, Running>()
  // Whoever activates has looked which routes are free; one at a time, so that it stays true.
  const turn = yield* Effect.makeSemaphore(1)

  const mount = (plugin: Running) => {
    plugins.set(plugin.name, plugin)
    for (const route of plugin.manifest.routes) routes.set(route, plugin)
  }

  /** The routes are gone when this returns; what the plugin holds is closed behind it. */
  const takeDown = (plugin: Running): Effect.Effect<void> => {
    plugins.delete(plugin.name)
    for (const route of plugin.manifest.routes) routes.delete(route)
    plugin.end()
    return Effect.catchAllCause(Scope.close(plugin.scope, Exit.void), (cause) =>
      Effect.logError(`${plugin.name} did not close what it had opened`, cause)
    )
  }

  /** Whether what the catalog knows is still what the plugin was made from. */
  const isCurrent = ({ name, version }: Pick<Running, "name" | "version">): boolean => {
    const entry = catalog.get(name)
    return entry?.state === "active" && entry.version === version
  }

  yield* changes.listen(({ name }) => {
    const plugin = plugins.get(name)
    if (plugin !== undefined && !isCurrent(plugin)) runFork(takeDown(plugin))
  })
  yield* Effect.addFinalizer(() =>
    Effect.forEach([...plugins.values()], takeDown, { concurrency: "unbounded", discard: true }).pipe(
      Effect.interruptible,
      Effect.timeoutOption("2 seconds")
    )
  )

  /** A plugin made of source, that serves nothing yet. Its scope closes again when anything fails. */
  const prepare = (world: World): Effect.Effect<Running, PluginFault> =>
    Effect.gen(function* () {
      const exports = yield* loader.load(world.body, world.name)
      const manifest = yield* Effect.mapError(readManifest(exports), (message) => new PluginFault({ message }))
      for (const route of manifest.routes) {
        const owner = routes.get(route)
        if (owner !== undefined && owner.name !== world.name) {
          return yield* new PluginFault({ message: `/${route} is served by /${owner.name}` })
        }
      }
      const scope = yield* Scope.make()
      // What the manifest was read from has the shape of a plugin.
      const plugin = exports as unknown as Plugin
      return yield* Effect.suspend(() => plugin.start ?? Effect.void).pipe(
        Effect.provide(services),
        Scope.extend(scope),
        Effect.timeoutFail({
          duration: startWithin,
          onTimeout: () => new PluginFault({ message: `start did not end within ${startWithin}` })
        }),
        Effect.catchAllCause((cause) => new PluginFault({ message: `start failed: ${describe(cause)}` })),
        Effect.zipRight(run({ name: world.name, version: world.version, manifest, plugin, scope, services })),
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
    })

  /** The plugin runs from the moment at which `commit` is known, unless its source is another by then. */
  const launch = <E>(world: World, commit: Effect.Effect<unknown, E>): Effect.Effect<void, E | PluginFault> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(prepare(world)), (plugin) =>
        Effect.suspend(() =>
          isCurrent(plugin)
            ? Effect.sync(() => mount(plugin))
            : Effect.zipRight(takeDown(plugin), new PluginFault({ message: "the source changed meanwhile" }))
        ).pipe((mounting) =>
          Effect.zipRight(
            Effect.onError(commit, () => takeDown(plugin)),
            mounting
          )
        )
      )
    )

  const activate = (caller: Caller, world: World): Effect.Effect<Transition, TransitionError> => {
    const { name, state, tag, version } = world
    const rejected = (reason: string) =>
      new PluginRejected({ message: "the plugin cannot be activated", reason, state })
    return Effect.gen(function* () {
      if (state !== "active") {
        const conditions = { ifMatch: `"${tag}"` }
        yield* launch(world, worlds.setState(caller, { _tag: "SetState", name, to: "active", conditions }))
        return { state: "active", version, changed: true, from: state }
      }
      if (plugins.has(name)) return { state, version, changed: false }
      yield* launch(world, worlds.record(name, { type: "plugin_reloaded", details: { version } }))
      return { state, version, changed: false, reloaded: true }
    }).pipe(
      Effect.catchTags({
        PluginFault: ({ message }) => rejected(message),
        PreconditionFailed: () => rejected("the source changed meanwhile")
      })
    )
  }

  const disable = (caller: Caller, { name, state, version }: World): Effect.Effect<Transition, TransitionError> =>
    state === "disabled"
      ? Effect.succeed({ state, version, changed: false })
      : worlds
          .setState(caller, { _tag: "SetState", name, to: "disabled", conditions: {} })
          .pipe(
            Effect.as({ state: "disabled", version, changed: true, from: state }),
            Effect.catchTag("PreconditionFailed", Effect.die)
          )

  /** What was active when the machine stopped runs again; what cannot is told, and the others do (C10.3). */
  const boot = Effect.forEach(
    catalog.below("lib").filter((name) => catalog.get(name)?.state === "active"),
    (name) =>
      Effect.flatMap(worlds.read(system, name), (world) =>
        launch(world, worlds.record(name, { type: "plugin_activated_on_boot", details: { version: world.version } }))
      ).pipe(
        Effect.catchAll((error) =>
          Effect.zipRight(
            Effect.logError(`/${name} is active and could not be loaded: ${error.message}`),
            Effect.ignoreLogged(
              worlds.record(name, { type: "plugin_load_failed", details: { reason: error.message.slice(0, 1000) } })
            )
          )
        )
      ),
    { discard: true }
  )
  yield* boot

  return PluginRegistry.of({
    match: (path) => (isWithin(path, fallbackRoute) ? undefined : longestMatch(routes, path)),
    fallback: (path) => (path === "" || isWithin(path, fallbackRoute) ? undefined : routes.get(fallbackRoute)),
    routes: () =>
      [...routes]
        .filter(([route]) => route !== fallbackRoute)
        .map(([route, { manifest }]) => ({ route, description: manifest.description ?? "a plugin" })),
    announced: () => Object.assign({}, ...[...plugins.values()].map(({ manifest }) => manifest.announces)),
    running: () => [...plugins.keys()],
    setState: (caller, name, to, conditions = {}) =>
      Effect.gen(function* () {
        yield* access.require(caller, "activate", name)
        const world = yield* worlds.read(caller, name)
        if (evaluateWrite(conditions, { tags: currentTags(world), modified: world.updatedAt }) === "failed") {
          return yield* new PreconditionFailed({ message: "the plugin is not the one that the request names" })
        }
        if (to === "active") return yield* activate(caller, world)
        if (to === "disabled") return yield* disable(caller, world)
        return yield* new Unprocessable({ message: 'the state of a plugin is "active" or "disabled"' })
      }).pipe(turn.withPermits(1))
  })
})

/** An error in a line, without a stack. */
const describe = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}
