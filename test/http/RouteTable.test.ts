import { describe, expect, it } from "@effect/vitest"
import { methodsOf } from "../../src/http/RouteTable.ts"

describe("C4.6 the route table", () => {
  it("knows what serves a path by its first segment and the rest, and of others that nothing does", () => {
    const read = ["GET", "HEAD", "OPTIONS"]
    for (const path of ["/", "/proc", "/proc/", "/proc/status", "/docs", "/openapi.json", "/app/x.js", "/dev/"]) {
      expect([path, methodsOf(path)]).toEqual([path, read])
    }
    for (const path of ["/home/x", "/etc/a%2Fb", "/lib/x"]) expect(methodsOf(path)).toContain("DELETE")
    expect(methodsOf("/lib/x/state")).toContain("PUT")
    for (const path of ["/dev/gpu", "/shaped/home%2Fx", "/nothing", "/docs/x", "/proc/status/x", "/homes/x", "/app"]) {
      expect([path, methodsOf(path)]).toEqual([path, undefined])
    }
  })
})
