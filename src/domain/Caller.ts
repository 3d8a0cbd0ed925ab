import type { CanonicalPath } from "./WorldPath.ts"

/** What a caller may do at most: 1 reads what is public, 2 is a user, 3 an operator (C7.1). */
export type Tier = 1 | 2 | 3

/** The part of the machine that a capability opens: everything within `prefix`, reading or also writing (C7.4). */
export interface Scope {
  readonly prefix: CanonicalPath
  readonly mode: "r" | "rw"
}

/** Who makes a request, as the policy sees them. */
export interface Caller {
  /** stable name for logs, rate caps and events; never the credential itself */
  readonly id: string
  readonly tier: Tier
  /** whether a valid credential was shown, or none is needed (open mode) */
  readonly credentialed: boolean
  /** present for capabilities: nothing outside it is allowed, not even reading public worlds */
  readonly scope: Scope | undefined
  /** unix seconds from which the credential is worth nothing; for what lasts longer than a request */
  readonly expires: number | undefined
}

/** Nobody in particular: no credential, or one that is not worth anything (C7.3). */
export const anonymous: Caller = { id: "anonymous", tier: 1, credentialed: false, scope: undefined, expires: undefined }

/** A caller without credentials in open mode, where T2 needs no token (C7.2). */
export const openCaller: Caller = { id: "open", tier: 2, credentialed: true, scope: undefined, expires: undefined }

/** The machine itself: boot worlds, logs, caches. */
export const system: Caller = { id: "system", tier: 3, credentialed: true, scope: undefined, expires: undefined }

/** Whether nothing was shown that says who this is: the ones who may be asked for credentials (C7.6). */
export const isNameless = (caller: Caller): boolean => caller.id === anonymous.id || caller.id === openCaller.id
