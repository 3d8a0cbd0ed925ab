import type * as HttpApiError from "@effect/platform/HttpApiError"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { BadRequest, type DomainError, InternalError, isDomainError } from "../domain/Errors.ts"
import { Metrics } from "../services/Metrics.ts"
import type { Asked } from "./Asked.ts"
import { Edge } from "./Edge.ts"
import { Origins } from "./Origins.ts"
import { toResponse } from "./Problem.ts"
import { spoken, withHeaders } from "./Response.ts"
import { orDoorway } from "./shell/Doorway.ts"

type Response = HttpServerResponse.HttpServerResponse

/** What every answer goes through, whoever made it: failures become their one answer, and all are counted. */
export class Answering extends Effect.Service<Answering>()("elastik/http/Answering", {
  effect: Effect.gen(function* () {
    const metrics = yield* Metrics
    const origins = yield* Origins
    const edge = yield* Edge
    const clock = yield* Effect.clock

    const complete = (asked: Asked, made: Response, startedNanos: bigint): Response => {
      const response = orDoorway(asked, made)
      metrics.request(asked.method, response.status, Number(clock.unsafeCurrentTimeNanos() - startedNanos) / 1e9)
      const cors = origins.cors(asked)
      const vary = [response.headers.vary, cors.vary].filter((value) => value !== undefined).join(", ")
      return withHeaders(response, {
        ...cors,
        "x-content-type-options": "nosniff",
        vary: vary === "" ? undefined : vary
      })
    }

    const failed = (asked: Asked, cause: Cause.Cause<unknown>): Effect.Effect<Response> => {
      // The client left, or the server stops: there is nobody to answer.
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      const error = errorOf(cause, asked)
      const response = toResponse(error, asked.headers.accept)
      if (response.status < 500) return Effect.succeed(response)
      const log = Effect.logError(`${asked.method} ${response.status}: ${error.message}`, cause)
      return Effect.as(Effect.annotateLogs(log, "client", origins.client(asked)), response)
    }

    return {
      /** the answer that is sent */
      to: <E, R>(asked: Asked, answer: Effect.Effect<Response, E, R>): Effect.Effect<Response, never, R> =>
        Effect.suspend(() => {
          const started = clock.unsafeCurrentTimeNanos()
          const since = edge.now()
          return answer.pipe(
            Effect.filterOrDieMessage(isSendable, "the answer holds a header that cannot be sent"),
            Effect.catchAllCause((cause) => failed(asked, cause)),
            Effect.flatMap((response) => edge.keep(asked, complete(asked, response, started), since))
          )
        })
    } as const
  })
}) {}

const unsendable = /[^\t\x20-\x7e\x80-\xff]/

/** node throws on such a header when it is too late to answer otherwise. */
const isSendable = (response: Response): boolean =>
  Object.values(response.headers).every((value) => !unsendable.test(String(value)))

/** The error of the domain behind a cause; what is none is a defect. */
const errorOf = (cause: Cause.Cause<unknown>, asked: Asked): DomainError => {
  const error = Cause.squash(cause)
  if (isDomainError(error)) return error
  if (isDecodeError(error)) {
    const what = error.issues.map(
      (issue) => `${issue.path.join(".")}: ${issue._tag === "Missing" ? "missing" : "bad value"}`
    )
    return new BadRequest({ message: `the request cannot be understood (${what.join("; ")})` })
  }
  return new InternalError({ message: `${spoken(asked.method)} could not be done` })
}

const isDecodeError = (error: unknown): error is HttpApiError.HttpApiDecodeError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "HttpApiDecodeError"
