import { ConfigProvider, type Console, Effect, Exit } from "effect"
import { run } from "../../src/cli/Cli.ts"
import type { Ended } from "./Program.ts"
import { patience } from "./RawSocket.ts"

/**
 * Runs a command in this process, which saves the second that a start costs. What only a process can show, such as its
 * exit code, is tested with the built program (helpers/Program.ts).
 */
export const commandLine = async (
  args: ReadonlyArray<string>,
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> }
): Promise<Ended> => {
  const said = { stdout: "", stderr: "" }
  const into =
    (stream: "stdout" | "stderr") =>
    (...parts: ReadonlyArray<unknown>) =>
      Effect.sync(() => {
        said[stream] += `${parts.join(" ")}\n`
      })
  const console: Console.Console = {
    ...(await Effect.runPromise(Effect.consoleWith(Effect.succeed))),
    log: into("stdout"),
    error: into("stderr")
  }
  const before = process.cwd()
  process.chdir(cwd)
  try {
    const exit = await run(["node", "elastik", ...args]).pipe(
      Effect.withConsole(console),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))),
      Effect.timeout(patience),
      Effect.runPromiseExit
    )
    return { code: Exit.isSuccess(exit) ? 0 : 1, ...said }
  } finally {
    process.chdir(before)
  }
}
