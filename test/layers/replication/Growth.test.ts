import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { cpSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { directoryOf, put, session, temporary } from "../../helpers/Storages.ts"

const program = fileURLToPath(new URL("../../helpers/archiveGrowth.mjs", import.meta.url))

const small = 1500
const large = 250_000_000
/** Megabytes; less than what holding even the one world would take, with room for a machine that is busy. */
const most = 200

describe.runIf(process.platform === "linux")("C11.5 the archive of the worlds", () => {
  it.scoped(
    "takes memory that does not grow with what is stored",
    () =>
      Effect.gen(function* () {
        const data = yield* temporary
        yield* session(data, (storage) =>
          Effect.zipRight(
            storage.execute(put("home/a", randomBytes(500))),
            storage.execute(put("home/z", randomBytes(large)))
          )
        )
        for (let n = 0; n < small; n++) {
          cpSync(directoryOf(data, "home/a"), directoryOf(data, `home/m/${n}`), { recursive: true })
        }
        const { stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, [program, data]))
        const { bytes, ours, theirs, worlds } = JSON.parse(stdout)
        expect([worlds, bytes > large]).toEqual([small + 2, true])
        expect(ours + theirs).toBeLessThan(most)
      }),
    120_000
  )
})
