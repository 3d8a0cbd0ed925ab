// What node:http can do at most: the same headers and bytes for every request, and nothing else.
import { createServer } from "node:http"

const { fields, body } = JSON.parse(process.argv[2])
const headers = Object.fromEntries(fields)
const bytes = Buffer.from(body, "base64")

const server = createServer((_request, response) => {
  response.writeHead(200, headers)
  response.end(bytes)
})
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`))
