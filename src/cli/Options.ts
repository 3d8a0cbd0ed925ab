import * as Options from "@effect/cli/Options"

/** `--data DIR`, for every command that works on a data directory. */
export const data = Options.directory("data").pipe(
  Options.withDescription("the data directory (ELASTIK_DATA, else ./data)"),
  Options.optional
)
