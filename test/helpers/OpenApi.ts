import { Schema } from "effect"

/** As much of OpenAPI 3.1 as a description must get right to be of use; unknown fields are kept out of the way. */
const Content = Schema.Record({ key: Schema.String, value: Schema.Struct({ schema: Schema.optional(Schema.Unknown) }) })
const Parameter = Schema.Struct({
  name: Schema.NonEmptyString,
  in: Schema.Literal("path", "query", "header", "cookie"),
  required: Schema.optional(Schema.Boolean),
  schema: Schema.Struct({ enum: Schema.optional(Schema.Array(Schema.String)) }),
  description: Schema.optional(Schema.String)
})
const Response = Schema.Struct({
  description: Schema.String,
  content: Schema.optional(Content),
  headers: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Struct({ schema: Schema.Unknown }) }))
})
const Security = Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }))
const Operation = Schema.Struct({
  operationId: Schema.NonEmptyString,
  summary: Schema.NonEmptyString,
  description: Schema.optional(Schema.String),
  parameters: Schema.optional(Schema.Array(Parameter)),
  requestBody: Schema.optional(Schema.Struct({ content: Content })),
  responses: Schema.Record({ key: Schema.String, value: Response }),
  security: Schema.optional(Security),
  tags: Schema.optional(Schema.Array(Schema.String))
})
export type Operation = typeof Operation.Type

const OpenApi = Schema.Struct({
  openapi: Schema.String.pipe(Schema.pattern(/^3\.1\.\d+$/)),
  info: Schema.Struct({ title: Schema.NonEmptyString, version: Schema.NonEmptyString }),
  paths: Schema.Record({
    key: Schema.String.pipe(Schema.startsWith("/")),
    value: Schema.Record({ key: Schema.String.pipe(Schema.pattern(/^[a-z]+$/)), value: Operation })
  }),
  components: Schema.Struct({ securitySchemes: Schema.Record({ key: Schema.String, value: Schema.Unknown }) }),
  security: Schema.optional(Security),
  tags: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.NonEmptyString })))
})
export type OpenApi = typeof OpenApi.Type

export const decodeOpenApi = (document: unknown): OpenApi => Schema.decodeUnknownSync(OpenApi)(document)

/** Every operation with its path and method. */
export const operationsOf = (
  api: OpenApi
): ReadonlyArray<readonly [path: string, method: string, operation: Operation]> =>
  Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [path, method, operation] as const)
  )

/** Every `$ref` in a document that leads nowhere in it. */
export const danglingRefs = (document: unknown): ReadonlyArray<string> => {
  const resolves = (ref: string): boolean => {
    let at: unknown = document
    for (const part of ref.replace(/^#\//, "").split("/")) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~")
      if (typeof at !== "object" || at === null || !(key in at)) return false
      at = Reflect.get(at, key)
    }
    return ref.startsWith("#/")
  }
  const found: Array<string> = []
  const walk = (value: unknown) => {
    if (typeof value !== "object" || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === "$ref" && typeof inner === "string" && !resolves(inner)) found.push(inner)
      walk(inner)
    }
  }
  walk(document)
  return found
}
