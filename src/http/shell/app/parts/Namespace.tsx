import { useState } from "preact/hooks"
import { hrefOf } from "../pure/Place.ts"
import { cursorOf, type Entry } from "../state/Listing.ts"
import { useResource } from "../state/Resource.ts"
import { Icon } from "./Icon.tsx"
import { Refusal } from "./Refusal.tsx"

/** Entries that are counted, and those that are shown in the tree; the collection's own page has all. */
const counted = 1000
const shown = 30

/** A namespace, or a collection within one: how much there is, and on demand what. */
export const Namespace = ({
  about,
  name,
  open: initially = false,
  stamp
}: {
  readonly name: string
  readonly about?: string
  readonly open?: boolean
  readonly stamp: string
}) => {
  const [open, setOpen] = useState(initially)
  const { problem, value } = useResource<ReadonlyArray<Entry>>(`${hrefOf(name)}/?limit=${counted}`, stamp)
  const label = name.split("/").at(-1)
  const number =
    value === undefined ? "" : value.length === counted ? `${counted.toLocaleString("en-US")}+` : value.length
  return (
    <li>
      <div class="branch">
        <button
          type="button"
          class="twist"
          aria-expanded={open}
          aria-label={`What lies in /${name}/`}
          onClick={() => setOpen(!open)}
        >
          <Icon name="arrow" />
        </button>
        <a href={`${hrefOf(name)}/`}>{label}/</a>
        <span class="number" title={problem && `${problem.title}: ${problem.message}`}>
          {problem === undefined ? number : problem.status === 0 ? "—" : problem.status}
        </span>
        {about !== undefined && <span class="hint">{about}</span>}
      </div>
      {open && problem !== undefined && <Refusal what={`/${name}/`} problem={problem} />}
      {open && value !== undefined && (
        <ul>
          {value.length === 0 && <li class="hint none">nothing</li>}
          {value.slice(0, shown).map((entry) =>
            entry.dir ? (
              <Namespace key={cursorOf(entry)} name={`${name}/${entry.name}`} stamp={stamp} />
            ) : (
              <li key={cursorOf(entry)} class="leaf">
                <a href={hrefOf(`${name}/${entry.name}`)}>{entry.name}</a>
                <span class="number">v{entry.version}</span>
              </li>
            )
          )}
          {value.length > shown && (
            <li class="none">
              <a href={`${hrefOf(name)}/`}>{(value.length - shown).toLocaleString("en-US")} more</a>
            </li>
          )}
        </ul>
      )}
    </li>
  )
}
