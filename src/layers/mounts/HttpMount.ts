import { randomBytes } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { BodyTooLarge, Overloaded, UpstreamFailed } from "../../domain/Errors.ts"
import type { Mount } from "../../domain/Fstab.ts"
import { isVisibleAscii } from "../../domain/Text.ts"
import type { Adapter, Reading } from "./Adapter.ts"
import { ask, type Hold, makeClient, mostBytes, type NoReply, type ReplyTooLarge } from "./Upstream.ts"

/** How long another server may take, redirects and body and all. */
const patience = "30 seconds"

/** Bytes that all answers together may hold. Each is whole in memory as long as it is sent, and readers can be slow. */
const mostHeld = 256 * 1024 * 1024

/** Mounts of other servers, http and https (C11.2): to be read, through GET and HEAD, and nothing else. */
export const make: Effect.Effect<Adapter, never, Scope.Scope> = Effect.gen(function* () {
  const client = yield* makeClient
  const room = makeRoom(mostHeld)
  // In Via, as every gateway sends it (RFC 9110 section 7.6.3): a request that comes back to where it was is not sent on.
  const here = `1.1 elastik-${randomBytes(6).toString("hex")}`

  return {
    options: ["bearer"],
    read: (reading) => {
      const { headers, method, mount } = reading
      const failed = failure(mount)
      if (headers.via?.includes(here)) return failed("leads back to this one", "its own Via came back")
      const sent = {
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": "elastik",
        ...passedOn(headers),
        via: headers.via === undefined ? here : `${headers.via}, ${here}`,
        ...authorization(mount)
      }
      return Effect.flatMap(room, (hold) => ask(client, method, upstreamUrl(reading), sent, hold)).pipe(
        Effect.timeoutFail({ duration: patience, onTimeout: () => failed("took too long", `over ${patience}`) }),
        Effect.catchTags({
          NoReply: ({ cause, why }: NoReply) => failed(why, cause),
          ReplyTooLarge: (_: ReplyTooLarge) =>
            new BodyTooLarge({
              message: `the server of mount ${mount.name} answers with over ${mostBytes} bytes`,
              limit: mostBytes
            })
        })
      )
    }
  }
})

/** A share of a room that has so many bytes for all; it is given back with the scope. */
const makeRoom = (most: number): Effect.Effect<Hold, never, Scope.Scope> => {
  let held = 0
  const share = Effect.acquireRelease(
    Effect.sync(() => ({ bytes: 0 })),
    (mine) =>
      Effect.sync(() => {
        held -= mine.bytes
      })
  )
  return Effect.map(
    share,
    (mine): Hold =>
      (bytes) => {
        if (held + bytes > most) {
          return new Overloaded({ message: "the answers of mounted servers have no more room here", retryAfter: 1 })
        }
        held += bytes
        mine.bytes += bytes
        return Effect.void
      }
  )
}

const failure =
  ({ name }: Mount) =>
  (why: string, cause: unknown) =>
    new UpstreamFailed({ message: `the server of mount ${name} ${why}`, cause })

/** Below the declared URL, each name encoded where a path segment wants it (RFC 3986 section 3.3), the query as given. */
const upstreamUrl = ({ mount, path, search, slash }: Reading): URL => {
  const url = new URL(mount.source)
  const below = path.split("/").map(encodeSegment).join("/")
  if (path !== "" || slash)
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${below}${slash && path !== "" ? "/" : ""}`
  // Bytes that should have been escaped arrive as latin1.
  url.search = search.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)
  return url
}

const encodeSegment = (segment: string): string =>
  encodeURIComponent(segment).replace(/%(?:24|26|2B|2C|3B|3D|40)/g, decodeURIComponent)

const authorization = ({ options, userinfo }: Mount): Record<string, string> => {
  const bearer = options.get("bearer")
  if (bearer !== undefined) return { authorization: `Bearer ${Redacted.value(bearer)}` }
  if (userinfo === undefined) return {}
  return { authorization: `Basic ${Buffer.from(Redacted.value(userinfo), "utf8").toString("base64")}` }
}

/** What the caller says of the copy that it has; nothing else of its request is the other server's business. */
const passedOn = (headers: Reading["headers"]): Record<string, string> => {
  const conditions: Record<string, string> = {}
  for (const name of ["if-none-match", "if-modified-since"]) {
    const value = headers[name]
    if (value !== undefined && isVisibleAscii(value)) conditions[name] = value
  }
  return conditions
}
