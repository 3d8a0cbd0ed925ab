import { Either } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseFanout } from "../../src/domain/Fanout.ts"
import { anyWorld } from "../helpers/Paths.ts"

const names = (text: string) =>
  parseFanout(text).map(({ name, target }) => (Either.isRight(name) ? String(name.right) : `! ${target}`))

describe("C11.4 /etc/fanout.conf", () => {
  it.each([
    ["home/a\n/home/b\n", ["home/a", "home/b"]],
    ["", []],
    ["\n \n# home/a\n  # b\n", []],
    ["  home/a  \r\n\r\nhome/b", ["home/a", "home/b"]],
    ["\ufeffhome/a", ["home/a"]],
    ["home/a\n/home/a\n home/a", ["home/a"]],
    ["home/b\nhome/a\nhome/b", ["home/b", "home/a"]],
    ["home/e\u0301\nhome/é", ["home/é"]],
    ["home/a b # c", ["home/a b # c"]],
    ["home/a%20b", ["home/a%20b"]],
    ["etc/x\nusr/x\nvar/x\nboot/x\nlib/x", ["etc/x", "usr/x", "var/x", "boot/x", "lib/x"]]
  ])("%j", (text, expected) => {
    expect(names(text)).toEqual(expected)
  })

  it.each([
    ...["home", "/", "home/", "home/a/", "proc/status", "dev/fanout", "nowhere/x", "lib/x/state"],
    ...["home/../etc/x", "home/./a", "//home/a", "home//a", "home/a*", "C:\\x", "https://a.example/", "home/\u0001"],
    `home/${"x".repeat(300)}`
  ])("%j names no world, and says why", (line) => {
    const [before, target, after] = parseFanout(`home/a\n${line}\n${line}\nhome/b`)
    expect([before?.target, target?.target, after?.target]).toEqual(["home/a", line, "home/b"])
    expect(target && Either.isLeft(target.name) && target.name.left.message).toMatch(/\w/)
  })

  it("any worlds come back in their order, each once", () => {
    const spelled = fc.tuple(anyWorld, fc.constantFrom("", "/"), fc.constantFrom("", "  ", "\t"))
    fc.assert(
      fc.property(fc.array(spelled), fc.constantFrom("\n", "\r\n", "\n\n# -\n"), (lines, end) => {
        const plain = lines.filter(([name]) => name === name.trim())
        const text = plain.map(([name, slash, blank]) => blank + slash + name + blank).join(end)
        expect(names(text)).toEqual([...new Set(plain.map(([name]) => String(name)))])
      })
    )
  })

  it("no text is too strange to be read", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const targets = parseFanout(text).map(({ target }) => target)
        expect(new Set(targets).size).toBe(targets.length)
      })
    )
  })
})
