import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Metrics } from "../../src/services/Metrics.ts"
import { erase, machine, write } from "../helpers/Machine.ts"

const fresh = () => Metrics.layer.pipe(Layer.provideMerge(machine()))

/** One line of the exposition. */
const sample = (text: string, name: string) => text.split("\n").find((line) => line.startsWith(`${name} `))

describe("C8 /proc/metrics", () => {
  it.effect("counts requests by method and status, and makes no label of what clients invent", () =>
    Effect.gen(function* () {
      const metrics = yield* Metrics
      metrics.request("GET", 200, 0.002)
      metrics.request("GET", 200, 0.002)
      metrics.request("BREW", 405, 0.002)
      metrics.request("X".repeat(100), 405, 0.002)
      const text = yield* metrics.expose
      expect(sample(text, 'elastik_http_requests_total{method="GET",status="200"}')).toMatch(/ 2$/)
      expect(sample(text, 'elastik_http_requests_total{method="other",status="405"}')).toMatch(/ 2$/)
      expect(sample(text, "elastik_http_request_duration_seconds_count")).toMatch(/ 4$/)
      expect(text).not.toContain("BREW")
    }).pipe(Effect.provide(fresh()))
  )

  it.effect("follows worlds, commits and streams", () =>
    Effect.gen(function* () {
      const metrics = yield* Metrics
      yield* write("home/a", "x")
      yield* write("home/b", "x")
      yield* erase("home/a")
      metrics.streams(1)
      metrics.streams(1)
      metrics.streams(-1)
      const text = yield* metrics.expose
      expect(sample(text, "elastik_worlds")).toBe("elastik_worlds 1")
      expect(sample(text, 'elastik_commits_total{op="put"}')).toMatch(/ 2$/)
      expect(sample(text, 'elastik_commits_total{op="delete"}')).toMatch(/ 1$/)
      expect(sample(text, "elastik_streams")).toBe("elastik_streams 1")
    }).pipe(Effect.provide(fresh()))
  )

  it.effect("two servers in one process do not disturb each other", () =>
    Effect.gen(function* () {
      const count = Effect.flatMap(Metrics, (metrics) => {
        metrics.request("GET", 200, 0)
        return Effect.map(metrics.expose, (text) =>
          sample(text, 'elastik_http_requests_total{method="GET",status="200"}')
        )
      })
      for (let i = 0; i < 2; i++) expect(yield* Effect.provide(count, fresh())).toMatch(/ 1$/)
    })
  )
})
