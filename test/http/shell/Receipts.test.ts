import { describe, expect, it } from "vitest"
import { checkLinks, type Receipt, readPayload } from "../../../src/http/shell/app/pure/Receipts.ts"

const payload = (n: number) =>
  JSON.stringify({
    op: "put",
    len: n,
    ext: "txt",
    version_after: n,
    meta_headers: [["x-meta-author", "me"]],
    body_sha256_after: "ab",
    from: "/home/y",
    type: "stage_written",
    ts: `2026-01-0${n}T00:00:00.000Z`
  })
const hmac = (n: number) => String(n).repeat(64)
const receipt = (n: number): Receipt => ({
  id: n,
  timestamp: `2026-01-0${n}T00:00:00.000Z`,
  type: "stage_written",
  payload: payload(n),
  hmac: hmac(n),
  prev_hmac: n === 1 ? "" : hmac(n - 1)
})
const chain = [1, 2, 3].map(receipt)

describe("C14 receipts, checked without the key", () => {
  it("C14: links that hold", () => expect(checkLinks(chain, "")).toEqual({ ok: true, checked: 3 }))
  it("C14: a part of a chain holds from where it begins", () =>
    expect(checkLinks(chain.slice(1), hmac(1))).toEqual({ ok: true, checked: 2 }))
  it("C14: the first follows nothing", () => expect(checkLinks(chain.slice(1), "")).toMatchObject({ ok: false, at: 2 }))
  it.each([
    ["a signature", { hmac: hmac(9) }, 3],
    ["no signature", { hmac: "" }, 2],
    ["the link", { prev_hmac: hmac(9) }, 2],
    ["the type", { type: "stage_deleted" }, 2],
    ["the time", { timestamp: "2026-02-02T00:00:00.000Z" }, 2],
    ["the payload", { payload: "{}" }, 2]
  ] as const)("C14: %s that was changed breaks the chain where it shows", (_, change, at) => {
    const touched = chain.map((receipt) => (receipt.id === 2 ? { ...receipt, ...change } : receipt))
    expect(checkLinks(touched, "")).toMatchObject({ ok: false, at })
  })
  it("C14: one that was taken out is missed", () =>
    expect(checkLinks([receipt(1), receipt(3)], "")).toMatchObject({ ok: false, at: 3 }))
  it("C14: a payload says what came of the world, and what else there is", () =>
    expect(readPayload(payload(2))).toEqual({
      op: "put",
      len: 2,
      ext: "txt",
      version: 2,
      sha256: "ab",
      meta: [["x-meta-author", "me"]],
      type: "stage_written",
      ts: "2026-01-02T00:00:00.000Z",
      more: [["from", "/home/y"]]
    }))
  it.each(["", "null", "[]", "{", '{"op":1}'])("C14: %j is no payload", (text) =>
    expect(readPayload(text)).toBeUndefined()
  )
})
