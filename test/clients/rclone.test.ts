import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { describeWith, runProgram, serveDav } from "../helpers/Clients.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { T3 } from "../helpers/TestServer.ts"

const parts = 8
const files = 2000

/** Directories of files with the names that people give them, and of many sizes, none among them. */
const fill = (root: string) => {
  for (let part = 0; part < parts; part++) mkdirSync(join(root, `part ${part}`, "größe & 'co'"), { recursive: true })
  for (let n = 0; n < files; n++) {
    const folder = join(root, `part ${n % parts}`, n % 5 === 0 ? "größe & 'co'" : "")
    const ending = ["txt", "bin", "html", "json", "tar.gz"][n % 5]
    const content = n % 3 === 0 ? Buffer.alloc(n, n) : Buffer.from(`<${n}>\r\n`.repeat(n % 50))
    writeFileSync(join(folder, `datei ${n} 100%;+=,# ü.${ending}`), content)
  }
}

describeWith("rclone", "C15 rclone", () => {
  test(`copies ${files} files up, finds no difference, and none after a restart`, async () => {
    const cwd = tempDirectory()
    const root = join(cwd, "files")
    fill(root)
    const password = (await runProgram("rclone", ["obscure", T3], { cwd })).said.trim()
    /** One rclone for each part: each sleeps 10 ms between any two requests of its own. */
    const everyPart = async (url: string, ...command: ReadonlyArray<string>) => {
      const env = {
        RCLONE_CONFIG: join(cwd, "rclone.conf"),
        RCLONE_CONFIG_DAV_TYPE: "webdav",
        RCLONE_CONFIG_DAV_URL: `${url}/dav/home`,
        RCLONE_CONFIG_DAV_VENDOR: "other",
        RCLONE_CONFIG_DAV_USER: "anybody",
        RCLONE_CONFIG_DAV_PASS: password
      }
      const outcomes = await Promise.all(
        Array.from({ length: parts }, (_, part) =>
          runProgram("rclone", [...command, join(root, `part ${part}`), `dav:mirror/part ${part}`], { cwd, env })
        )
      )
      expect(outcomes.filter(({ code }) => code !== 0)).toEqual([])
      return outcomes.map(({ said }) => said).join("")
    }
    const same = async (url: string) => {
      const said = await everyPart(url, "check", "--download")
      expect(said.match(/: 0 differences found/g)).toHaveLength(parts)
      const counts = [...said.matchAll(/: (\d+) matching files/g)].map(([, count]) => Number(count))
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(files)
    }

    const first = await serveDav(cwd)
    await everyPart(first.url, "copy", "--transfers", "2")
    await same(first.url)
    first.signal("SIGTERM")
    expect((await first.ended).code).toBe(0)
    await same((await serveDav(cwd)).url)
  }, 300_000)
})
