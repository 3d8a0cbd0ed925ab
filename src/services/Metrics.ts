import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import { Catalog } from "./Catalog.ts"
import { Changes } from "./Changes.ts"

/** What the machine counts, and how Prometheus reads it (C8). */
export interface MetricsShape {
  /** one answered request; `seconds` from its arrival to its answer */
  readonly request: (method: string, status: number, seconds: number) => void
  /** one more or one fewer open stream */
  readonly streams: (difference: 1 | -1) => void
  readonly contentType: string
  readonly expose: Effect.Effect<string>
}

export class Metrics extends Context.Tag("elastik/Metrics")<Metrics, MetricsShape>() {
  static readonly layer: Layer.Layer<Metrics, never, Catalog | Changes> = Layer.scoped(
    Metrics,
    Effect.suspend(() => make)
  )
}

// Methods that are counted apart; what else a client makes up is counted together.
const methods = new Set([
  ...["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"],
  ...["PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"]
])

const make = Effect.gen(function* () {
  const catalog = yield* Catalog
  const changes = yield* Changes
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const requests = new Counter({
    name: "elastik_http_requests_total",
    help: "Answered requests.",
    labelNames: ["method", "status"],
    registers
  })
  const duration = new Histogram({
    name: "elastik_http_request_duration_seconds",
    help: "Time from a request to its answer.",
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers
  })
  const commits = new Counter({
    name: "elastik_commits_total",
    help: "Committed writes.",
    labelNames: ["op"],
    registers
  })
  const streams = new Gauge({ name: "elastik_streams", help: "Open event streams.", registers })
  new Gauge({
    name: "elastik_worlds",
    help: "Stored worlds.",
    registers,
    collect() {
      this.set(catalog.size())
    }
  })
  yield* changes.listen(({ op }) => commits.inc({ op }))
  yield* Effect.addFinalizer(() => Effect.sync(() => registry.clear()))

  return Metrics.of({
    request: (method, status, seconds) => {
      requests.inc({ method: methods.has(method) ? method : "other", status })
      duration.observe(seconds)
    },
    streams: (difference) => streams.inc(difference),
    contentType: registry.contentType,
    expose: Effect.promise(() => registry.metrics())
  })
})
