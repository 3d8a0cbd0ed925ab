import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import * as ServerKey from "../../src/layers/ServerKey.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { hmac } from "../helpers/Chains.ts"
import { temporary } from "../helpers/Storages.ts"

const using = (layer: typeof ServerKey.layer | typeof ServerKey.layerExisting, data: string, key?: string) =>
  Effect.map(EventChain, (chain) => chain.link("p", "q")).pipe(
    Effect.provide(layer),
    Effect.provide(
      Layer.merge(
        AppConfig.layerTest({ data, key: Option.map(Option.fromNullable(key), Redacted.make) }),
        NodeContext.layer
      )
    )
  )
const link = (data: string, key?: string) => using(ServerKey.layer, data, key)
const keyFile = (data: string) => join(data, ".key")

describe("C5.5 the key", () => {
  it.scoped("is 32 random bytes in hex, readable to this user alone", () =>
    Effect.gen(function* () {
      const [one, other] = [join(yield* temporary, "new"), yield* temporary]
      yield* link(one)
      yield* link(other)
      expect(readFileSync(keyFile(one), "utf8").trim()).toMatch(/^[0-9a-f]{64}$/)
      expect(readFileSync(keyFile(one), "utf8")).not.toBe(readFileSync(keyFile(other), "utf8"))
      expect(statSync(keyFile(one)).mode & 0o777).toBe(0o600)
    })
  )

  it.scoped("is made once and used again", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const first = yield* link(data)
      const kept = readFileSync(keyFile(data), "utf8")
      expect(yield* link(data)).toBe(first)
      expect(readFileSync(keyFile(data), "utf8")).toBe(kept)
    })
  )

  it.scoped("is the bytes that the hex stands for", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      writeFileSync(keyFile(data), `${Buffer.from("0123456789abcdef0123456789abcdef").toString("hex")}\n`)
      expect(yield* link(data)).toBe(hmac("0123456789abcdef0123456789abcdef", "p", "q"))
    })
  )

  it.scoped("ELASTIK_KEY comes first, as it is, and nothing is kept", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      expect(yield* link(data, "größe")).toBe(hmac("größe", "p", "q"))
      expect(existsSync(keyFile(data))).toBe(false)
    })
  )

  it.scoped("a file that holds no key stops the start instead of being replaced", () =>
    Effect.gen(function* () {
      for (const content of [
        "",
        "short",
        "ab".repeat(8),
        `zz${"ab".repeat(32)}`,
        `${"ab".repeat(20)}zz${"ab".repeat(11)}`
      ]) {
        const data = yield* temporary
        writeFileSync(keyFile(data), content)
        expect(`${content}: ${(yield* Effect.either(link(data)))._tag}`).toBe(`${content}: Left`)
        expect(readFileSync(keyFile(data), "utf8")).toBe(content)
      }
    })
  )

  it.scoped("a key that cannot be read is not replaced", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      mkdirSync(keyFile(data))
      expect((yield* Effect.flip(link(data)))._tag).toBe("StorageFailure")
    })
  )

  it.scoped("C5.4 a command that only looks makes none", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      expect((yield* Effect.flip(using(ServerKey.layerExisting, data)))._tag).toBe("StorageFailure")
      expect(existsSync(keyFile(data))).toBe(false)
      const made = yield* link(data)
      expect(yield* using(ServerKey.layerExisting, data)).toBe(made)
    })
  )
})
