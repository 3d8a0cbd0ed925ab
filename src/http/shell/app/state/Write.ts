import type { Meta } from "../pure/Meta.ts"
import { hrefOf } from "../pure/Place.ts"
import { ask, demand, problemOf } from "./Session.ts"
import type { Envelope } from "./World.ts"

/** A world as it is written over: its text, the tag that a condition names, and what a PUT has to repeat to keep. */
export interface Base {
  readonly world: Envelope
  readonly tag: string
  readonly meta: Meta
}

/** A world and its tag, in one answer, so that they belong together. */
export const readBase = async (path: string, signal?: AbortSignal): Promise<Base> => {
  const response = await demand(hrefOf(path), {
    headers: { accept: "application/json" },
    ...(signal === undefined ? {} : { signal })
  })
  const world: Envelope = await response.json()
  return { world, tag: response.headers.get("etag") ?? "", meta: metaOf(response.headers) }
}

/** The world's own metadata among the headers of an answer (C6); fetch has joined those of one name. */
export const metaOf = (headers: Headers): Meta => [...headers].filter(([name]) => name.startsWith("x-meta-"))

/** What came of a write: its receipt, or that somebody else was faster. */
export type Written =
  | { readonly outcome: "written"; readonly version: number; readonly sha256: string }
  | { readonly outcome: "conflict" }

/** Writes over exactly what `tag` names; over nothing when it is undefined. Other failures are thrown as problems. */
export const overwrite = async (
  path: string,
  body: string | Uint8Array<ArrayBuffer> | Blob,
  ext: string | undefined,
  base: Pick<Base, "tag" | "meta"> | undefined
): Promise<Written> => {
  const headers = new Headers(base === undefined ? { "if-none-match": "*" } : { "if-match": base.tag })
  for (const [name, value] of base?.meta ?? []) headers.append(name, value)
  // The ext says what it is; a type that the browser makes up would say otherwise.
  headers.set("content-type", "application/octet-stream")
  const query = ext === undefined || ext === "" ? "" : `?ext=${encodeURIComponent(ext)}`
  const response = await ask(`${hrefOf(path)}${query}`, { method: "PUT", headers, body })
  if (response.status === 412) return { outcome: "conflict" }
  if (!response.ok) throw await problemOf(response)
  const { sha256, version } = await response.json()
  return { outcome: "written", version, sha256 }
}
