import { useLayoutEffect, useState } from "preact/hooks"
import { hrefOf, parentOf } from "../pure/Place.ts"
import { follow } from "./Live.ts"
import { ask, type Problem, session } from "./Session.ts"
import { useStore } from "./Store.ts"
import { hashOf, remember } from "./Versions.ts"

/** A world as streams and `application/json` tell it (C2.2). */
export interface Envelope {
  readonly stage_html: string
  readonly version: number
  readonly ext: string
  readonly state: string
  readonly updated_at: string
  readonly len: number
  readonly sha256: string
}

/**
 * Whether two envelopes are of one version. Its number does not say so: a world that was deleted and made anew counts
 * from one again, and so do its events.
 */
export const isSame = (a: Envelope, b: Envelope): boolean =>
  a.version === b.version && a.sha256 === b.sha256 && a.updated_at === b.updated_at

/** What a page knows of a world. */
export type Known =
  | { readonly phase: "loading" }
  | {
      readonly phase: "here"
      readonly world: Envelope
      /** id of the newest event, as it stands in the stream */
      readonly event: string
      /** names what is in view, among all that ever had this path; fit for a query */
      readonly moment: string
    }
  | { readonly phase: "missing"; readonly last: Envelope | undefined }
  | { readonly phase: "refused"; readonly problem: Problem }

/** Whether the envelope's text is all of the world: it is empty for bytes that are no text. */
export const isText = ({ len, stage_html }: Envelope): boolean => len === 0 || stage_html !== ""

const utf8 = new TextEncoder()

const keep = async (path: string, { sha256, stage_html }: Envelope): Promise<void> => {
  const bytes = utf8.encode(stage_html)
  // What is kept under a hash has that hash, whatever the stream says.
  if ((await hashOf(bytes)) === sha256) remember(path, sha256, bytes)
}

const momentOf = ({ sha256, updated_at }: Envelope, event: string): string =>
  `${event}-${Date.parse(updated_at)}-${sha256.slice(0, 16)}`

/** A world, live. While it is missing, its collection is watched until it appears. */
export const useWorld = (path: string): Known => {
  const { authorization } = useStore(session)
  const [known, setKnown] = useState<Known>({ phase: "loading" })

  useLayoutEffect(() => {
    let stop = () => {}
    let last: Envelope | undefined
    setKnown({ phase: "loading" })

    const missing = () => {
      setKnown({ phase: "missing", last })
      stop()
      stop = follow(`/stream${parentOf(path)}`, {
        resumes: true,
        heard: ({ data, event }) => {
          if (event === "stale") return watch()
          if (event !== "change") return
          const change = JSON.parse(data)
          if (change.path === `/${path}` && change.op !== "delete") watch()
        },
        // It may have come while nobody watched.
        opened: () => {
          void ask(`${hrefOf(path)}?raw`, { method: "HEAD" }).then(
            ({ ok }) => ok && watch(),
            () => {}
          )
        },
        refused: () => {}
      })
    }

    const watch = () => {
      stop()
      stop = follow(`/stream${hrefOf(path)}`, {
        resumes: false,
        heard: ({ data, event, id }) => {
          if (event === "update") {
            const world: Envelope = JSON.parse(data)
            last = world
            if (isText(world)) void keep(path, world)
            setKnown({ phase: "here", world, event: id, moment: momentOf(world, id) })
          } else if (event === "deleted") missing()
        },
        refused: (problem) => {
          if (problem.status === 404) missing()
          else setKnown({ phase: "refused", problem })
        }
      })
    }

    watch()
    return () => stop()
  }, [path, authorization])

  return known
}
