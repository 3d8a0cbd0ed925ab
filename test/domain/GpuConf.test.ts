import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { type Line, parseGpuConf, schemes } from "../../src/domain/GpuConf.ts"

const only = (line: string): Line | undefined => parseGpuConf(line)?.lines[0]

describe("C11.1 the endpoint of a line", () => {
  it.each([
    ["ollama://localhost:11434", "http://localhost:11434"],
    ["ollama://", "http://localhost:11434"],
    ["ollama://localhost", "http://localhost:11434"],
    ["ollama://127.0.0.1", "http://127.0.0.1:11434"],
    ["ollama://localhost:80", "http://localhost"],
    ["ollama://[::1]:80/api", "http://[::1]"],
    ["ollama://[::1]", "http://[::1]:11434"],
    ["ollama://localhost/at:80/x", "http://localhost:11434/at:80/x"],
    ["ollama://http://localhost", "http://localhost"],
    ["ollama://localhost:11434/api", "http://localhost:11434"],
    ["ollama://gpu.example", "https://gpu.example"],
    ["ollama://https://localhost:8443/", "https://localhost:8443"],
    ["openai://", "https://api.openai.com/v1"],
    ["openai://api.openai.com", "https://api.openai.com/v1"],
    ["openai://api.openai.com/v1", "https://api.openai.com/v1"],
    ["openai://https://host/", "https://host/v1"],
    ["openai://https://host/openai/v1/", "https://host/openai/v1"],
    ["openai://127.0.0.1:8080", "http://127.0.0.1:8080/v1"],
    ["claude://", "https://api.anthropic.com"],
    ["claude://api.anthropic.com/v1", "https://api.anthropic.com"],
    ["claude://localhost:1/proxy/v1/", "http://localhost:1/proxy"],
    ["deepseek://", "https://api.deepseek.com"],
    ["deepseek://api.deepseek.com/v1", "https://api.deepseek.com/v1"],
    ["vast://203.0.113.7:40123", "https://203.0.113.7:40123/v1"],
    ["vast://http://203.0.113.7:40123", "http://203.0.113.7:40123/v1"],
    ["compat://localhost:8000", "http://localhost:8000/v1"],
    ["compat://LOCALHOST:8000/v2", "http://localhost:8000/v2"],
    ["compat://[::1]:8000", "http://[::1]:8000/v1"],
    ["compat://http://10.0.0.5:8000", "http://10.0.0.5:8000/v1"],
    ["compat://10.0.0.5:8000", "https://10.0.0.5:8000/v1"],
    ["compat://host:443", "https://host/v1"],
    ["compat://host:80", "https://host:80/v1"],
    ["COMPAT://HTTP://Host", "http://host/v1"],
    ["fake://", ""],
    ["fake://whatever", ""]
  ])("%s is at %s", (line, url) => {
    expect(only(line)).toMatchObject({ _tag: "Target", url })
  })

  it.each([
    ["compat://", /needs an endpoint/],
    ["vast://", /needs an endpoint/],
    ["localhost:11434", /not scheme:\/\/endpoint/],
    ["ollama:/localhost", /not scheme:\/\/endpoint/],
    ["://localhost", /not scheme:\/\/endpoint/],
    ["compat://a b", /spaces/],
    ["compat://ftp://host", /neither http nor https/],
    ["compat://http://http://host", /neither http nor https/],
    ["compat://user:secret@host", /credential/],
    ["compat://127.0.0.1@host", /credential/],
    ["compat://host?key=secret", /query/],
    ["compat://host#secret", /query/],
    ["compat://::1:8000", /no address/],
    ["compat://host:99999", /no address/],
    ["compat:///v1", /no address/],
    ["compat://\\\\host", /no address/],
    ["compat://https:////host", /no address/],
    ["ollama://http://", /no address/]
  ])("%s is unreadable", (line, why) => {
    const read = parseGpuConf(`# a comment\n\n${line}`)?.lines[0]
    expect(read).toMatchObject({ _tag: "Unreadable", line: 3, why: expect.stringMatching(why) })
    expect(JSON.stringify(read)).not.toContain("secret")
  })

  it.each(["gemini://x", "http://localhost:11434", "ollama2://x"])("%s has a scheme that nothing speaks", (line) => {
    expect(only(line)).toMatchObject({ _tag: "Unsupported", scheme: line.split(":")[0] })
  })
})

