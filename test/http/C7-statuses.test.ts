import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, holder, operator } = people(server)

beforeAll(() => operator.put("/boot/c73", "x"))

describe("C7.6 statuses", () => {
  test("C7.6 world routes and /auth/mint answer 403 to whoever may not, without a challenge", async () => {
    for (const [method, target] of [
      ["PUT", "/home/c76"],
      ["POST", "/home/c76"],
      ["DELETE", "/home/c76"],
      ["GET", "/boot/c73"],
      ["PUT", "/etc/c76"],
      ["POST", "/auth/mint"],
      ["GET", "/stream/boot/c73"]
    ] as const) {
      for (const asked of [anyone, holder("junk")]) {
        const refused = await asked.ask(method, target, {}, method === "PUT" || method === "POST" ? "x" : undefined)
        expect([method, target, refused.status]).toEqual([method, target, 403])
        expect(refused.headers["www-authenticate"]).toBeUndefined()
      }
    }
  })
  test("C7.6 a challenge is Basic realm=elastik", async () => {
    const refused = await anyone.get("/proc/verify/home/c76")
    expect([refused.status, refused.headers["www-authenticate"]]).toEqual([401, 'Basic realm="elastik"'])
  })
})
