import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { constants } from "node:os"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { kill, lower } from "../../src/layers/ChildProcesses.ts"

const starved = fileURLToPath(new URL("../helpers/starved.mjs", import.meta.url))

describe.skipIf(process.platform === "win32")("C16 when this process can open no more files", () => {
  it("queries and archives are failures, and nothing else ends", async () => {
    const script = 'ulimit -n 1000; exec "$0" "$1"'
    const { stderr, stdout } = await promisify(execFile)("sh", ["-c", script, process.execPath, starved])
    const failure = "StorageFailure EMFILE"
    expect([JSON.parse(stdout), stderr]).toEqual([[failure, failure, "done"], ""])
  })
})

describe("a process", () => {
  it("that could not be started is nothing to kill or to lower", async () => {
    const child = spawn("/nowhere/program")
    const failed = once(child, "error")
    // A signal to it would be one to this group.
    kill(child)
    lower(child, constants.priority.PRIORITY_BELOW_NORMAL)
    expect(await failed).toMatchObject([{ code: "ENOENT" }])
  })

  it("that is gone is nothing to lower", async () => {
    const child = spawn(process.execPath, ["--version"])
    await once(child, "close")
    expect(() => lower(child, constants.priority.PRIORITY_LOW)).not.toThrow()
  })
})