describe("C11.1 local", () => {
  it.each([
    ["fake://", true],
    ["ollama://", true],
    ["ollama://127.8.9.1:1", true],
    ["compat://127.1:80", true],
    ["compat://[::1]:80", true],
    ["compat://https://localhost", true],
    ["compat://localhost.example.com", false],
    ["compat://elastik.localhost", false],
    ["compat://127.0.0.1.example.com", false],
    ["compat://0.0.0.0:80", false],
    ["compat://[::2]:80", false],
    ["compat://http://10.0.0.5:8000", false],
    ["openai://", false],
    ["gemini://localhost", false],
    ["nonsense", false]
  ])("%s: %s", (line, local) => {
    expect(parseGpuConf(line)?.local).toBe(local)
    expect(parseGpuConf(`fake://\n${line}`)?.local).toBe(local)
  })
})

describe("C11.1 the lines of /etc/gpu.conf", () => {
  it("are what is neither blank nor a comment, in order", () => {
    const conf = parseGpuConf("\ufeff# first\r\n  ollama://  \r\n\t\n#openai://\nfake://\nclaude://")
    expect(conf?.lines.map((line) => line._tag === "Target" && line.name)).toEqual([
      ...["ollama://localhost:11434", "fake://", "claude://api.anthropic.com"]
    ])
    expect(conf?.text).toBe("ollama://\nfake://\nclaude://")
  })

  it.each(["", " \n\t\r\n", "# nothing", "#\n #x"])("%j says nothing", (text) => {
    expect(parseGpuConf(text)).toBeUndefined()
  })

  const anyLine = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .tuple(
        fc.constantFrom(...schemes, "x", ""),
        fc.constantFrom("://", ":", "://http://", "://https://"),
        fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom("", "localhost:1", "u:p@h", "h/p?q#f"))
      )
      .map((parts) => parts.join(""))
  )

  it("any text is read, and every backend in it can be asked and named", () => {
    fc.assert(
      fc.property(fc.array(anyLine), (lines) => {
        const conf = parseGpuConf(lines.join("\n"))
        for (const line of conf?.lines ?? []) {
          if (line._tag !== "Target" || line.scheme === "fake") continue
          const url = new URL(line.url)
          expect(["http:", "https:"]).toContain(url.protocol)
          expect(line.url).toMatch(/[^/]$/)
          expect([url.username, url.password, url.search, url.hash].join("")).toBe("")
          expect(line.name).toBe(`${line.scheme}://${url.host}`)
        }
      })
    )
  })

  it("plain http goes to this machine, or where the line says http itself", () => {
    fc.assert(
      fc.property(anyLine, (text) => {
        const line = only(text.replaceAll("\n", ""))
        if (line?._tag !== "Target" || !line.url.startsWith("http:")) return
        expect(line.local || /:\/\/http:\/\//i.test(text)).toBe(true)
      })
    )
  })

  it("comments, blank lines and spaces around a line change nothing but the numbers of lines", () => {
    const around = fc.constantFrom("", " ", "\t", "\r")
    fc.assert(
      fc.property(fc.array(fc.tuple(around, anyLine, around)), (lines) => {
        const plain = lines.map(([, line]) => line.replaceAll("\n", "")).join("\n")
        const dressed = lines
          .map(([before, line, after]) => `${before}${line.replaceAll("\n", "")}${after}`)
          .join("\n#\n\n")
        expect(parseGpuConf(dressed)?.text).toBe(parseGpuConf(plain)?.text)
        expect(parseGpuConf(dressed)?.local).toBe(parseGpuConf(plain)?.local)
      })
    )
  })
})
