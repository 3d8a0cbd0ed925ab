/** One server-sent event as text: every line of the data on a `data:` line of its own (WHATWG HTML section 9.2). */
export const frame = (event: { readonly event: string; readonly data: string; readonly id?: string }): string => {
  const id = event.id === undefined ? "" : `id: ${event.id}\n`
  return `${id}event: ${event.event}\n${event.data
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join("")}\n`
}

/** A comment: keeps the connection alive and says nothing. */
export const comment = (text: string): string => `: ${text}\n\n`
