import { hrefOf } from "../pure/Place.ts"
import { sseReader } from "../pure/Sse.ts"
import { demand, Problem } from "./Session.ts"

/** What is asked of a source (C12). */
export interface Wish {
  readonly accept: string
  readonly intent: string
}

/** How far a shape has come. */
export interface Shape {
  readonly phase: "asking" | "streaming" | "done" | "failed" | "cancelled"
  readonly text: string
  /** media type and form, when they are known */
  readonly contentType?: string | undefined
  readonly form?: string | undefined
  /** the response's headers that speak of the shape */
  readonly headers?: Headers
  /** an answer with a status of its own, before there was anything */
  readonly problem?: Problem
  /** what went wrong after there was something */
  readonly error?: string
  readonly took: number
}

/** Text is told to the page so often at most, in milliseconds. */
const pace = 60

/**
 * Words as a header holds them: UTF-8, of which a browser takes each character for a byte. The server reads them so.
 */
const asHeader = (text: string): string =>
  String.fromCharCode(...new TextEncoder().encode(text.replace(/\p{Cc}/gu, " ")))

/** What is wrong with what is asked; undefined when nothing is. A media type is no text that could be encoded. */
export const flawOfWish = ({ accept }: Wish): string | undefined => {
  const [odd] = /[^\t\x20-\x7e]/u.exec(accept) ?? []
  return odd === undefined ? undefined : `Accept names media types, in ASCII alone: it cannot have “${odd}”.`
}

/** Asks for a shape and tells how it comes along, until `signal` aborts. */
export const shape = async (
  path: string,
  { accept, intent }: Wish,
  tell: (shape: Shape) => void,
  signal: AbortSignal
): Promise<void> => {
  const began = performance.now()
  let now: Shape = { phase: "asking", text: "", took: 0 }
  let timer: ReturnType<typeof setTimeout> | undefined
  const say = (change: Partial<Shape>, atOnce = true) => {
    now = { ...now, ...change, took: performance.now() - began }
    if (atOnce) {
      clearTimeout(timer)
      timer = undefined
      tell(now)
    } else {
      timer ??= setTimeout(() => {
        timer = undefined
        tell(now)
      }, pace)
    }
  }
  const flaw = flawOfWish({ accept, intent })
  if (flaw !== undefined) return say({ phase: "failed", error: flaw })
  say({})
  try {
    const response = await demand(`/shaped${hrefOf(path)}`, {
      headers: {
        accept: `${accept}, text/event-stream`,
        ...(intent === "" ? {} : { "x-semantic-intent": asHeader(intent) })
      },
      signal
    })
    const { headers } = response
    if (!(headers.get("content-type") ?? "").startsWith("text/event-stream")) {
      throw new Problem(response.status, "Not a stream", "Nothing shapes here: is the plugin semantic active?")
    }
    say({ phase: "streaming", headers })
    const parse = sseReader()
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      for (const { data, event } of parse(part.value)) {
        if (event === "message") say({ text: now.text + data }, false)
        else if (event === "error") say({ phase: "failed", error: data })
        else if (event === "done" && now.phase === "streaming") {
          const { ct, shape } = JSON.parse(data)
          say({ phase: "done", contentType: ct ?? undefined, form: shape ?? undefined })
        }
      }
    }
    if (now.phase === "streaming") say({ phase: "failed", error: "The answer ended too early." })
  } catch (error) {
    if (signal.aborted) say({ phase: "cancelled" })
    else if (error instanceof Problem) say({ phase: "failed", problem: error })
    else say({ phase: "failed", error: "The connection broke." })
  }
}
