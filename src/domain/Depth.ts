import { trimOws } from "./Text.ts"

/** How far below a collection a request reaches (RFC 4918 section 10.2). */
export type Depth = "0" | "1" | "infinity"

/** The Depth header; `otherwise` when there is none, `undefined` when it says nothing that exists. */
export const parseDepth = (value: string | undefined, otherwise: Depth): Depth | undefined => {
  if (value === undefined) return otherwise
  const depth = trimOws(value).toLowerCase()
  return depth === "0" || depth === "1" || depth === "infinity" ? depth : undefined
}
