import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Schema from "effect/Schema"
import { chooseCoding } from "../../domain/ContentCoding.ts"
import { bytes } from "../Response.ts"

const Headers = Schema.Record({ key: Schema.String, value: Schema.String })
const Coding = Schema.Literal("br", "gzip")
type Coding = typeof Coding.Type

/** What the build has made of the browser's application (build.mjs). */
const Index = Schema.parseJson(
  Schema.Struct({
    entry: Schema.Struct({
      icon: Schema.String,
      touchIcon: Schema.String,
      script: Schema.String,
      manual: Schema.String,
      style: Schema.String
    }),
    files: Schema.Record({
      key: Schema.String,
      value: Schema.Struct({
        type: Schema.String,
        fixed: Schema.Boolean,
        headers: Headers,
        encodings: Schema.Array(Coding)
      })
    })
  })
)

/** One file of the application, and its compressed forms. */
interface Asset {
  readonly type: string
  /** whether it keeps its name when its content changes */
  readonly fixed: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly tag: string
  readonly plain: Uint8Array
  readonly packed: ReadonlyMap<Coding, Uint8Array>
}

// Both of src and of dist, this module lies three directories below the package.
const built = new URL("../../../dist/shell/", import.meta.url)
const index = existsSync(new URL("index.json", built))
  ? Schema.decodeSync(Index)(readFileSync(new URL("index.json", built), "utf8"))
  : undefined

/** What a page of the application loads; undefined when it was not built. Read once, like all of its files. */
export const entry = index?.entry

const load = (name: string): Uint8Array => readFileSync(new URL(name, built))

/** Every file, by its path without the leading slash. */
export const assets: ReadonlyMap<string, Asset> = new Map(
  Object.entries(index?.files ?? {}).map(([name, { encodings, fixed, headers, type }]) => {
    const plain = load(name)
    return [
      name,
      {
        type,
        fixed,
        headers,
        plain,
        tag: createHash("sha256").update(plain).digest("base64url").slice(0, 22),
        packed: new Map(encodings.map((encoding) => [encoding, load(`${name}.${encoding}`)]))
      }
    ]
  })
)

/** What a page says of a script that it wants to run: the hash of its bytes, as `integrity` and policies have it. */
export const integrityOf = (href: string): string | undefined => {
  const asset = assets.get(href.slice(1))
  return asset === undefined ? undefined : `sha256-${createHash("sha256").update(asset.plain).digest("base64")}`
}

const aYear = "public, max-age=31536000, immutable"

/** A file in the smallest form that the client reads. Names that change with the content are good for ever. */
export const assetAnswer = (
  { fixed, headers, packed, plain, tag, type }: Asset,
  request: Pick<HttpServerRequest.HttpServerRequest, "headers">
): { readonly tag: string; readonly response: HttpServerResponse.HttpServerResponse } => {
  const coding = chooseCoding(request.headers["accept-encoding"], [...packed.keys()])
  const own = coding === undefined ? tag : `${tag}-${coding}`
  const response = bytes((coding === undefined ? undefined : packed.get(coding)) ?? plain, type, {
    ...headers,
    etag: `"${own}"`,
    vary: "Accept-Encoding",
    "cache-control": fixed ? "no-cache" : aYear,
    "content-encoding": coding
  })
  return { tag: own, response }
}
