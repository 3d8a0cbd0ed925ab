// A closed loop over raw sockets: every client sends its next request when the answer to the last one is complete.
//
//   node bench/load.mjs '{"port":3005,"seconds":2,"jobs":[{"clients":32,"path":"/home/x?raw"}]}'
//
// A job: `clients`, `path` ("{n}" counts 0, 1, 2 ... and around below `worlds`, here and there if `scattered`),
// `method`, `headers` ("{n}" counts there too), `body` (its size in bytes), `follow` (walk along Link: rel="next"), `count` (that many requests,
// whatever the time).
// Prints one line of JSON. node:http as a client would cost more than the servers under test, hence the sockets.
import { connect } from "node:net"

const { port, seconds = 2, warm = 0.3, jobs } = JSON.parse(process.argv[2])

const headEnd = Buffer.from("\r\n\r\n")
// All sockets read into one buffer: each read is dealt with before the next one starts.
const buffer = Buffer.allocUnsafe(256 * 1024)

/** A function that gives the next request, optionally for a given path. */
const requests = ({
  path,
  method = "GET",
  headers = {},
  body,
  worlds = Number.POSITIVE_INFINITY,
  scattered = false
}) => {
  const fields = Object.entries({ host: `127.0.0.1:${port}`, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")
  const write = (target, n) => {
    const content = body === undefined ? "" : String(n).padEnd(body, ".")
    const length = body === undefined ? "" : `content-length: ${body}\r\n`
    return `${method} ${target} HTTP/1.1\r\n${fields.replace("{n}", n)}${length}\r\n${content}`
  }
  const fixed =
    !`${path}${fields}`.includes("{n}") && body === undefined ? Buffer.from(write(path, 0), "latin1") : undefined
  let n = 0
  return (target) => {
    if (target !== undefined) return write(target, n++)
    if (fixed !== undefined) return fixed
    const at = n++
    // A large prime visits every world once before it comes back to one.
    return write(path.replace("{n}", (scattered ? at * 7919 : at) % worlds), at)
  }
}

const run = (job, begin, end) =>
  new Promise((resolve, reject) => {
    const { clients, follow = false, count = Number.POSITIVE_INFINITY } = job
    const next = requests(job)
    const latencies = new Float64Array(1 << 21)
    let recorded = 0
    let sent = 0
    let live = clients

    const open = () => {
      let sentAt = 0
      let missing = 0
      let rest
      let target
      let over = false

      const send = () => {
        sent++
        sentAt = performance.now()
        socket.write(next(target), "latin1")
      }
      const done = () => {
        const now = performance.now()
        // By their ends: to want the beginning too would lose what takes long, and only that.
        if (now >= begin && now <= end) latencies[recorded++] = now - sentAt
        if (now < end && sent < count) return send()
        over = true
        socket.end()
      }
      const receive = (chunk) => {
        if (missing > 0) {
          missing -= chunk.length
          if (missing === 0) done()
          return
        }
        const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
        const at = bytes.indexOf(headEnd)
        if (at < 0) {
          rest = Buffer.from(bytes)
          return
        }
        rest = undefined
        const head = bytes.latin1Slice(0, at)
        const length = /\r\ncontent-length: (\d+)/i.exec(head)
        // A figure over refusals is no figure.
        if (bytes[9] !== 50 || length === null)
          return reject(new Error(`${job.path}: ${bytes.toString("latin1", 0, 600)}`))
        if (follow) target = /\r\nlink: <([^>]+)>; rel="next"/i.exec(head)?.[1]
        missing = at + 4 + Number(length[1]) - bytes.length
        if (missing === 0) done()
      }
      const callback = (size) => {
        receive(buffer.subarray(0, size))
        return true
      }
      const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread: { buffer, callback } }, send)
      socket.on("error", reject)
      socket.on("close", () => {
        if (!over) reject(new Error(`${job.path}: the server hung up`))
        if (--live === 0) resolve(summary(latencies.subarray(0, recorded).sort(), end))
      })
    }
    for (let i = 0; i < clients; i++) open()
  })

const summary = (sorted, end) => {
  const at = (quantile) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0
  const perSecond = Number.isFinite(end) ? sorted.length / seconds : undefined
  return { requests: sorted.length, perSecond, p50: at(0.5), p99: at(0.99), max: at(1) }
}

const counted = jobs.some((job) => job.count !== undefined)
const begin = performance.now() + (counted ? 0 : warm * 1000)
const end = counted ? Number.POSITIVE_INFINITY : begin + seconds * 1000
setTimeout(() => process.exit(3), (counted ? 60 : warm + seconds + 10) * 1000).unref()

const results = await Promise.all(jobs.map((job) => run(job, begin, end)))
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ results, busy: (user + system) / 1000 / performance.now() }))
