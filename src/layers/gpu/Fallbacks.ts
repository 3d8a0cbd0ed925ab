import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { NotConfigured, UnsupportedScheme, UpstreamFailed } from "../../domain/Errors.ts"
import { type Line, schemes, type Target } from "../../domain/GpuConf.ts"
import type { Backend, Backends } from "./Backend.ts"
import type { BackendFailed } from "./Failure.ts"
import { pieces } from "./Pieces.ts"
import * as Pull from "./Pull.ts"
import * as Silence from "./Silence.ts"

/** What is asked, of whichever backend answers. */
export interface Question {
  readonly lines: ReadonlyArray<Line>
  readonly prompt: string
  /** the model that the caller names */
  readonly model: string | undefined
  readonly patience: Silence.Patience
  /** holds what is asked until the answer has ended */
  readonly scope: Scope.Scope
  /** called with each backend that is asked */
  readonly onAsk: (target: Target, model: string | undefined) => void
}

export type OpenError = NotConfigured | UnsupportedScheme | UpstreamFailed

/**
 * Asks one line after the other until one of them has given the first piece of its answer, or an empty answer (C11.1).
 * From then on there is no other: a failure ends the answer. A line that cannot be asked is passed over like one that
 * fails; when none could be asked, the first says why.
 */
export const open: (
  backends: typeof Backends.Service,
  question: Question
) => Effect.Effect<Pull.Pull<string, UpstreamFailed>, OpenError> = Effect.fnUntraced(function* (backends, question) {
  const unusable: Array<NotConfigured | UnsupportedScheme> = []
  const failures: Array<UpstreamFailed> = []
  const reasons: Array<string> = []
  for (const line of question.lines) {
    const usable = usableOf(line, backends)
    if (Either.isLeft(usable)) {
      unusable.push(usable.left)
      reasons.push(usable.left.message)
      continue
    }
    const { backend, target } = usable.right
    const model = question.model ?? backend.model
    question.onAsk(target, model)
    const silence = Silence.make()
    const asked = backend.answer({ url: target.url, prompt: question.prompt, model }, silence)
    const begun = yield* Effect.either(
      begin(question.scope, asked, (answer) => question.patience.with(silence, answer))
    )
    if (Either.isRight(begun)) return inMidAnswer(target, begun.right)
    const reason = `${target.name} ${begun.left.why}`
    failures.push(new UpstreamFailed({ message: reason, cause: begun.left.cause }))
    reasons.push(reason)
    if (reasons.length < question.lines.length) {
      yield* Effect.logWarning(`${reason}; the next line of /etc/gpu.conf is asked`, Cause.fail(begun.left.cause))
    }
  }
  const [failed] = failures
  if (failed === undefined) return yield* noneToAsk(unusable)
  return yield* reasons.length === 1
    ? failed
    : new UpstreamFailed({ message: `no backend answered: ${reasons.join("; ")}`, cause: failed.cause })
})

/** Nobody else sees what goes wrong from here on: the answer has its status, and maybe its reader is gone. */
const inMidAnswer = (target: Target, answer: Pull.Pull<string>): Pull.Pull<string, UpstreamFailed> =>
  Pull.mapError(answer, ({ cause, why }) => {
    const message = `${target.name} failed in the middle of its answer: it ${why}`
    return new UpstreamFailed({ message, cause })
  }).pipe(
    Effect.tapError((over) =>
      Option.isNone(over) ? Effect.void : Effect.logWarning(over.value.message, Cause.fail(over.value.cause))
    )
  )

const usableOf = (
  line: Line,
  backends: typeof Backends.Service
): Either.Either<{ readonly target: Target; readonly backend: Backend }, NotConfigured | UnsupportedScheme> => {
  if (line._tag === "Unreadable") {
    return Either.left(new NotConfigured({ message: `line ${line.line} of /etc/gpu.conf ${line.why}` }))
  }
  if (line._tag === "Unsupported") {
    const message = `/etc/gpu.conf names the scheme ${line.scheme}; there are ${schemes.join(", ")}`
    return Either.left(new UnsupportedScheme({ message, scheme: line.scheme }))
  }
  const backend = backends[line.scheme]
  return backend.missing === undefined
    ? Either.right({ target: line, backend })
    : Either.left(new NotConfigured({ message: `${line.name} needs a key: set ${backend.missing}` }))
}

const noneToAsk = (unusable: ReadonlyArray<NotConfigured | UnsupportedScheme>): NotConfigured | UnsupportedScheme => {
  const [first, ...others] = unusable
  if (first?._tag === "UnsupportedScheme") return first
  const messages = [first, ...others].filter((error) => error !== undefined).map(({ message }) => message)
  return new NotConfigured({ message: messages.join("; ") })
}

/** Asks, and waits for the first pieces. What it holds is closed when it fails, else with the scope. */
const begin = Effect.fnUntraced(function* (
  scope: Scope.Scope,
  asked: ReturnType<Backend["answer"]>,
  limited: (answer: Pull.Pull<string>) => Pull.Pull<string>
) {
  const attempt = yield* Scope.fork(scope, ExecutionStrategy.sequential)
  const answer = pieces(limited(opening(Scope.extend(asked, attempt))))
  const first = yield* Effect.either(answer).pipe(Effect.onInterrupt(() => Scope.close(attempt, Exit.void)))
  if (Either.isRight(first)) return startingWith(first.right, answer)
  yield* Scope.close(attempt, Exit.void)
  return Option.isNone(first.left) ? Pull.end : yield* first.left.value
})

/** Asks with the first pull, so that the time until there is a response counts as silence. */
const opening = (asked: Effect.Effect<Pull.Pull<string>, BackendFailed>): Pull.Pull<string> => {
  let answer: Pull.Pull<string> | undefined
  const ask = Effect.flatMap(Effect.mapError(asked, Option.some), (opened) => {
    answer = opened
    return opened
  })
  return Effect.suspend(() => answer ?? ask)
}

const startingWith = (first: ReadonlyArray<string>, rest: Pull.Pull<string>): Pull.Pull<string> => {
  let given = false
  return Effect.suspend(() => {
    if (given) return rest
    given = true
    return Effect.succeed(first)
  })
}
