import { useState } from "preact/hooks"
import { formatAge, formatBytes } from "../pure/Format.ts"
import { harmOf } from "../pure/Meta.ts"
import type { Aftermath, Receipt } from "../pure/Receipts.ts"
import { signedMeta } from "../state/Meta.ts"
import { useNow } from "../state/Now.ts"
import { Problem } from "../state/Session.ts"
import { recall } from "../state/Versions.ts"
import { type Envelope, isSame } from "../state/World.ts"
import { overwrite, readBase } from "../state/Write.ts"
import { Code } from "./Code.tsx"
import { notify } from "./Notices.tsx"

const deeds: Readonly<Record<string, string>> = {
  stage_written: "written",
  stage_appended: "appended to",
  stage_deleted: "deleted",
  stage_copied: "copied here",
  stage_moved: "moved here",
  state_transition: "state changed",
  plugin_activated_on_boot: "activated at start",
  plugin_load_failed: "failed to load",
  plugin_reloaded: "loaded again",
  gpu_call: "model called",
  gpu_stream_call: "model streamed",
  semantic_cache_write: "shape kept",
  router_cache_write: "route kept"
}

interface Props {
  readonly path: string
  readonly receipt: Receipt
  readonly said: Aftermath | undefined
  readonly world: Envelope
}

/** One receipt: what happened, when, what came of it; its proof on demand, and its bytes when they are at hand. */
export const ReceiptRow = ({ path, receipt, said, world }: Props) => {
  const now = useNow()
  const [open, setOpen] = useState(false)
  const [showing, setShowing] = useState(false)
  const seen = said === undefined ? undefined : recall(path, said.sha256)
  const isCurrent = said?.sha256 === world.sha256
  const more = said?.more.map(([name, value]) => `${name}: ${String(value)}`).join(", ")
  return (
    <li class="receipt" value={receipt.id}>
      <div class="line">
        <time dateTime={receipt.timestamp} title={receipt.timestamp}>
          {formatAge(Date.parse(receipt.timestamp), now)}
        </time>
        <strong>{deeds[receipt.type] ?? receipt.type}</strong>
        {said !== undefined && (
          <span class="outcome">
            version {said.version} · {said.ext} · {formatBytes(said.len)}
          </span>
        )}
        {said !== undefined && (
          <code class="short" title={`SHA-256 ${said.sha256}`}>
            {said.sha256.slice(0, 12)}
          </code>
        )}
        <span class="row-actions">
          {isCurrent && <span class="tag">current bytes</span>}
          {!isCurrent && seen !== undefined && said !== undefined && (
            <>
              <button type="button" class="quiet" aria-expanded={showing} onClick={() => setShowing(!showing)}>
                Show
              </button>
              <button type="button" class="quiet" onClick={() => restore(path, seen.bytes, receipt, said, world)}>
                Restore version {said.version}
              </button>
            </>
          )}
          <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            Receipt
          </button>
        </span>
      </div>
      {more !== undefined && more !== "" && <p class="hint">{more}</p>}
      {open && (
        <dl class="proof">
          <div>
            <dt>signed{receipt.withheld === undefined ? "" : `, with more: ${receipt.withheld.join(", ")}`}</dt>
            <dd>{receipt.payload}</dd>
          </div>
          <div>
            <dt>signature</dt>
            <dd>{receipt.hmac}</dd>
          </div>
          <div>
            <dt>follows</dt>
            <dd>{receipt.prev_hmac === "" ? "nothing: it is the first" : receipt.prev_hmac}</dd>
          </div>
        </dl>
      )}
      {showing && seen !== undefined && (
        <Code text={new TextDecoder().decode(seen.bytes)} ext={said?.ext ?? "txt"} label={`Version ${said?.version}`} />
      )}
    </li>
  )
}

/** Writes bytes that were here before, over exactly the version that is on the page. */
const restore = async (
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  { id }: Receipt,
  said: Aftermath,
  world: Envelope
): Promise<void> => {
  try {
    const meta = (await signedMeta(path, id)) ?? []
    const base = await readBase(path)
    const written = isSame(base.world, world)
      ? await overwrite(path, bytes, said.ext, { tag: base.tag, meta })
      : ({ outcome: "conflict" } as const)
    if (written.outcome === "conflict") return notify("Somebody wrote meanwhile; look again before you restore.")
    const harm = harmOf(meta)
    notify(
      written.sha256 === said.sha256
        ? `Version ${written.version} has the bytes of version ${said.version}, hash and all.${harm === undefined ? "" : ` ${harm}`}`
        : "What was written is not what the receipt says."
    )
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    notify(`${error.status} ${error.title}: ${error.message}`)
  }
}
