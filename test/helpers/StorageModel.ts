import * as fc from "fast-check"
import type { Conditions } from "../../src/domain/Conditions.ts"
import { formatHttpDate } from "../../src/domain/HttpDate.ts"
import { sha256 } from "./Chains.ts"
import { bytes } from "./Storages.ts"

/** What C4, C5 and C10 say a storage is, as a plain Map. It knows nothing of SQLite, hashes chains or files. */
export interface ModelEvent {
  readonly type: string
  readonly op: string | undefined
  readonly version: number
  readonly len: number
  readonly sha256: string
  readonly ext: string
  readonly meta: unknown
  readonly ts: number
  readonly details: Readonly<Record<string, unknown>>
}
export interface ModelWorld {
  readonly body: string
  readonly version: number
  readonly ext: string
  readonly meta: ReadonlyArray<readonly [string, string]>
  readonly state: string
  readonly updatedAt: number
  readonly events: ReadonlyArray<ModelEvent>
  /** by Idempotency-Key: the bytes, and the version that answered them */
  readonly answers: ReadonlyMap<string, { readonly body: string; readonly version: number }>
  /** as the storage named it last: the model cannot know it, only that it is new each time */
  readonly tag: string
}

/** A condition, before it is known what the current tag is. */
export type Guard =
  | "none"
  | "match-raw"
  | "match-json"
  | "match-stale"
  | "match-any"
  | "none-any"
  | "none-current"
  | "unmodified-now"
  | "unmodified-past"

export type Step =
  | {
      readonly do: "put"
      readonly name: string
      readonly body: string
      readonly ext: string
      readonly meta: boolean
      readonly guard: Guard
    }
  | {
      readonly do: "post"
      readonly name: string
      readonly body: string
      readonly key: string | undefined
      readonly guard: Guard
    }
  | { readonly do: "state"; readonly name: string; readonly to: "pending" | "active" | "disabled" }
  | { readonly do: "remark"; readonly name: string; readonly types: ReadonlyArray<"gpu_call" | "plugin_load_failed"> }
  | { readonly do: "delete"; readonly name: string; readonly guard: Guard }
  | { readonly do: "tick"; readonly millis: number }
  | { readonly do: "restart" }

// One prefix of another, a plugin and a log: where the rules differ.
const name = fc.constantFrom("home/a", "home/a/b", "home/a%2Fb", "lib/p", "var/log/gpu")
const remarks = fc.array(fc.constantFrom("gpu_call", "plugin_load_failed"), { minLength: 1, maxLength: 3 })
const body = fc.constantFrom("", "a", "bb", "é", "<p>")
const guard = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Guard>("none") },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Guard>(
      ...(["match-raw", "match-json", "match-stale", "match-any", "none-any", "none-current"] as const),
      ...(["unmodified-now", "unmodified-past"] as const)
    )
  }
)
const step = (of: Step["do"], rest: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Step> =>
  // The callers below fill in exactly the members that each kind has.
  fc.record({ do: fc.constant(of), ...rest }) as fc.Arbitrary<Step>

export const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: step("put", { name, body, ext: fc.constantFrom("txt", "md"), meta: fc.boolean(), guard }) },
    { weight: 6, arbitrary: step("post", { name, body, key: fc.constantFrom(undefined, undefined, "k", "l"), guard }) },
    { weight: 2, arbitrary: step("state", { name, to: fc.constantFrom("pending", "active", "disabled") }) },
    { weight: 2, arbitrary: step("remark", { name, types: remarks }) },
    { weight: 3, arbitrary: step("delete", { name, guard }) },
    { weight: 2, arbitrary: step("tick", { millis: fc.constantFrom(1, 999, 1000, 60_000) }) },
    { weight: 1, arbitrary: step("restart", {}) }
  ),
  { minLength: 1, maxLength: 30 }
)

