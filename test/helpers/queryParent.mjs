// A program that starts a query process, has it count for ever, and says which process that is.
import { fork } from "node:child_process"

const child = fork(process.argv[2], [], { env: {}, execArgv: [], serialization: "advanced" })
child.send({ file: process.argv[3], sql: process.argv[4], pragma: false }, () => console.log(child.pid))
