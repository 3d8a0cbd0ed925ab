import { connect, type Socket } from "node:net"

/** An answer as its bytes said it, whoever wrote them. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
}

/** How long anything may take before a test says so. */
export const patience = 15_000

/** A connection that writes whatever it is told. `latin1` strings, so that a character is a byte. */
export const connection = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.off("error", reject)
      // What happens to a connection that a test breaks on purpose is not an error of the test.
      socket.on("error", () => {})
      resolve(socket)
    })
    socket.once("error", reject)
  })

/** Everything that comes until the other side closes. */
export const everything = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    const impatient = setTimeout(() => reject(new Error("the server did not close the connection")), patience)
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.once("close", () => {
      clearTimeout(impatient)
      resolve(Buffer.concat(chunks).toString("latin1"))
    })
  })

/** The first answer in what came; status 0 when nothing did. */
export const parseAnswer = (said: string): RawAnswer => {
  const end = said.indexOf("\r\n\r\n")
  const [first = "", ...fields] = said.slice(0, Math.max(end, 0)).split("\r\n")
  const headers = new Map(
    fields.map((line) => {
      const colon = line.indexOf(":")
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    })
  )
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0), headers, text: said.slice(end + 4) }
}

/** Sends bytes on a connection of their own and reads the answer to its end. */
export const sendRaw = async (port: number, bytes: string | Buffer): Promise<RawAnswer> => {
  const socket = await connection(port)
  const said = everything(socket)
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes)
  return parseAnswer(await said)
}

/** One request, line by line, after which the server shall close. */
export const requestText = (line: string, ...fields: ReadonlyArray<string>): string =>
  `${[line, "Host: 127.0.0.1", "Connection: close", ...fields].join("\r\n")}\r\n\r\n`
