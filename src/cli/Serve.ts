import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { data } from "./Options.ts"
import { start } from "./Start.ts"

const host = Options.text("host").pipe(
  Options.withDescription("the address to listen on (ELASTIK_HOST, else 127.0.0.1)"),
  Options.optional
)
const port = Options.integer("port").pipe(
  Options.withDescription("the port to listen on (ELASTIK_PORT, else 3005; 0 for a free one)"),
  Options.optional
)

export const serve = Command.make("serve", { host, port, data }, (flags) =>
  start({ ELASTIK_HOST: flags.host, ELASTIK_PORT: flags.port, ELASTIK_DATA: flags.data })
).pipe(Command.withDescription("Start the server."))
