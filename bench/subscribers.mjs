// Many subscribers to a stream of a server (C9), over raw sockets, and what they cost it.
//
//   node bench/subscribers.mjs '{"port":3005,"pid":1,"count":1000,"path":"/stream/home/x","idle":5,"writes":0,...}'
//
// Connects `count` of them, lets them rest for `idle` seconds, then writes `writes` times to `write.path` and waits each
// time until all have heard. Prints one line of JSON: the server's memory for each (KB), its processor time while they
// rested (percent of one), and the times from sending a write to hearing of it (ms); ten writes before are not counted.
import { readFileSync } from "node:fs"
import { connect } from "node:net"

const { port, pid, count, path, idle, write, writes = 0, authorization } = JSON.parse(process.argv[2])

const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])
const processorTime = () => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
  return (Number(user) + Number(system)) * 10
}
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

let heard = 0
let onHeard = () => {}
const subscribe = (n) =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1")
    let ready = false
    socket.on("error", reject)
    socket.on("close", () => reject(new Error(`subscriber ${n} was let go`)))
    socket.on("data", (bytes) => {
      const text = bytes.toString("latin1")
      if (!ready && /\r\n\r\n/.test(text)) {
        ready = true
        if (!text.startsWith("HTTP/1.1 200")) reject(new Error(text.slice(0, 300)))
        resolve(socket)
      } else if (text.includes("event: ")) {
        heard++
        onHeard()
      }
    })
    socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: ${authorization}\r\n\r\n`)
  })

const together = 100
const before = resident()
for (let n = 0; n < count; n += together) {
  await Promise.all(Array.from({ length: Math.min(together, count - n) }, (_, i) => subscribe(n + i)))
}
// What connecting has left behind is not what a subscriber costs.
await sleep(2000)
const kilobytes = (resident() - before) / count

const cpuBefore = processorTime()
const restedSince = performance.now()
await sleep(idle * 1000)
const percent = ((processorTime() - cpuBefore) / (performance.now() - restedSince)) * 100

// What this process compiles and loads with the first writes is not what delivery takes.
const uncounted = writes > 0 ? 10 : 0
const times = []
for (let n = 0; n < uncounted + writes; n++) {
  heard = 0
  const began = performance.now()
  const all = new Promise((resolve) => {
    onHeard = () => {
      if (n >= uncounted) times.push(performance.now() - began)
      if (heard === count) resolve()
    }
  })
  const answer = await fetch(`http://127.0.0.1:${port}${write}`, {
    method: "PUT",
    headers: { authorization },
    body: String(n).padEnd(200, ".")
  })
  if (!answer.ok) throw new Error(`PUT answers ${answer.status}`)
  await all
}
times.sort((a, b) => a - b)
const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? null
console.log(JSON.stringify({ kilobytes, percent, p50: at(0.5), p99: at(0.99) }))
process.exit(0)
