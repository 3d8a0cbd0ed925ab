import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Stream from "effect/Stream"
import { type Child, entryOf } from "../../domain/Listing.ts"
import type { Entry } from "../../domain/World.ts"
import { bytes } from "../Response.ts"

/** A child of a collection, with what the catalog knows when it is a world. */
export type Listed = Child & { readonly entry?: Entry | undefined }

/** The forms of a listing in the server's order of preference; pipes get lines (C3.2). */
export const offers = ["text/plain", "application/json"]

const types: Readonly<Record<string, string>> = {
  "text/plain": "text/plain; charset=utf-8",
  "application/json": "application/json"
}

const asLine = (child: Listed): string => `${entryOf(child)}\n`

const asJson = ({ dir, entry, name }: Listed): string =>
  JSON.stringify(
    entry === undefined
      ? { name, dir }
      : { name, dir, version: entry.version, updated_at: new Date(entry.updatedAt).toISOString(), len: entry.len }
  )

/** A listing that is complete: its length is known, for HEAD as for GET. */
export const render = (children: Iterable<Listed>, type: string): HttpServerResponse.HttpServerResponse =>
  bytes(
    type === "application/json" ? `[${Array.from(children, asJson).join(",")}]` : Array.from(children, asLine).join(""),
    types[type] ?? type
  )

/** A listing of any length, written as it is read, chunk by chunk. */
export const renderStream = <E>(
  children: Stream.Stream<Listed, E>,
  type: string
): HttpServerResponse.HttpServerResponse => {
  const json = type === "application/json"
  let first = true
  const text = Stream.mapChunks(children, (chunk) => {
    const parts = Chunk.toReadonlyArray(chunk).map(json ? asJson : asLine)
    const comma = json && !first && parts.length > 0 ? "," : ""
    first = false
    return Chunk.of(comma + parts.join(json ? "," : ""))
  })
  const whole = json ? Stream.concat(Stream.concat(Stream.make("["), text), Stream.make("]")) : text
  return HttpServerResponse.stream(Stream.encodeText(whole), { contentType: types[type] ?? type })
}
