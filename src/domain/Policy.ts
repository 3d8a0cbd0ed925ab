import * as Either from "effect/Either"
import type { Caller, Tier } from "./Caller.ts"
import { type CanonicalPath, canonicalText, isWithin, namespaceOf } from "./WorldPath.ts"

/**
 * The one policy (C7): caller x action x path -> allowed or the reason why not. Every surface asks it about the world
 * path that a request touches, whatever URL it came by; nothing else in the program decides who may do what.
 */

/**
 * list      the children of a collection, of which each is then judged by itself
 * read      the bytes, metadata, events' effects or existence of a world
 * write     PUT, POST: its bytes and metadata
 * delete    DELETE, and what removes a world from its place
 * activate  change the state of a plugin
 * use       have a plugin or device do something
 * operate   look into the machine: verification, capabilities
 */
export type Action = "list" | "read" | "write" | "delete" | "activate" | "use" | "operate"

/** What the operator has declared private. */
export interface PrivacyRules {
  /** the prefixes of /etc/private: any credential to read */
  readonly prefixes: ReadonlyArray<CanonicalPath>
  /** ELASTIK_READ=private: any credential to read anything */
  readonly everything: boolean
}

export const publicRules: PrivacyRules = { prefixes: [], everything: false }

/** Readable to operators alone (C7.1). */
const operatorOnly: ReadonlyArray<string> = ["boot", "etc/shadow", "etc/fstab"]

/** Whether only operators may read a path, whatever is private: what is made from it is for nobody else either. */
export const isOperatorOnly = (path: string): boolean => operatorOnly.some((prefix) => isWithin(path, prefix))

/** The tier that may write in each namespace, worlds or mounts (C11.2); a path in none of them has no writer. */
const writerTier: Readonly<Record<string, Tier>> = { home: 2, lib: 2, mnt: 2, etc: 3, usr: 3, var: 3, boot: 3 }

/** Why `caller` may not do `action` to `path`; undefined when they may. The reason tells nothing about the path. */
export const refusal = (caller: Caller, action: Action, path: string, rules: PrivacyRules): string | undefined => {
  const scope = caller.scope
  if (scope !== undefined) {
    if (!isWithin(path, scope.prefix)) return "outside the scope of this token"
    if (scope.mode === "r" && action !== "read" && action !== "list") return "this token only reads"
  }
  switch (action) {
    case "list":
      return undefined
    case "use":
    case "read": {
      if (caller.tier < 3 && isOperatorOnly(path)) return "reading this needs T3"
      if (!caller.credentialed && isPrivate(path, rules)) return "this needs a credential"
      return undefined
    }
    case "write": {
      const needed = writerTier[namespaceOf(path)]
      if (needed === undefined) return "nothing can be written here"
      return caller.tier < needed ? `writing this needs T${needed}` : undefined
    }
    case "delete":
      return caller.tier < 3 ? "deleting needs T3" : undefined
    case "activate":
      return caller.tier < 3 ? "activating plugins needs T3" : undefined
    case "operate":
      return caller.tier < 3 ? "this needs T3" : undefined
  }
}

/** Why `caller` may not use what wants at least `tier`, whatever it is about; undefined when they may. */
export const refusalOfTier = (caller: Caller, tier: Tier): string | undefined =>
  caller.tier < tier ? `using this needs T${tier}` : undefined

/** Why `caller` may not use a plugin that wants at least `tier`, for what the request touches; undefined when they may. */
export const refusalToUse = (
  caller: Caller,
  tier: Tier,
  touch: { readonly action: Action; readonly path: string },
  rules: PrivacyRules
): string | undefined => refusalOfTier(caller, tier) ?? refusal(caller, touch.action, touch.path, rules)

/** Whether `caller` may do `action` to `path`. */
export const allows = (caller: Caller, action: Action, path: string, rules: PrivacyRules): boolean =>
  refusal(caller, action, path, rules) === undefined

/** What the machine remembers of the worlds that somebody asked about, private ones among them. */
const machinesOwn = "var/cache"

const isPrivate = (path: string, rules: PrivacyRules): boolean =>
  rules.everything || isWithin(path, machinesOwn) || rules.prefixes.some((prefix) => isWithin(path, prefix))

/**
 * The rules of /etc/private: one path prefix a line, blank and `#` lines skipped, a `/` or `/*` at the end tolerated. A
 * line without a canonical form can match no path; it is handed back, so that somebody can be told.
 */
export const parsePrivate = (text: string): PrivacyRules & { readonly unread: ReadonlyArray<string> } => {
  const prefixes: Array<CanonicalPath> = []
  const unread: Array<string> = []
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed === "" || trimmed.startsWith("#")) continue
    const parsed = Either.getOrUndefined(canonicalText(trimmed.replace(/\/+\*?$/, "")))
    if (parsed === undefined) unread.push(trimmed)
    else prefixes.push(parsed.path)
  }
  return { prefixes, everything: false, unread }
}
