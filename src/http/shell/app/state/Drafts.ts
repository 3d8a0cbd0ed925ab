import { useEffect, useState } from "preact/hooks"
import { setUnsaved } from "./Router.ts"
import type { Base } from "./Write.ts"

/** What somebody has written and not saved. */
export interface Draft {
  readonly text: string
  readonly ext: string
  /** what it is to replace; undefined for a world that is not there */
  readonly base: Base | undefined
  readonly dirty: boolean
}

/** Drafts outlive the editor, so that a look at another place loses none; a reload does, after a warning. */
const drafts = new Map<string, Draft>()

/** Whether there is something that would be lost. */
export const hasUnsaved = (): boolean => [...drafts.values()].some(({ dirty }) => dirty)

/** Forgets all of them: what one person has written is not for the next. */
export const forgetDrafts = (): void => {
  drafts.clear()
  setUnsaved(false)
}

export const useDraft = (path: string) => {
  const [draft, setDraft] = useState<Draft | undefined>(() => drafts.get(path))
  useEffect(() => {
    // One that nobody has touched follows the world.
    if (drafts.get(path)?.dirty === false) {
      drafts.delete(path)
      setDraft(undefined)
    }
    return () => {
      if (drafts.get(path)?.dirty === false) drafts.delete(path)
    }
  }, [path])
  const put = (next: Draft | undefined) => {
    if (next === undefined) drafts.delete(path)
    else drafts.set(path, next)
    setUnsaved(hasUnsaved())
    setDraft(next)
  }
  return {
    draft,
    start: (text: string, ext: string, base: Base | undefined) => put({ text, ext, base, dirty: false }),
    change: (changed: Partial<Pick<Draft, "text" | "ext" | "base">>) => {
      const before = drafts.get(path)
      if (before !== undefined) put({ ...before, ...changed, dirty: true })
    },
    discard: () => put(undefined)
  }
}
