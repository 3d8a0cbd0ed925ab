import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { recordBoot } from "../../src/services/Boot.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { machine, operator, T2, T3, user } from "../helpers/Machine.ts"
import { world } from "../helpers/Paths.ts"
import { plugin, registry, shelve } from "../helpers/Plugins.ts"
import { put, textOf } from "../helpers/Storages.ts"

it.effect("C17 /boot/env and /boot/grub say what the machine started with, and no secret", () =>
  Effect.gen(function* () {
    const worlds = yield* Worlds
    yield* recordBoot
    yield* worlds.overwrite(operator, put("lib/example", shelve(plugin())))
    yield* (yield* PluginRegistry).setState(operator, world("lib/example"), "active")
    yield* recordBoot
    const read = (name: string) => Effect.map(worlds.read(operator, world(name)), ({ body }) => textOf(body))
    expect(yield* read("boot/grub")).toBe("lib/example\n")
    const env = yield* read("boot/env")
    expect(env).toContain("ELASTIK_MAX_BODY=7\n")
    expect(env).toContain("ELASTIK_TOKEN\n")
    for (const secret of [T2, T3]) expect(env).not.toContain(secret)
    expect((yield* Effect.flip(worlds.read(user(2), world("boot/env"))))._tag).toBe("Forbidden")
    expect((yield* worlds.head(operator, world("boot/env"))).version).toBe(2)
  }).pipe(Effect.provide(Layer.fresh(Layer.provideMerge(registry, machine({ maxBody: 7 })))))
)
