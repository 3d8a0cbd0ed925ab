import { expect, test } from "vitest"
import { describeWith, runProgram, serveDav } from "../helpers/Clients.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { T3 } from "../helpers/TestServer.ts"

describeWith("litmus", "C15 litmus, the WebDAV protocol's test suite", () => {
  test.each(["basic", "copymove", "props", "locks", "http"])(
    "%s",
    async (suite) => {
      const cwd = tempDirectory()
      const { url } = await serveDav(cwd)
      const args = ["-k", `${url}/dav/home/`, "anybody", T3]
      const { said } = await runProgram("litmus", args, { cwd, env: { TESTS: suite } })
      const [, run, passed] = /of (\d+) tests run: (\d+) passed, 0 failed/.exec(said) ?? []
      expect(run, said).toBeDefined()
      expect([run, said.match(/FAIL|WARNING|SKIPPED/g)]).toEqual([passed, null])
    },
    120_000
  )
})