/** The headers that a guard stands for, and whether C4.3 lets the write through. */
export const guarded = (guard: Guard, world: ModelWorld | undefined): readonly [Conditions, holds: boolean] => {
  const exists = world !== undefined
  const date = formatHttpDate(world?.updatedAt ?? 0)
  switch (guard) {
    case "none":
      return [{}, true]
    case "match-raw":
      return [{ ifMatch: `"x", "${world?.tag ?? "y"}"` }, exists]
    case "match-json":
      return [{ ifMatch: `"${world?.tag ?? "y"}-json"` }, exists]
    case "match-stale":
      return [{ ifMatch: '"0123456789abcdef012301234567"' }, false]
    case "match-any":
      return [{ ifMatch: "*" }, exists]
    case "none-any":
      return [{ ifNoneMatch: "*" }, !exists]
    case "none-current":
      return [{ ifNoneMatch: `W/"${world?.tag ?? "y"}"` }, !exists]
    case "unmodified-now":
      return [{ ifUnmodifiedSince: date }, true]
    case "unmodified-past":
      return [{ ifUnmodifiedSince: formatHttpDate((world?.updatedAt ?? 0) - 1000) }, !exists]
  }
}

export type Outcome =
  | { readonly ok: true; readonly world: ModelWorld; readonly created: boolean; readonly replayed: number | undefined }
  | { readonly ok: false; readonly why: "PreconditionFailed" | "WorldNotFound" | "IdempotencyConflict" }

const isLib = (name: string) => name.startsWith("lib/")

/** What a step makes of a world. The tag of the outcome is still that of before. */
export const apply = (
  step: Exclude<Step, { do: "tick" | "restart" }>,
  before: ModelWorld | undefined,
  now: number
): Outcome => {
  const { name } = step
  const event = (world: Omit<ModelWorld, "events">, type: string, more: Partial<ModelEvent>): ModelEvent => ({
    type,
    op: undefined,
    version: world.version,
    len: bytes(world.body).length,
    sha256: sha256(world.body),
    ext: world.ext,
    meta: [],
    ts: now,
    details: {},
    ...more
  })
  const base: ModelWorld = before ?? {
    body: "",
    version: 0,
    ext: "txt",
    meta: [],
    state: isLib(name) ? "pending" : "active",
    updatedAt: now,
    events: [],
    answers: new Map(),
    tag: ""
  }
  const done = (world: ModelWorld, ...events: ReadonlyArray<ModelEvent>): Outcome => ({
    ok: true,
    world: { ...world, events: [...base.events, ...events] },
    created: before === undefined,
    replayed: undefined
  })
  const fallback = (world: ModelWorld): ReadonlyArray<ModelEvent> =>
    before === undefined || !isLib(name)
      ? []
      : [
          event(world, "state_transition", {
            op: "state",
            details: { from: before.state, to: "pending", version: world.version, reason: "source replaced" }
          })
        ]
  const written = { version: base.version + 1, updatedAt: now, state: isLib(name) ? "pending" : "active" }
  if (step.do === "post" && step.key !== undefined) {
    const earlier = base.answers.get(step.key)
    if (earlier !== undefined) {
      return earlier.body === step.body
        ? { ok: true, world: base, created: false, replayed: earlier.version }
        : { ok: false, why: "IdempotencyConflict" }
    }
  }
  if (step.do === "delete" && before === undefined) return { ok: false, why: "WorldNotFound" }
  if ("guard" in step && !guarded(step.guard, before)[1]) return { ok: false, why: "PreconditionFailed" }
  switch (step.do) {
    case "put": {
      const meta = step.meta ? ([["x-meta-author", "a"]] as const) : []
      const world = { ...base, ...written, body: step.body, ext: step.ext, meta }
      return done(world, event(world, "stage_written", { op: "put", meta }), ...fallback(world))
    }
    case "post": {
      const body = base.body + step.body
      const answers = new Map(base.answers)
      if (step.key !== undefined) answers.set(step.key, { body: step.body, version: written.version })
      const world = { ...base, ...written, body, answers }
      const details = { append_len: bytes(step.body).length, append_sha256: sha256(step.body) }
      return done(world, event(world, "stage_appended", { op: "append", details }), ...fallback(world))
    }
    case "state": {
      if (before === undefined) return { ok: false, why: "WorldNotFound" }
      const details = { from: before.state, to: step.to, version: before.version }
      const world = { ...before, state: step.to }
      return done(world, event(world, "state_transition", { op: "state", details }))
    }
    case "remark": {
      const world = before ?? { ...base, version: 1, ext: "log" }
      return done(world, ...step.types.map((type) => event(world, type, { details: { note: "n" } })))
    }
    case "delete":
      return done(base, event(base, "stage_deleted", { op: "delete" }))
  }
}
