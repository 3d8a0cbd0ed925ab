import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Caller, system, type Tier } from "../domain/Caller.ts"
import { Forbidden, type StorageFailure } from "../domain/Errors.ts"
import {
  type Action,
  allows,
  type PrivacyRules,
  parsePrivate,
  refusal,
  refusalOfTier,
  refusalToUse
} from "../domain/Policy.ts"
import { AppConfig } from "./AppConfig.ts"
import { ConfigWorlds } from "./ConfigWorlds.ts"

/** The policy, with the privacy rules as they are now (C7). */
export interface AccessShape {
  /** fails unless the caller may do this to the world path, existing or not */
  readonly require: (caller: Caller, action: Action, path: string) => Effect.Effect<void, Forbidden | StorageFailure>
  /** fails unless the caller is at least of `tier`; asked before anything is known of what they want */
  readonly requireTier: (caller: Caller, tier: Tier) => Effect.Effect<void, Forbidden | StorageFailure>
  /** fails unless the caller may use a plugin that wants at least `tier`, for what the request touches */
  readonly requireUse: (
    caller: Caller,
    tier: Tier,
    touch: { readonly action: Action; readonly path: string }
  ) => Effect.Effect<void, Forbidden | StorageFailure>
  /** which paths the caller may read, as a plain predicate for listings and streams */
  readonly readable: (caller: Caller) => Effect.Effect<(path: string) => boolean, StorageFailure>
}

export class Access extends Context.Tag("elastik/Access")<Access, AccessShape>() {
  static readonly layer: Layer.Layer<Access, never, AppConfig | ConfigWorlds> = Layer.effect(
    Access,
    Effect.gen(function* () {
      const { privateRead } = yield* AppConfig
      const declared = (yield* ConfigWorlds).follow("etc/private", parsePrivate)
      let warned: PrivacyRules | undefined
      const followed = Effect.tap(declared, (rules) => {
        if (rules === warned || rules.unread.length === 0) return Effect.void
        warned = rules
        return Effect.logWarning("lines of /etc/private that name no path hide nothing", rules.unread)
      })
      const rules = privateRead ? Effect.succeed<PrivacyRules>({ prefixes: [], everything: true }) : followed
      const unless = (caller: Caller, reason: (caller: Caller, rules: PrivacyRules) => string | undefined) =>
        Effect.flatMap(rules, (rules) => {
          const message = reason(caller, rules)
          if (message === undefined) return Effect.void
          // What not even the machine may do, no credentials open.
          return new Forbidden({ message, curable: reason(system, rules) === undefined })
        })
      return {
        require: (caller, action, path) => unless(caller, (caller, rules) => refusal(caller, action, path, rules)),
        requireTier: (caller, tier) => unless(caller, (caller) => refusalOfTier(caller, tier)),
        requireUse: (caller, tier, touch) =>
          unless(caller, (caller, rules) => refusalToUse(caller, tier, touch, rules)),
        readable: (caller) => Effect.map(rules, (rules) => (path: string) => allows(caller, "read", path, rules))
      }
    })
  )
}
