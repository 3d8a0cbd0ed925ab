// What must be added to a model's time at least: a bare node:http server that asks it over one kept connection a client,
// reads the whole answer, and passes on the text in it.
import { Agent, request as ask, createServer } from "node:http"

const { port } = JSON.parse(process.argv[2])
const agent = new Agent({ keepAlive: true })

const read = (stream, then) => {
  const chunks = []
  stream.on("data", (chunk) => chunks.push(chunk)).on("end", () => then(Buffer.concat(chunks).toString()))
}

const server = createServer((request, response) =>
  read(request, (prompt) => {
    const body = JSON.stringify({ messages: [{ role: "user", content: prompt }], stream: true })
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) }
    const options = { port, host: "127.0.0.1", path: "/chat/completions", method: "POST", headers, agent }
    ask(options, (answer) =>
      read(answer, (events) => {
        const [line] = events.split("\n")
        const text = JSON.parse(line.slice("data: ".length)).choices[0].delta.content
        response.writeHead(200, { "content-type": "text/plain", "content-length": Buffer.byteLength(text) }).end(text)
      })
    ).end(body)
  })
)
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`))
