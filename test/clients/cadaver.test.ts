import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { describeWith, runProgram, serveDav } from "../helpers/Clients.ts"
import { people } from "../helpers/People.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { T3 } from "../helpers/TestServer.ts"

const session = `mkcol trip
cd trip
put one.txt
put one.txt "two words.txt"
copy one.txt copied.txt
move copied.txt moved.txt
lock moved.txt
put one.txt moved.txt
discover moved.txt
unlock moved.txt
propset one.txt colour green
propget one.txt colour
get one.txt back.txt
mkcol sub
move one.txt sub/one.txt
copy sub other
ls
delete moved.txt
rmcol sub
cd ..
ls
`

describeWith("cadaver", "C15 cadaver", () => {
  test("a session with all of its commands", async () => {
    const cwd = tempDirectory()
    const server = await serveDav(cwd)
    writeFileSync(join(cwd, ".netrc"), `machine 127.0.0.1\nlogin anybody\npassword ${T3}\n`)
    chmodSync(join(cwd, ".netrc"), 0o600)
    writeFileSync(join(cwd, "one.txt"), "größe\n")
    const { said } = await runProgram("cadaver", [`${server.url}/dav/home/`], { cwd, input: session })
    expect(said).not.toContain("failed")
    expect(said.match(/succeeded/g)?.length, said).toBeGreaterThanOrEqual(17)
    expect(said).toContain("Value of colour is: green")
    expect(said).toMatch(/Coll: +trip/)
    expect(readFileSync(join(cwd, "back.txt"), "utf8")).toBe("größe\n")
    const { anyone } = people(server)
    expect((await anyone.get("/home/trip/")).text).toBe("other/\ntwo words.txt\n")
    expect((await anyone.get("/home/trip/other/one.txt?raw")).text).toBe("größe\n")
  }, 60_000)
})
