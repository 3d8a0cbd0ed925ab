import { afterAll, beforeAll, expect, test } from "vitest"
import { bearer, start, T2, type TestServer } from "../helpers/TestServer.ts"

let server: TestServer
beforeAll(async () => {
  server = await start()
})
afterAll(() => server.stop())

test("C4.1 bytes go in as they are and come back", async () => {
  const put = await server.request("PUT", "/home/hello", { headers: bearer(T2), body: "<h1>I am alive</h1>" })
  expect(put.status).toBe(201)
  const get = await server.request("GET", "/home/hello?raw")
  expect(get.text).toBe("<h1>I am alive</h1>")
})
