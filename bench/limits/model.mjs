// A model that takes its time and no processor: every answer comes `delay` milliseconds after its request, as server-sent
// events to those who ask for a stream (POST /chat/completions), as plain bytes to everybody else.
import { createServer } from "node:http"

const { delay } = JSON.parse(process.argv[2])
const chunk = JSON.stringify({ choices: [{ delta: { content: "an answer" }, finish_reason: "stop" }] })
const events = Buffer.from(`data: ${chunk}\n\ndata: [DONE]\n\n`)

const server = createServer((request, response) => {
  request.resume().on("end", () =>
    setTimeout(() => {
      const type = request.url.endsWith("/chat/completions") ? "text/event-stream" : "text/plain"
      response.writeHead(200, { "content-type": type, "content-length": events.length }).end(events)
    }, delay)
  )
})
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`))
