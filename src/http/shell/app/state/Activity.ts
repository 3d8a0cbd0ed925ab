import { useLayoutEffect, useState } from "preact/hooks"
import { follow } from "./Live.ts"
import { type Problem, session } from "./Session.ts"
import { useStore } from "./Store.ts"

/** Something that happened while the page was looking. */
export interface Deed {
  readonly path: string
  readonly op: string
  readonly version: number
  /** epoch milliseconds */
  readonly at: number
  readonly key: number
}

export interface Activity {
  /** newest first */
  readonly deeds: ReadonlyArray<Deed>
  /** how often something has changed in each namespace; rises with each change that is heard of */
  readonly stamps: Readonly<Record<string, number>>
  /** why this caller may not watch everything; a capability may not */
  readonly refused: Problem | undefined
}

const remembered = 12
/** Changes are told to the page so often at most, in milliseconds. */
const pace = 200

/** Everything that happens on the machine, as far as the caller may know: one stream for all of it. */
export const useActivity = (): Activity => {
  const { authorization } = useStore(session)
  const [activity, setActivity] = useState<Activity>({ deeds: [], stamps: {}, refused: undefined })
  useLayoutEffect(() => {
    let fresh: Array<Deed> = []
    let stamps: Readonly<Record<string, number>> = {}
    let timer: ReturnType<typeof setTimeout> | undefined
    let key = 0
    const tell = () => {
      timer = undefined
      const news = fresh.reverse()
      fresh = []
      setActivity(({ deeds, refused }) => ({ deeds: [...news, ...deeds].slice(0, remembered), stamps, refused }))
    }
    const stamp = (namespace: string) => {
      stamps = { ...stamps, [namespace]: (stamps[namespace] ?? 0) + 1 }
      timer ??= setTimeout(tell, pace)
    }
    const everything = () => {
      for (const namespace of ["boot", "etc", "home", "lib", "usr", "var"]) stamp(namespace)
    }
    let first = true
    setActivity(({ stamps }) => ({ deeds: [], stamps, refused: undefined }))
    const stop = follow("/stream/", {
      resumes: true,
      heard: ({ data, event }) => {
        if (event === "stale") return everything()
        if (event !== "change") return
        const { op, path, version } = JSON.parse(data)
        fresh = [...fresh, { op, path, version, at: Date.now(), key: ++key }].slice(-remembered)
        stamp(String(path).split("/")[1] ?? "")
      },
      opened: () => {
        if (!first) everything()
        first = false
      },
      refused: (refused) => setActivity(({ deeds, stamps }) => ({ deeds, stamps, refused }))
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [authorization])
  return activity
}
