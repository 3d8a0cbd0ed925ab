import { useEffect, useState } from "preact/hooks"
import { hrefOf } from "../pure/Place.ts"
import { checkLinks, type Links, type Receipt, readPayload } from "../pure/Receipts.ts"
import { demand, demandJson, Problem } from "./Session.ts"
import { hashOf, remember } from "./Versions.ts"

/** Receipts that are read at a time, and as many of them as a page looks through unasked. */
const page = 1000
const unasked = 2000

interface Answer {
  readonly events: ReadonlyArray<Receipt>
  readonly next?: number
}

/** What this page found out by itself about the bytes of a world. */
export type BodyCheck =
  | { readonly state: "checking" }
  | { readonly state: "matches"; readonly sha256: string }
  | { readonly state: "differs"; readonly sha256: string; readonly wanted: string }
  | { readonly state: "unknown"; readonly why: string }

export interface HistoryOf {
  /** oldest first; the newest of many */
  readonly receipts: ReadonlyArray<Receipt>
  readonly links: Links | undefined
  /** whether the links reach back to the first receipt */
  readonly whole: boolean
  readonly body: BodyCheck
  readonly problem: Problem | undefined
  readonly checkAll: () => void
}

/** The receipts of a world as far as they are looked at, and both checks that need no key. `event` is the newest id. */
export const useHistory = (path: string, event: number): HistoryOf => {
  const [receipts, setReceipts] = useState<ReadonlyArray<Receipt>>([])
  const [from, setFrom] = useState(() => (event > unasked ? event - page : 0))
  const [body, setBody] = useState<BodyCheck>({ state: "checking" })
  const [problem, setProblem] = useState<Problem>()

  useEffect(() => {
    const abort = new AbortController()
    const read = async () => {
      const known = receipts.filter(({ id }) => id > from)
      const fresh = known.length > 0 && known[0] === receipts[0] ? [...known] : []
      let after: number | undefined = fresh.at(-1)?.id ?? from
      while (after !== undefined) {
        const query = `?after=${after}&limit=${page}`
        const answer: Answer = await demandJson(`/proc/events${hrefOf(path)}${query}`, { signal: abort.signal })
        fresh.push(...answer.events)
        after = answer.next
      }
      if (abort.signal.aborted) return
      setReceipts(fresh)
      setBody(await checkBody(path, fresh.at(-1), abort.signal))
    }
    read().catch((error) => {
      if (error instanceof Problem && !abort.signal.aborted) setProblem(error)
    })
    return () => abort.abort()
  }, [path, event, from])

  const [first] = receipts
  const whole = from === 0
  const links = first === undefined ? undefined : checkLinks(receipts, whole ? "" : first.prev_hmac)
  return { receipts, links, whole, body, problem, checkAll: () => setFrom(0) }
}

/** The bytes as they are now against what the newest receipt says of them. */
const checkBody = async (path: string, newest: Receipt | undefined, signal: AbortSignal): Promise<BodyCheck> => {
  const said = newest === undefined ? undefined : readPayload(newest.payload)
  if (said === undefined) return { state: "unknown", why: "the newest receipt cannot be read" }
  const response = await demand(`${hrefOf(path)}?raw`, { signal })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const sha256 = await hashOf(bytes)
  remember(path, sha256, bytes)
  return sha256 === said.sha256 ? { state: "matches", sha256 } : { state: "differs", sha256, wanted: said.sha256 }
}
