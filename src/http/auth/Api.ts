import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadPath, BadRequest, Forbidden } from "../../domain/Errors.ts"
import { Identified } from "../Caller.ts"
import { describe } from "../Describe.ts"
import { failsWith } from "../Problem.ts"

/** A capability as it is handed out (C7.4). */
export const Minted = Schema.Struct({
  token: Schema.String.annotations({ description: "for Authorization: Bearer" }),
  prefix: Schema.String,
  mode: Schema.Literal("r", "rw"),
  ttl_sec: Schema.Int,
  exp: Schema.Int.annotations({ description: "unix seconds" })
}).annotations({ identifier: "Minted" })

const field = (description: string) => Schema.optional(Schema.String.annotations({ description }))

/** Path-scoped tokens (C7.4). */
export class AuthGroup extends HttpApiGroup.make("auth")
  .add(
    HttpApiEndpoint.post("mint", "/auth/mint")
      .setUrlParams(
        Schema.Struct({
          prefix: field("what the token opens; /home"),
          ttl: field("seconds; 3600"),
          mode: field("r or rw; rw")
        })
      )
      .addSuccess(Minted)
      .addError(failsWith(BadPath, BadRequest, Forbidden))
      .annotateContext(
        describe({
          summary: "Mint a capability",
          description:
            "A signed token that opens one part of the machine for a while: chroot for LLMs. There is no server state " +
            "to revoke. Needs T3."
        })
      )
  )
  .middleware(Identified)
  .annotate(OpenApi.Description, "Capabilities.") {}
