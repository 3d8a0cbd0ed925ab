import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { leadOf } from "../../../src/http/shell/app/pure/Lead.ts"

const own = "http://127.0.0.1:3005"

describe("C14 where a frame may ask the page to go", () => {
  it.each([
    ["/", "/"],
    ["/?q=words%20for%20the%20router", "/"],
    ["/home/", "/home/"],
    ["/home/a%20b", "/home/a%20b"],
    ["/home/a#edit", "/home/a"],
    ["/home/a?raw", "/home/a"],
    ["/etc/gpu.conf", "/etc/gpu.conf"],
    ["/lib/", "/lib/"],
    ["/bin/home/a", "/bin/home/a"]
  ])("C14: to %s, by its path alone", (to, path) =>
    expect(leadOf(own + to, own)).toEqual({ kind: "here", href: own + path })
  )

  it.each([
    `${own}/lib/plugin`,
    `${own}/bin/lib/plugin`,
    `${own}/lib%2Fplugin`,
    `${own}/bin/bin/lib/plugin`,
    `${own}/shaped/home/a`,
    `${own}/dev/gpu`,
    `${own}/docs`,
    `${own}//elsewhere.example/home/a`,
    `${own}/home/%ff`,
    "http://127.0.0.1:3006/home/a",
    "https://127.0.0.1:3005/home/a",
    "http://localhost:3005/home/a",
    "https://example.com/"
  ])("C14: %s is for a tab of its own", (to) => expect(leadOf(to, own)).toEqual({ kind: "away", href: to }))

  it.each([
    undefined,
    null,
    7,
    {},
    "",
    "/home/a",
    "javascript:alert(1)",
    "data:text/html,x",
    `blob:${own}/x`,
    `filesystem:${own}/x`,
    "file:///etc/passwd",
    "about:blank",
    "ftp://127.0.0.1/",
    "http://localhost@example.com/",
    "http://:x@127.0.0.1:3005/home/a",
    `${own}/home/${"a".repeat(8192)}`
  ])("C14: nobody is led to %s", (to) => expect(leadOf(to, own)).toBeUndefined())

  it("C14: an address is shown whole, in ASCII", () => {
    const href = "https://exämple.com/a\u202eb"
    expect(leadOf(href, own)).toEqual({ kind: "away", href: "https://xn--exmple-cua.com/a%E2%80%AEb" })
  })

  it("C14: whatever is asked, the page goes to no other origin", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.string().map((path) => `${own}/${path}`)
        ),
        (to) => {
          const lead = leadOf(to, own)
          if (lead?.kind === "here") expect(new URL(lead.href).origin).toBe(own)
        }
      )
    )
  })
})
