import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { type DomainError, Overloaded, RouteNotFound } from "../domain/Errors.ts"
import type { Manifest } from "../domain/PluginManifest.ts"
import { TransientSet } from "../domain/Transients.ts"
import type { WorldName } from "../domain/WorldPath.ts"
import type { Plugin, PluginRequest, PluginServices, Touch } from "./Plugin.ts"

/** A plugin in its scope, which is all that can be reached of it from outside. */
export interface Running {
  readonly name: WorldName
  /** of the source that it was made from */
  readonly version: number
  readonly manifest: Manifest
  readonly scope: Scope.CloseableScope
  /** nobody waits for it any longer: who still has no answer gets one that says so */
  readonly end: () => void
  /** fails with that end; what is still being sent of its answers ends with it */
  readonly ended: Deferred.Deferred<never, RouteNotFound>
  /** what a request touches, if that is not the path that it asks for */
  readonly touches: ((request: PluginRequest) => Effect.Effect<Touch, DomainError>) | undefined
  /** the answer; the scope is the request's, and ends when the answer has been sent */
  readonly handle: (request: PluginRequest) => Effect.Effect<unknown, DomainError, Scope.Scope>
}

/** Requests that one plugin may have in its hands; whoever hangs cannot take the memory of everybody. */
const inHand = 1024

/** Puts a loaded module to work. */
export const run = (
  parts: Pick<Running, "name" | "version" | "manifest" | "scope"> & {
    readonly plugin: Plugin
    readonly services: Context.Context<PluginServices>
  }
): Effect.Effect<Running> =>
  Effect.map(Deferred.make<never, RouteNotFound>(), (ended) => {
    const { manifest, name, plugin, scope, services, version } = parts
    let busy = 0
    const waiting = new TransientSet<() => void>()

    const release = Effect.sync(() => {
      busy--
    })
    // What the effect of this name does around its finalizer is more than all the rest of a request.
    const released = Effect.flatMap(Effect.scope, (scope) => Scope.addFinalizer(scope, release))

    /**
     * What the module made of it. It works in a fiber of its own, which nobody has to wait for: a plugin that goes
     * meanwhile, or hangs, keeps nobody from an answer.
     */
    const answer = (request: PluginRequest) =>
      Effect.flatMap(Effect.runtime<Scope.Scope>(), (asking) =>
        Effect.async<unknown, DomainError>((resume) => {
          const runtime = Runtime.make({ ...asking, context: Context.merge(asking.context, services) })
          const fiber = Runtime.runFork(runtime)(uninterrupted(plugin, request))
          const leave = Fiber.interruptFork(fiber)
          const gone = () => resume(Effect.zipRight(leave, Effect.mapError(Deferred.await(ended), told(request))))
          waiting.add(gone)
          fiber.addObserver((exit) => {
            waiting.delete(gone)
            resume(exit)
          })
          return leave
        })
      )

    /** Whoever asked may interrupt it; when it interrupts itself there is still somebody who waits for an answer. */
    const uninterrupted = (plugin: Plugin, request: PluginRequest) =>
      Effect.catchAll(Effect.sandbox(call(() => plugin.handle(request))), (cause) =>
        Cause.isInterruptedOnly(cause) ? Effect.dieMessage("the plugin interrupted itself") : Effect.failCause(cause)
      )

    const { touches } = plugin
    return {
      name,
      version,
      manifest,
      scope,
      ended,
      end: () => {
        Deferred.unsafeDone(ended, new RouteNotFound({ message: "the plugin was taken down", path: "" }))
        for (const gone of waiting) gone()
      },
      touches:
        touches &&
        ((request) =>
          Effect.provide(
            call(() => touches(request)),
            services
          )),
      handle: (request) =>
        Effect.suspend(() => {
          if (busy >= inHand) {
            return new Overloaded({ message: `/${name} has ${inHand} requests in hand`, retryAfter: 1 })
          }
          busy++
          return Effect.zipRight(released, answer(request))
        })
    }
  })

/** That end, as those hear of it whose request it was. */
const told =
  ({ path }: Pick<PluginRequest, "path">) =>
  ({ message }: RouteNotFound) =>
    new RouteNotFound({ message, path })

/** Calls into a module, which was written by somebody: what it throws, or answers instead of an Effect, is a defect. */
const call = <A, E, R>(f: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const result: unknown = f()
    // Checked here because no compiler has checked the module.
    return Effect.isEffect(result)
      ? (result as Effect.Effect<A, E, R>)
      : Effect.dieMessage("the plugin answered with something that is no Effect")
  })
