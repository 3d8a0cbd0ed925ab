import { it } from "@effect/vitest"
import { Effect, type Layer, ManagedRuntime, type Scope } from "effect"
import { afterAll } from "vitest"

/**
 * Tests that share what a layer builds, which goes when all of a `describe` are done. The library's own `layer` would
 * leave it, and one clock, to the tests of every file that comes after in the same process.
 */
export const sharing = <R>(layer: Layer.Layer<R, unknown>) => {
  const runtime = ManagedRuntime.make(layer)
  afterAll(() => runtime.dispose())
  type Test = Effect.Effect<void, unknown, R | Scope.Scope>
  return {
    test: (name: string, run: () => Test) => it.scoped(name, () => Effect.provide(run(), runtime)),
    skipIf: (condition: boolean) => (name: string, run: () => Test) =>
      it.scoped.skipIf(condition)(name, () => Effect.provide(run(), runtime)),
    each:
      <Case>(cases: ReadonlyArray<Case>) =>
      (name: string, run: (given: Case) => Test) =>
        it.scoped.each(cases)(name, (given) => Effect.provide(run(given), runtime))
  } as const
}
