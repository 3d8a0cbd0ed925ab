import { useEffect, useState } from "preact/hooks"
import { type Meta, mayBeJoined, separated } from "../pure/Meta.ts"
import { hrefOf } from "../pure/Place.ts"
import { metaAfter, type Receipt } from "../pure/Receipts.ts"
import { demandJson } from "./Session.ts"

/** Receipts that are read at a time, and so often at most. */
const page = 1000
const patience = 20

/**
 * The metadata that a world had after an event, as its receipts have it signed: fetch cannot tell one header from
 * several. Undefined when no write of a whole world is found that set it.
 */
export const signedMeta = async (path: string, event: number, signal?: AbortSignal): Promise<Meta | undefined> => {
  let [end, size] = [event, 20]
  for (let round = 0; end > 0 && round < patience; round++) {
    const after = Math.max(0, end - size)
    const { events } = await demandJson<{ readonly events: ReadonlyArray<Receipt> }>(
      `/proc/events${hrefOf(path)}?after=${after}&limit=${end - after}`,
      signal === undefined ? {} : { signal }
    )
    const meta = metaAfter(events.filter(({ id }) => id <= end))
    if (meta !== undefined) return meta
    end = after
    size = page
  }
  return undefined
}

/** Headers as fetch shows them, each by itself again once that is known; `event` is the newest of the world. */
export const useMeta = (path: string, event: number, headers: Meta): Meta => {
  const [known, setKnown] = useState({ headers, meta: headers })
  useEffect(() => {
    if (!mayBeJoined(headers)) return
    const abort = new AbortController()
    signedMeta(path, event, abort.signal)
      .then((signed) => setKnown({ headers, meta: separated(headers, signed) }))
      .catch(() => {})
    return () => abort.abort()
  }, [path, event, headers])
  return known.headers === headers ? known.meta : headers
}
