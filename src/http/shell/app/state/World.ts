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

/** What a page knows of a world. */
export type Known =
  | { readonly phase: "loading" }
  | { readonly phase: "here"; readonly world: Envelope; readonly event: string }
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
            setKnown({ phase: "here", world, event: id })
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
