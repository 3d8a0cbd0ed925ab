import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { bytes } from "./Response.ts"
import { manualScript, script, style } from "./shell/Assets.ts"

const asset = (text: string, type: string): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.succeed(bytes(text, `${type}; charset=utf-8`, { "cache-control": "no-cache" }))

/** Documents beside the typed API: its description for programs and people (C8), and the shell's parts (C14). */
export const DocumentsLive = Layer.mergeAll(
  HttpApiBuilder.middlewareOpenApi({ path: "/openapi.json" }),
  HttpApiSwagger.layer({ path: "/docs" }),
  HttpApiBuilder.Router.use((router) =>
    Effect.all([
      router.get("/shell.js", asset(script, "text/javascript")),
      router.get("/shell.css", asset(style, "text/css")),
      router.get("/manual.js", asset(manualScript, "text/javascript"))
    ])
  )
)
