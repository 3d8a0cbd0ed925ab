/** One server-sent event; `id` is "" where none was given. */
export interface SseEvent {
  readonly event: string
  readonly data: string
  readonly id: string
}

/**
 * A reader of text/event-stream: feed it text as it comes, get the events that are complete. Lines end in LF, CR or
 * both; comments are passed over.
 */
export const sseReader = (): ((text: string) => ReadonlyArray<SseEvent>) => {
  let held = ""
  let event = ""
  let id = ""
  let data: Array<string> = []
  let afterCr = false

  return (text) => {
    const events: Array<SseEvent> = []
    held += afterCr && text.startsWith("\n") ? text.slice(1) : text
    if (text !== "") afterCr = text.endsWith("\r")
    const lines = held.split(/\r\n|\r|\n/)
    held = lines.pop() ?? ""
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0 || event !== "") events.push({ event: event || "message", data: data.join("\n"), id })
        event = ""
        data = []
        continue
      }
      const colon = line.indexOf(":")
      if (colon === 0) continue
      const field = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1)
      if (field === "event") event = value
      else if (field === "data") data.push(value)
      else if (field === "id") id = value
    }
    return events
  }
}
