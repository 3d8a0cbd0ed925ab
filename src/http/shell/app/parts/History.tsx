import { useState } from "preact/hooks"
import { count } from "../pure/Format.ts"
import { readPayload } from "../pure/Receipts.ts"
import { useHistory } from "../state/History.ts"
import type { Envelope } from "../state/World.ts"
import { BodyCheckCard, ChainCheckCard, ServerCheckCard } from "./Checks.tsx"
import { Failure } from "./Failure.tsx"
import { ReceiptRow } from "./ReceiptRow.tsx"

/** Receipts that are on the page before somebody asks for more. */
const step = 50

/** What happened to a world, receipt by receipt, and whether all of it can be believed. */
export const History = ({
  event,
  moment,
  path,
  world
}: {
  readonly path: string
  readonly world: Envelope
  /** id of the newest event */
  readonly event: number
  readonly moment: string
}) => {
  const history = useHistory(path, event, moment)
  const [shown, setShown] = useState(step)
  const { problem, receipts } = history
  if (problem !== undefined) return <Failure problem={problem} />
  const rows = receipts.slice(-shown).reverse()
  return (
    <div class="history">
      <div class="checks">
        <ChainCheckCard history={history} />
        <BodyCheckCard check={history.body} />
        <ServerCheckCard path={path} moment={moment} />
      </div>
      <ol class="receipts" reversed aria-label="Receipts, newest first">
        {rows.map((receipt) => (
          <ReceiptRow
            key={receipt.hmac}
            path={path}
            receipt={receipt}
            said={readPayload(receipt.payload)}
            world={world}
          />
        ))}
      </ol>
      {receipts.length > shown && (
        <div class="actions">
          <button type="button" onClick={() => setShown(shown + 4 * step)}>
            Show older ones, {count(receipts.length - shown, "receipt")}
          </button>
        </div>
      )}
    </div>
  )
}
