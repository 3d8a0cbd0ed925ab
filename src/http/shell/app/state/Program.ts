import { ask } from "./Session.ts"
import { makeStore } from "./Store.ts"

/**
 * Whether the server has another program by now than this page runs. The names of its files change with their content,
 * so what this page would load later is not there any more.
 */
export const outdated = makeStore(false)

/** How long what was found is believed while nothing hints at another server, in milliseconds. */
const believed = 60_000
let looked = Date.now()

/** Asks for this page's own script. The query keeps the worker out of it, who has the file for ever. */
export const checkProgram = async (): Promise<void> => {
  if (outdated.get()) return
  looked = Date.now()
  try {
    const { status } = await ask(`${new URL(import.meta.url).pathname}?still`, { method: "HEAD" })
    if (status === 404) outdated.set(true)
  } catch {
    // Without an answer nothing is known; the next occasion asks again.
  }
}

/** The same, when nobody has looked for a while. */
export const checkProgramSometimes = (): void => {
  if (Date.now() - looked > believed) void checkProgram()
}
