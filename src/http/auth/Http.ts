import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { longestTtl } from "../../domain/Capability.ts"
import { BadRequest } from "../../domain/Errors.ts"
import { canonicalText } from "../../domain/WorldPath.ts"
import { Access } from "../../services/Access.ts"
import { Auth } from "../../services/Auth.ts"
import { Api } from "../Api.ts"
import { CurrentCaller } from "../Caller.ts"

const ttlOf = (text: string): Effect.Effect<number, BadRequest> => {
  const ttl = /^\d{1,12}$/.test(text) ? Number(text) : 0
  return ttl >= 1 && ttl <= longestTtl
    ? Effect.succeed(ttl)
    : new BadRequest({ message: "ttl wants a positive whole number of seconds" })
}

const modeOf = (text: string): Effect.Effect<"r" | "rw", BadRequest> =>
  text === "r" || text === "rw" ? Effect.succeed(text) : new BadRequest({ message: "mode wants r or rw" })

/** Capabilities (C7.4). */
export const AuthLive = HttpApiBuilder.group(Api, "auth", (handlers) =>
  Effect.gen(function* () {
    const auth = yield* Auth
    const access = yield* Access
    return handlers.handle("mint", ({ urlParams }) =>
      Effect.gen(function* () {
        yield* access.require(yield* CurrentCaller, "operate", "auth/mint")
        const ttl_sec = yield* ttlOf(urlParams.ttl ?? "3600")
        const mode = yield* modeOf(urlParams.mode ?? "rw")
        const { path } = yield* canonicalText(urlParams.prefix || "/home")
        const exp = Math.floor((yield* Clock.currentTimeMillis) / 1000) + ttl_sec
        return { token: auth.mint({ prefix: path, mode }, exp), prefix: `/${path}`, mode, ttl_sec, exp }
      })
    )
  })
)
