import { useLayoutEffect, useMemo } from "preact/hooks"
import { hrefOf } from "../pure/Place.ts"
import { follow } from "./Live.ts"
import { demand, Problem, session } from "./Session.ts"
import { makeStore, useStore } from "./Store.ts"

/** A child of a collection as JSON tells it (C3.2). */
export interface Entry {
  readonly name: string
  readonly dir: boolean
  readonly version?: number
  readonly updated_at?: string
  readonly len?: number
}

/** An entry as listed: the cursor that continues behind it. */
export const cursorOf = ({ dir, name }: Entry): string => (dir ? `${name}/` : name)

export interface ListingState {
  readonly entries: ReadonlyArray<Entry>
  readonly complete: boolean
  readonly loading: boolean
  readonly problem: Problem | undefined
  /** entries that have just changed */
  readonly fresh: ReadonlySet<string>
}

const page = 500
/** How long a reload waits for more changes, in milliseconds; large listings are looked at again less often. */
const soon = 150
const later = 2000

/** The children of a collection, page by page and live. */
class Listing {
  readonly state = makeStore<ListingState>({
    entries: [],
    complete: false,
    loading: false,
    problem: undefined,
    fresh: new Set()
  })
  private readonly path: string
  private abort = new AbortController()
  private timer: ReturnType<typeof setTimeout> | undefined
  private fading: ReturnType<typeof setTimeout> | undefined

  constructor(path: string) {
    this.path = path
  }

  private patch(change: Partial<ListingState>): void {
    this.state.set({ ...this.state.get(), ...change })
  }

  private async fetchPage(limit: number, after: string | undefined) {
    const query = `?limit=${limit}${after === undefined ? "" : `&after=${encodeURIComponent(after)}`}`
    const response = await demand(`${hrefOf(this.path)}/${query}`, {
      headers: { accept: "application/json" },
      signal: this.abort.signal
    })
    const entries: ReadonlyArray<Entry> = await response.json()
    return { entries, complete: !(response.headers.get("link") ?? "").includes('rel="next"') }
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    const { signal } = this.abort
    try {
      await work()
    } catch (error) {
      if (error instanceof Problem && !signal.aborted) this.patch({ problem: error, loading: false })
    }
  }

  /** The next page, unless there is none or it is on its way. */
  more(): void {
    const { complete, entries, loading, problem } = this.state.get()
    if (complete || loading || problem !== undefined) return
    this.patch({ loading: true })
    const last = entries.at(-1)
    void this.attempt(async () => {
      const next = await this.fetchPage(page, last && cursorOf(last))
      this.patch({
        entries: [...entries, ...next.entries],
        complete: next.complete,
        loading: false,
        problem: undefined
      })
    })
  }

  /** What has been loaded, again. */
  private reload(): void {
    this.abort.abort()
    this.abort = new AbortController()
    const wanted = Math.max(this.state.get().entries.length, page)
    this.patch({ loading: true })
    void this.attempt(async () => {
      let entries: ReadonlyArray<Entry> = []
      let complete = false
      while (!complete && entries.length < wanted) {
        const last = entries.at(-1)
        const next = await this.fetchPage(Math.min(5000, wanted - entries.length), last && cursorOf(last))
        entries = [...entries, ...next.entries]
        complete = next.complete
      }
      this.patch({ entries, complete, loading: false, problem: undefined })
    })
  }

  private reloadSoon(): void {
    if (this.timer !== undefined) return
    this.timer = setTimeout(
      () => {
        this.timer = undefined
        this.reload()
      },
      this.state.get().entries.length > 2 * page ? later : soon
    )
  }

  /** One row, looked at again; if something else stands in its place, more than the row has changed. */
  private refresh(index: number): void {
    const before = this.state.get().entries[index - 1]
    void this.attempt(async () => {
      const { entries: found } = await this.fetchPage(1, before && cursorOf(before))
      const { entries } = this.state.get()
      const [entry] = found
      const held = entries[index]
      if (entry === undefined || held === undefined || cursorOf(entry) !== cursorOf(held)) return this.reloadSoon()
      this.patch({ entries: entries.with(index, entry) })
    })
  }

  private changed(path: string, op: string): void {
    const rest = path.slice(this.path.length + 2)
    const slash = rest.indexOf("/")
    const cursor = slash < 0 ? rest : rest.slice(0, slash + 1)
    const { complete, entries, fresh } = this.state.get()
    this.patch({ fresh: new Set([...fresh].slice(-50)).add(cursor) })
    clearTimeout(this.fading)
    this.fading = setTimeout(() => this.patch({ fresh: new Set() }), 1500)
    const index = entries.findIndex((entry) => cursorOf(entry) === cursor)
    if (slash >= 0 && index >= 0 && op !== "delete") return
    if (index >= 0 && op !== "delete") this.refresh(index)
    // What lies behind the last row that is loaded will be there when it is asked for.
    else if (
      complete ||
      index >= 0 ||
      entries.length === 0 ||
      cursor < cursorOf(entries.at(-1) ?? { name: "", dir: false })
    ) {
      this.reloadSoon()
    }
  }

  start(): () => void {
    this.more()
    const stop = follow(`/stream${hrefOf(this.path)}/`, {
      resumes: true,
      heard: ({ data, event }) => {
        if (event === "stale") return this.reloadSoon()
        if (event !== "change") return
        const { op, path } = JSON.parse(data)
        this.changed(path, op)
      },
      refused: (problem) => this.patch({ problem })
    })
    return () => {
      stop()
      this.abort.abort()
      clearTimeout(this.timer)
      clearTimeout(this.fading)
    }
  }
}

export const useListing = (path: string): ListingState & { readonly more: () => void } => {
  const { authorization } = useStore(session)
  const listing = useMemo(() => new Listing(path), [path, authorization])
  useLayoutEffect(() => listing.start(), [listing])
  return { ...useStore(listing.state), more: () => listing.more() }
}
