import { type SseEvent, sseReader } from "../pure/Sse.ts"
import { checkProgram } from "./Program.ts"
import { ask, Problem, problemOf, unreachable } from "./Session.ts"
import { makeStore } from "./Store.ts"

/** How a page's one stream is: shown in the header. */
export type LiveState = "off" | "connecting" | "live" | "waiting" | "paused"

export const liveState = makeStore<LiveState>("off")

export interface Listener {
  readonly heard: (event: SseEvent) => void
  /** the server refuses, and asking again would not help */
  readonly refused: (problem: Problem) => void
  /**
   * whether to go on behind the last event. A collection's cursor says which server it is of; a world's is a number that
   * another life of the world has, too, so a world is told whole again.
   */
  readonly resumes: boolean
  /** the stream is open, for the first time or again */
  readonly opened?: () => void
}

/** A stream without a heartbeat for so long is dead; they come every 15 seconds. Milliseconds. */
const silence = 40_000
const shortest = 400
const patience = 10_000

/**
 * Follows a stream until the returned function is called. It rests while the page is hidden, comes back by itself, and
 * takes up where it was. A browser has six connections to a server; a page that is looked at takes one of them.
 */
export const follow = (path: string, { heard, opened, refused, resumes }: Listener): (() => void) => {
  let over = false
  let current: AbortController | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let delay = shortest
  let lastId = ""
  let again = false

  const say = (state: LiveState) => {
    if (!over) liveState.set(state)
  }

  const later = () => {
    say("waiting")
    retry = setTimeout(() => void connect(), delay * (0.75 + Math.random() / 2))
    delay = Math.min(delay * 2, patience)
  }

  const read = async (response: Response, abort: AbortController) => {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const parse = sseReader()
    for (;;) {
      const quiet = setTimeout(() => abort.abort(), silence)
      const part = await reader?.read().finally(() => clearTimeout(quiet))
      if (part === undefined || part.done || abort.signal.aborted) return
      for (const event of parse(part.value)) {
        if (event.id !== "") lastId = event.id
        heard(event)
        if (over) return
      }
    }
  }

  const connect = async (): Promise<void> => {
    if (over) return
    if (document.hidden) return say("paused")
    const abort = new AbortController()
    current = abort
    say("connecting")
    try {
      const headers = { accept: "text/event-stream", ...(lastId === "" || !resumes ? {} : { "last-event-id": lastId }) }
      const response = await ask(path, { headers, signal: abort.signal })
      if (!response.ok) throw await problemOf(response)
      if (abort.signal.aborted) return
      delay = shortest
      say("live")
      // After a while without a stream it may be another server, with another program.
      if (again) void checkProgram()
      again = true
      opened?.()
      await read(response, abort)
    } catch (error) {
      if (error instanceof Problem && error.status !== unreachable && error.status < 500 && error.status !== 429) {
        if (!over && current === abort) {
          say("off")
          refused(error)
        }
        return
      }
    }
    if (!over && current === abort) later()
  }

  const rest = () => {
    clearTimeout(retry)
    const abort = current
    current = undefined
    abort?.abort()
  }
  const onVisibility = () => {
    if (document.hidden) {
      rest()
      say("paused")
    } else if (current === undefined) void connect()
  }
  const onOnline = () => {
    if (liveState.get() !== "waiting") return
    rest()
    void connect()
  }

  document.addEventListener("visibilitychange", onVisibility)
  addEventListener("online", onOnline)
  void connect()
  return () => {
    over = true
    rest()
    document.removeEventListener("visibilitychange", onVisibility)
    removeEventListener("online", onOnline)
    liveState.set("off")
  }
}
