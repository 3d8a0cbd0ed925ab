/** Server-sent events as text (WHATWG HTML section 9.2). */
export interface ServerSentEvent {
  /** none is a `message` */
  readonly event?: string
  readonly data: string
  readonly id?: string
}

/** One event: every line of the data on a `data:` line of its own, which the browser puts together again. */
export const frame = ({ data, event, id }: ServerSentEvent): string => {
  const head = `${id === undefined ? "" : `id: ${id}\n`}${event === undefined ? "" : `event: ${event}\n`}`
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `${head}${lines.join("")}\n`
}

/** A comment: keeps the connection alive and says nothing. */
export const comment = (text: string): string => `: ${text}\n\n`
