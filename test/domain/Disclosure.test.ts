import { describe, expect, it } from "vitest"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import { disclose } from "../../src/domain/Disclosure.ts"

const user: Caller = { ...anonymous, id: "token:T2", tier: 2, credentialed: true }
const operator: Caller = { ...user, id: "token:T3", tier: 3 }
const publicOnly = (path: string) => path.startsWith("home/public")

const row = (fields: Record<string, unknown>) => ({
  id: 1,
  timestamp: "2024-01-02T03:04:05.678Z",
  event_type: String(fields.type),
  payload: JSON.stringify(fields),
  hmac: "a".repeat(64),
  prev_hmac: ""
})
const copy = { op: "copy", len: 1, from: "home/private/x", type: "stage_copied" }
const call = { op: "state", prompt_len: 3, caller: "token:T2", type: "gpu_call" }

describe("C7 what of an event a reader may see", () => {
  it.each([
    ["a copy of what they may not read", copy, anonymous, ["from"], { op: "copy", len: 1, type: "stage_copied" }],
    [
      "a move of what they may not read",
      { ...copy, op: "move" },
      user,
      ["from"],
      { ...copy, op: "move", from: undefined }
    ],
    ["somebody else's call", call, anonymous, ["caller"], { op: "state", prompt_len: 3, type: "gpu_call" }]
  ])("C7.5: of %s one field is withheld, and named", (_, fields, reader, withheld, shown) => {
    const disclosed = disclose(row(fields), reader, publicOnly)
    expect(disclosed.withheld).toEqual(withheld)
    expect(JSON.parse(disclosed.payload)).toEqual(JSON.parse(JSON.stringify(shown)))
    expect({ ...disclosed, payload: "", withheld: "" }).toEqual({ ...row(fields), payload: "", withheld: "" })
  })

  it.each([
    ["a copy of what they may read", { ...copy, from: "home/public/x" }, anonymous],
    ["a call of their own", call, user],
    ["the change of a state", { op: "state", from: "pending", to: "active", type: "state_transition" }, anonymous],
    ["a copy of anything, to an operator", copy, operator],
    ["a call of anybody's, to an operator", call, operator]
  ])("C5.3: %s is the signed text as it is", (_, fields, reader) => {
    const event = row(fields)
    expect(disclose(event, reader, publicOnly)).toBe(event)
  })

  it("C5.4: what is no event stays what it is", () => {
    const event = { ...row(copy), payload: "not JSON" }
    expect(disclose(event, anonymous, publicOnly)).toBe(event)
  })
})
