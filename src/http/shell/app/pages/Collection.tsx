import { useEffect, useMemo, useState } from "preact/hooks"
import { Failure } from "../parts/Failure.tsx"
import { Icon } from "../parts/Icon.tsx"
import { NewWorld } from "../parts/NewWorld.tsx"
import { PluginState } from "../parts/PluginState.tsx"
import { VirtualList } from "../parts/VirtualList.tsx"
import { count, formatAge, formatBytes } from "../pure/Format.ts"
import { hrefOf } from "../pure/Place.ts"
import { cursorOf, type Entry, useListing } from "../state/Listing.ts"
import { useNow } from "../state/Now.ts"

/** What lies below a path, live and of any length. */
export const Collection = ({ path }: { readonly path: string }) => {
  const { complete, entries, fresh, loading, more, problem } = useListing(path)
  const [filter, setFilter] = useState("")
  const now = useNow()
  const wanted = filter.trim().toLowerCase()
  const shown = useMemo(
    () => (wanted === "" ? entries : entries.filter(({ name }) => name.toLowerCase().includes(wanted))),
    [entries, wanted]
  )
  // Whoever looks for a name looks among all of them.
  useEffect(() => {
    if (wanted !== "") more()
  }, [wanted, entries.length, loading])

  if (problem !== undefined && entries.length === 0) return <Failure problem={problem} page />
  const isLib = path === "lib" || path.startsWith("lib/")
  return (
    <main id="main" class="collection">
      <div class="toolbar">
        <h1>
          /{path}/ <span class="hint">{summary(entries.length, complete, shown.length, wanted !== "")}</span>
        </h1>
        <input
          type="search"
          class="filter"
          value={filter}
          placeholder="Filter"
          aria-label="Filter by name"
          spellcheck={false}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <NewWorld path={path} />
      </div>
      {problem !== undefined && <Failure problem={problem} />}
      {shown.length === 0 && complete ? (
        <p class="empty">
          {wanted === ""
            ? "Nothing lies here yet. A PUT below this path appears at once."
            : `No name here has “${filter}” in it.`}
        </p>
      ) : (
        <VirtualList
          items={shown}
          label={`What lies in /${path}/`}
          keyOf={cursorOf}
          nearEnd={more}
          row={(entry, tabIndex) => (
            <Row
              entry={entry}
              path={path}
              tabIndex={tabIndex}
              fresh={fresh.has(cursorOf(entry))}
              now={now}
              plugin={isLib && !entry.dir}
            />
          )}
        />
      )}
    </main>
  )
}

const summary = (loaded: number, complete: boolean, shown: number, filtered: boolean): string => {
  const all = complete ? count(loaded, "entry", "entries") : `${loaded.toLocaleString("en-US")}+ entries`
  return filtered ? `${shown.toLocaleString("en-US")} of ${all}` : all
}

const Row = ({
  entry,
  fresh,
  now,
  path,
  plugin,
  tabIndex
}: {
  readonly entry: Entry
  readonly path: string
  readonly fresh: boolean
  readonly now: number
  readonly plugin: boolean
  readonly tabIndex: 0 | -1
}) => {
  const { dir, len, name, updated_at, version } = entry
  const child = `${path}/${name}`
  return (
    <a class={`row${fresh ? " fresh" : ""}`} href={`${hrefOf(child)}${dir ? "/" : ""}`} tabIndex={tabIndex}>
      <Icon name={dir ? "folder" : "world"} />
      <span class="name">
        {name}
        {dir && <span class="slash">/</span>}
      </span>
      {plugin && <PluginState path={child} stamp={`${version} ${updated_at}`} />}
      {!dir && (
        <>
          <span class="version">v{version}</span>
          <span class="size">{formatBytes(len ?? 0)}</span>
          <span class="age">{updated_at === undefined ? "" : formatAge(Date.parse(updated_at), now)}</span>
        </>
      )}
    </a>
  )
}
