import { useEffect } from "preact/hooks"
import { makeStore, useStore } from "../state/Store.ts"

const notice = makeStore<{ readonly text: string } | undefined>(undefined)

/** Says something in passing. */
export const notify = (text: string): void => notice.set({ text })

const shownFor = 5000

export const Notices = () => {
  const current = useStore(notice)
  useEffect(() => {
    if (current === undefined) return
    const timer = setTimeout(() => notice.set(undefined), shownFor)
    return () => clearTimeout(timer)
  }, [current])
  return (
    <div class="notices" role="status">
      {current !== undefined && <p>{current.text}</p>}
    </div>
  )
}
