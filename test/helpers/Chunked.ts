/** The chunks at the beginning of what came, and what came after the last of them. */
export interface Dechunked {
  readonly chunks: ReadonlyArray<string>
  /** whether the chunk was there that says that there are no more */
  readonly ended: boolean
  readonly rest: string
}

/** Reads a chunked body (RFC 9112 section 7.1) as strictly as can be, in `latin1`; throws when it is none. */
export const dechunk = (said: string): Dechunked => {
  const chunks: Array<string> = []
  let rest = said
  for (;;) {
    const size = /^([0-9a-f]+)\r\n/.exec(rest)
    if (size?.[1] === undefined) {
      if (!/^[0-9a-f]*\r?$/.test(rest)) throw new Error(`no chunk begins with ${JSON.stringify(rest.slice(0, 40))}`)
      return { chunks, ended: false, rest }
    }
    const begin = size[0].length
    const end = begin + Number.parseInt(size[1], 16)
    if (rest.length < end + 2) return { chunks, ended: false, rest }
    if (rest.slice(end, end + 2) !== "\r\n") throw new Error(`a chunk of ${end - begin} bytes ends elsewhere`)
    if (end === begin) return { chunks, ended: true, rest: rest.slice(end + 2) }
    chunks.push(rest.slice(begin, end))
    rest = rest.slice(end + 2)
  }
}
