import { Effect, Stream } from "effect"
import { describe, expect, test } from "vitest"
import { readLockInfo, readPropertyUpdate, readPropfind } from "../../../src/http/dav/Bodies.ts"

const request = (text: string) => ({
  stream: Stream.fromIterable(text.match(/.{1,9999}/gs) ?? []).pipe(Stream.encodeText)
})
const outcome = <A>(effect: Effect.Effect<A, { readonly _tag: string }>) =>
  Effect.runSync(Effect.match(effect, { onFailure: ({ _tag }): A | string => _tag, onSuccess: (value) => value }))
const D = 'xmlns:D="DAV:"'

test("C15 names that would be answered with megabytes are a bad request", () => {
  const names = Array.from({ length: 256 }, (_, n) => `<x:a${n}/>`).join("")
  const body = `<D:propfind ${D} xmlns:x="urn:${"y".repeat(3000)}"><D:prop>${names}</D:prop></D:propfind>`
  expect(outcome(readPropfind(request(body)))).toBe("BadRequest")
})

test("C15 an owner of a thousand elements is a bad request", () => {
  const owner = `<D:owner>${"<x/>".repeat(1000)}</D:owner>`
  const body = `<D:lockinfo ${D}><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype>${owner}</D:lockinfo>`
  expect(outcome(readLockInfo(request(body)))).toBe("BadRequest")
})

describe("C15 the body of PROPFIND", () => {
  test.each([
    ["", { _tag: "All", include: [] }],
    [`<D:propfind ${D}><D:allprop/></D:propfind>`, { _tag: "All", include: [] }],
    [
      `<D:propfind ${D}><D:allprop/><D:include><D:x/></D:include></D:propfind>`,
      { _tag: "All", include: [{ namespace: "DAV:", name: "x" }] }
    ],
    ['<propfind xmlns="DAV:"><propname/></propfind>', { _tag: "Names" }],
    [
      `<D:propfind ${D}><D:prop><D:getetag/><x xmlns="urn:y"/><z/><D:getetag/></D:prop></D:propfind>`,
      {
        _tag: "Some",
        names: [
          { namespace: "DAV:", name: "getetag" },
          { namespace: "urn:y", name: "x" },
          { namespace: "", name: "z" }
        ]
      }
    ],
    [`<D:propfind ${D}>\n<D:later/><D:prop/> </D:propfind>`, { _tag: "Some", names: [] }]
  ])("%s", (text, wanted) => {
    expect(outcome(readPropfind(request(text)))).toEqual(wanted)
  })

  test.each([
    "<propfind><allprop/></propfind>",
    `<D:propertyupdate ${D}/>`,
    `<D:propfind ${D}/>`,
    `<D:propfind ${D}><D:allprop/><D:propname/></D:propfind>`,
    `<D:propfind ${D}><D:prop/><D:prop/></D:propfind>`,
    `<D:propfind ${D}><D:prop>${Array.from({ length: 257 }, (_, n) => `<p${n}/>`).join("")}</D:prop></D:propfind>`,
    "<D:propfind"
  ])("is not %.80s", (text) => {
    expect(outcome(readPropfind(request(text)))).toBe("BadRequest")
  })

  test("over 256 KiB it is too large, and its rest is not kept", () => {
    let sent = 0
    const endless = Stream.repeatEffect(Effect.sync(() => Buffer.alloc(1024, 32 + 0 * sent++)))
    expect(outcome(readPropfind({ stream: endless }))).toBe("BodyTooLarge")
    expect(sent).toBeLessThan(300)
  })
})

describe("C15 the body of PROPPATCH", () => {
  test("its steps keep the order of the document, and values their XML", () => {
    const text = `<D:propertyupdate ${D} xmlns:z="urn:z">
      <D:remove><D:prop><z:a/></D:prop></D:remove>
      <D:set><D:prop xml:lang="de"><z:a>1<z:b/></z:a><c/></D:prop></D:set>
      <z:other/><D:remove><D:prop><c/></D:prop></D:remove></D:propertyupdate>`
    expect(outcome(readPropertyUpdate(request(text)))).toEqual([
      { _tag: "Remove", namespace: "urn:z", name: "a" },
      {
        _tag: "Set",
        namespace: "urn:z",
        name: "a",
        xml: '<z:a xmlns:D="DAV:" xmlns:z="urn:z" xml:lang="de">1<z:b/></z:a>'
      },
      { _tag: "Set", namespace: "", name: "c", xml: '<c xmlns:D="DAV:" xmlns:z="urn:z" xmlns="" xml:lang="de"/>' },
      { _tag: "Remove", namespace: "", name: "c" }
    ])
  })

  test.each(["", `<D:propertyupdate ${D}/>`, `<D:propertyupdate ${D}><D:set/></D:propertyupdate>`, "<a/>"])(
    "changes something: %j does not",
    (text) => {
      expect(outcome(readPropertyUpdate(request(text)))).toBe("BadRequest")
    }
  )
})

describe("C15 the body of LOCK", () => {
  const info = (scope: string, more = "", type = "<D:write/>") =>
    `<D:lockinfo ${D}><D:lockscope>${scope}</D:lockscope><D:locktype>${type}</D:locktype>${more}</D:lockinfo>`

  test.each([
    ["", undefined],
    [info("<D:exclusive/>"), { scope: "exclusive", owner: "" }],
    [info("<D:shared/>", "<D:owner>me</D:owner>"), { scope: "shared", owner: "me" }],
    [
      info("<D:exclusive/>", "<D:owner><D:href>mailto:a@b</D:href></D:owner>"),
      { scope: "exclusive", owner: '<D:href xmlns:D="DAV:">mailto:a@b</D:href>' }
    ]
  ])("%s", (text, expected) => {
    expect(outcome(readLockInfo(request(text)))).toEqual(expected)
  })

  test.each([
    info(""),
    info("<D:exclusive/><D:shared/>"),
    info("<exclusive/>"),
    info("<D:exclusive/>", "", "<D:read/>"),
    info("<D:exclusive/>", "", ""),
    `<D:lockinfo ${D}/>`
  ])("is not %s", (text) => {
    expect(outcome(readLockInfo(request(text)))).toBe("BadRequest")
  })
})
