import { Worker } from "node:worker_threads"
import { lower } from "../ChildProcesses.ts"
import type { Answer, Question, Reply } from "./Protocol.ts"

/**
 * The process in which statements run. SQLite as we have it cannot be interrupted, and a thread that is inside of it does
 * not end when it is told to: nothing but the end of a process stops it for certain. The statement runs in a thread, so
 * that this one stays able to end them both: when the server is gone, however it went, and when memory grows too large.
 */

/** Bytes in memory at which a statement is stopped, and from which on the process is not worth keeping. */
const mostMemory = 512 * 1024 * 1024
const muchMemory = 160 * 1024 * 1024

/** Milliseconds between looks at the memory, while a statement runs. */
const interval = 25

/** At once and whatever the thread does; an ordinary exit would wait for it. */
const end = () => process.kill(process.pid, "SIGKILL")

const memory = () => process.memoryUsage.rss()

const serve = () => {
  // Before the thread is there, which inherits it: what a query computes must not slow down the server.
  lower(process, 5)
  const thread = new Worker(new URL("./QueryThread.js", import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 }
  })
  let watch: NodeJS.Timeout | undefined

  process.on("message", (question: Question) => {
    watch = setInterval(() => {
      if (memory() > mostMemory) end()
    }, interval)
    thread.postMessage(question)
  })
  thread.on("message", (answer: Answer) => {
    clearInterval(watch)
    const reply: Reply = { ...answer, heavy: memory() > muchMemory }
    process.send?.(reply)
  })
  thread.on("error", (error) => {
    if ("code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") end()
    throw error
  })
  process.on("disconnect", end)
  // The server may have gone while this module was loading.
  if (!process.connected) end()
  // A terminal tells the whole group; when this process ends is for the server to say.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {})
}

if (process.send !== undefined) serve()
