import { describe, expect, it } from "vitest"
import { extFor, type TypeHints } from "../../src/domain/Ext.ts"
import { world } from "../helpers/Paths.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const ext = (hints: Partial<TypeHints>, name = "home/x") =>
  extFor({ name: world(name), ext: undefined, contentType: undefined, body: bytes("plain"), ...hints })

const form = "application/x-www-form-urlencoded"

describe("extFor (C4.2)", () => {
  it("?ext= comes before everything", () => {
    expect(ext({ ext: "md", contentType: "text/html", body: bytes("<p>") }, "lib/a.css")).toBe("md")
    expect(ext({ ext: "MD" })).toBe("md")
  })

  it.each(["../x", "a/b", ".", "é", "a b", "x".repeat(33), "\u212a"])("?ext=%s is no ext", (value) => {
    expect(ext({ ext: value })).toBeUndefined()
  })

  it("an empty ?ext= says nothing", () => {
    expect(ext({ ext: "", contentType: "text/css" })).toBe("css")
  })

  it("a Content-Type comes before the name", () => {
    expect(ext({ contentType: "application/json; charset=utf-8" }, "home/a.css")).toBe("json")
  })

  it.each([form, "application/octet-stream", "multipart/form-data; boundary=x", "nonsense", "*/*", ""])(
    "a Content-Type of %j means nothing",
    (contentType) => {
      expect(ext({ contentType }, "home/a.css")).toBe("css")
    }
  )

  it.each([
    ["home/a.md", "md"],
    ["home/a.tar.gz", "gz"],
    ["lib/plugin.js", "js"],
    ["home/a.PNG", "png"]
  ])("%s has its own: %s", (name, expected) => {
    expect(ext({}, name)).toBe(expected)
  })

  it("lib is TypeScript, whatever it looks like", () => {
    expect(ext({ body: bytes("<p>") }, "lib/x")).toBe("ts")
    expect(ext({ body: Uint8Array.of(0) }, "lib/a/b")).toBe("ts")
    expect(ext({ contentType: form }, "lib/x")).toBe("ts")
    expect(ext({}, "home/lib")).toBe("txt")
  })

  it.each([
    ["<h1>hi</h1>", "html"],
    ["\uFEFF \n<!doctype html>", "html"],
    ["<?xml version='1.0'?>", "html"],
    ["< 3", "txt"],
    ["hello", "txt"],
    ["größe", "txt"],
    ["", "txt"]
  ])("%j is %s", (text, expected) => {
    expect(ext({ body: bytes(text) })).toBe(expected)
  })

  it.each([[[0xff, 0xfe]], [[0x61, 0x00]], [[0xc3]]])("%j is bin", (values) => {
    expect(ext({ body: Uint8Array.from(values) })).toBe("bin")
  })
})
