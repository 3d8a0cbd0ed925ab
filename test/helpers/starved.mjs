// A program that has opened all the files it may, and says what becomes of a query and of an archive then.
import { closeSync, openSync } from "node:fs"
import { Effect } from "effect"
import * as Processes from "../../dist/layers/queries/Processes.js"
import * as Archive from "../../dist/layers/replication/Archive.js"

const built = (module) => new URL(`../../dist/layers/${module}.js`, import.meta.url)
const outcomeOf = (effect) =>
  Effect.match(Effect.sandbox(Effect.scoped(effect)), {
    onFailure: ({ error }) => `${error?._tag} ${error?.cause?.code}`,
    onSuccess: () => "done"
  })

const held = []
try {
  for (;;) held.push(openSync("/dev/null"))
} catch {
  // That was the last.
}

const question = { file: "/x", sql: "SELECT 1", pragma: false }
const outcomes = await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const processes = yield* Processes.make(built("queries/QueryProcess"))
      const starved = [
        yield* outcomeOf(processes.run(question)),
        yield* outcomeOf(Archive.make(built("replication/Archivist"), []))
      ]
      for (const file of held) closeSync(file)
      return [...starved, yield* outcomeOf(processes.run(question))]
    })
  )
)
console.log(JSON.stringify(outcomes))
