import { randomBytes } from "node:crypto"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { Asked } from "../Asked.ts"
import { bytes, withHeaders } from "../Response.ts"
import { assets } from "./Assets.ts"

type Response = HttpServerResponse.HttpServerResponse

const doorway = assets.get("app/doorway.html")

/** What tells the application that a message comes from a doorway, and not from the world that was there before. */
const seal = randomBytes(16).toString("base64url")

/** The seal, for pages of this origin: no world can read the answer. */
export const sealAnswer = bytes(seal, "text/plain; charset=utf-8", { "cache-control": "no-store" })

/** Whether an answer is a page that no frame may show. */
const isUnframed = ({ headers }: Response): boolean =>
  /\bframe-ancestors 'none'/.test(headers["content-security-policy"] ?? "")

const fields = "Sec-Fetch-Dest, Sec-Fetch-User"

/**
 * What is sent where a link in a world leads its frame to a page that no frame may show: a page of a few lines that asks
 * the one around it to go there (C14), sealed if it was somebody's click in that very frame that led there. It reveals
 * nothing but the address that was asked for, has an origin of its own, and is shown in frames of the application alone.
 * Browsers say that it is a frame, and that there was a click, only where they trust the connection (HTTPS, or this
 * computer); elsewhere such links end in a frame that stays empty.
 */
export const orDoorway = ({ headers }: Pick<Asked, "headers">, response: Response): Response => {
  if (!isUnframed(response)) return response
  const { vary } = response.headers
  const common = { vary: vary === undefined ? fields : `${vary}, ${fields}` }
  const { "sec-fetch-dest": destination, "sec-fetch-user": user } = headers
  if (doorway === undefined || (destination !== "iframe" && destination !== "frame")) {
    return withHeaders(response, common)
  }
  const page = Buffer.from(doorway.plain).toString("utf8")
  return bytes(
    page.replace("SEAL", user === "?1" ? seal : ""),
    doorway.type,
    { ...doorway.headers, ...common, "cache-control": "no-store" },
    // Nobody is asked for a password because a world wants it: that is for the page to which the doorway leads.
    response.status === 401 ? 403 : response.status
  )
}
