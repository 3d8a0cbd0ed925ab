// A query process that does what it is told instead of what it is asked.
const ends = {
  throw: () => {
    throw new Error("thrown")
  },
  exit: () => process.exit(3),
  leave: () => process.disconnect(),
  memory: () => process.kill(process.pid, "SIGABRT"),
  rows: () => process.send({ _tag: "Rows", json: "[]", heavy: false }),
  heavy: () => process.send({ _tag: "Rows", json: "[]", heavy: true }),
  broken: () => process.send({ _tag: "Broken", message: "/secret/path", heavy: false }),
  silence: () => {}
}

process.on("message", ({ sql }) => ends[/'(\w+)'/.exec(sql)[1]]())
process.on("disconnect", () => process.exit())
