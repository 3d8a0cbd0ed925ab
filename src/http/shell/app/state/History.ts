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

/** Receipts in a row: all that follow the one with the id `from`. */
interface Row {
  readonly from: number
  readonly receipts: ReadonlyArray<Receipt>
}

const startOf = (event: number): number => (event > unasked ? event - page : 0)

/**
 * The receipts of a world as far as they are looked at, and both checks that need no key. `event` is the newest id, and
 * `moment` tells it from those of other worlds that had this path.
 */
export const useHistory = (path: string, event: number, moment: string): HistoryOf => {
  const [row, setRow] = useState<Row>({ from: startOf(event), receipts: [] })
  const [from, setFrom] = useState(row.from)
  const [body, setBody] = useState<BodyCheck>({ state: "checking" })
  const [problem, setProblem] = useState<Problem>()

  useEffect(() => {
    const abort = new AbortController()
    const { signal } = abort
    const read = async () => {
      const next =
        (await continued(path, row, from, signal)) ?? (await begun(path, Math.min(from, startOf(event)), signal))
      if (signal.aborted) return
      setRow(next)
      setFrom(next.from)
      setProblem(undefined)
      const checked = await checkBody(path, next.receipts.at(-1), signal)
      if (!signal.aborted) setBody(checked)
    }
    read().catch((error) => {
      if (error instanceof Problem && !signal.aborted) setProblem(error)
    })
    return () => abort.abort()
  }, [path, moment, from])

  const { receipts } = row
  const [first] = receipts
  const whole = row.from === 0
  const links = first === undefined ? undefined : checkLinks(receipts, whole ? "" : first.prev_hmac)
  return { receipts, links, whole, body, problem, checkAll: () => setFrom(0) }
}

const receiptsAfter = async (path: string, id: number, signal: AbortSignal): Promise<ReadonlyArray<Receipt>> => {
  const receipts: Array<Receipt> = []
  for (let after: number | undefined = id; after !== undefined; ) {
    const answer: Answer = await demandJson(`/proc/events${hrefOf(path)}?after=${after}&limit=${page}`, { signal })
    receipts.push(...answer.events)
    after = answer.next
  }
  return receipts
}

const begun = async (path: string, from: number, signal: AbortSignal): Promise<Row> => ({
  from,
  receipts: await receiptsAfter(path, from, signal)
})

/** What is known and what has come since; undefined when the newest that is known is not there any more. */
const continued = async (path: string, row: Row, from: number, signal: AbortSignal): Promise<Row | undefined> => {
  const last = row.receipts.at(-1)
  if (row.from !== from || last === undefined) return undefined
  const [again, ...fresh] = await receiptsAfter(path, last.id - 1, signal)
  return again?.hmac === last.hmac ? { from, receipts: [...row.receipts, ...fresh] } : undefined
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
