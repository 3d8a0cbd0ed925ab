import { makeStore } from "./Store.ts"

/** What the server says of the credentials that it was shown (/proc/self). */
export interface Who {
  readonly tier: number
  readonly id: string
  readonly scope?: { readonly prefix: string; readonly mode: string }
  readonly expires?: number
}

/** Who uses this page. The credentials live here and nowhere else: no storage, no cookie, no address ever has them. */
export interface Session {
  readonly authorization: string | undefined
  readonly who: Who | undefined
}

const nobody: Session = { authorization: undefined, who: undefined }

export const session = makeStore<Session>(nobody)

/** An answer that is an error: a problem document (RFC 9457), or what is left of one. */
export class Problem extends Error {
  readonly status: number
  readonly title: string
  readonly headers: Headers
  constructor(status: number, title: string, detail: string, headers = new Headers()) {
    super(detail)
    this.status = status
    this.title = title
    this.headers = headers
  }
}

/** The server did not answer at all. */
export const unreachable = 0

/** A request with this page's credentials, and none of the browser's own. */
export const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
  const headers = new Headers(init.headers)
  const { authorization } = session.get()
  if (authorization !== undefined && !headers.has("authorization")) headers.set("authorization", authorization)
  try {
    return await fetch(path, { ...init, headers, credentials: "omit", cache: "no-store" })
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw new Problem(unreachable, "No answer", "The server cannot be reached.")
  }
}

/** What an answer that is no success complains of. */
export const problemOf = async (response: Response): Promise<Problem> => {
  const { headers, status, statusText } = response
  const text = await response.text().catch(() => "")
  try {
    const { detail, title } = JSON.parse(text)
    return new Problem(status, String(title ?? statusText), String(detail ?? ""), headers)
  } catch {
    // To whoever takes nothing but text an error is one line.
    const [, title, detail] = /^([^:\n]{1,60}): ([\s\S]*)/.exec(text.slice(0, 1000)) ?? [
      undefined,
      statusText,
      text.slice(0, 1000)
    ]
    return new Problem(status, title || `Status ${status}`, detail ?? "", headers)
  }
}

/** An answer that is a success, or its problem thrown. */
export const demand = async (path: string, init: RequestInit = {}): Promise<Response> => {
  const response = await ask(path, init)
  if (!response.ok) throw await problemOf(response)
  return response
}

/** JSON, as its sender says it to be: every answer of the server has the shape that /openapi.json tells. */
export const demandJson = async <A>(path: string, init: RequestInit = {}): Promise<A> => {
  const headers = new Headers(init.headers)
  headers.set("accept", "application/json")
  return (await demand(path, { ...init, headers })).json()
}

const whoIs = (authorization: string | undefined) =>
  demandJson<Who>("/proc/self", authorization === undefined ? {} : { headers: { authorization } })

/** What a header with credentials can hold, and what every token is made of. */
const sendable = /^[\x20-\x7e]+$/

/** Looks what somebody without credentials is worth here. */
export const arrive = async (): Promise<void> => {
  const who = await whoIs(undefined)
  if (session.get().authorization === undefined) session.set({ authorization: undefined, who })
}

/** Takes credentials, once the server has recognised them; whether it did. */
export const signIn = async (authorization: string): Promise<boolean> => {
  if (!sendable.test(authorization)) return false
  const who = await whoIs(authorization)
  if (who.id === "anonymous" || who.id === "open") return false
  session.set({ authorization, who })
  return true
}

export const signOut = (): void => {
  session.set(nobody)
  void arrive().catch(() => {})
}

export const bearer = (token: string): string => `Bearer ${token}`

export const basic = (user: string, password: string): string =>
  `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`
