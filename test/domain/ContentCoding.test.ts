import { describe, expect, it } from "vitest"
import { chooseCoding } from "../../src/domain/ContentCoding.ts"

describe("RFC 9110 12.5.3: Accept-Encoding", () => {
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["gzip", "gzip"],
    ["gzip, br", "br"],
    ["GZIP", "gzip"],
    ["gzip;q=1, br;q=0.5", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["br;q=0, gzip;q=0", undefined],
    ["*", "br"],
    ["*;q=0.1, br;q=0", "gzip"],
    ["identity, br;q=0.5", undefined],
    ["deflate", undefined],
    ["br;q=junk, gzip", "gzip"],
    ["br ; q=0.9 , gzip ; q=0.8", "br"]
  ])("%j: %s", (header, chosen) => expect(chooseCoding(header, ["br", "gzip"])).toBe(chosen))
})
