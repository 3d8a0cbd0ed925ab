import { formatAge } from "../pure/Format.ts"
import { hrefOf } from "../pure/Place.ts"
import type { Deed } from "../state/Activity.ts"
import { useNow } from "../state/Now.ts"
import type { Problem } from "../state/Session.ts"
import { Refusal } from "./Refusal.tsx"

const verbs: Readonly<Record<string, string>> = {
  put: "written",
  append: "appended to",
  delete: "deleted",
  state: "changed state",
  copy: "copied",
  move: "moved"
}

/** A collection, which has no version, ends with a slash. */
const isCollection = (path: string): boolean => path.endsWith("/")

/** What has happened since the page was opened. */
export const Activity = ({
  deeds,
  refused
}: {
  readonly deeds: ReadonlyArray<Deed>
  readonly refused: Problem | undefined
}) => {
  const now = useNow()
  return (
    <section class="group activity">
      <h2>Right now</h2>
      {refused !== undefined && <Refusal what="What happens" problem={refused} />}
      {refused === undefined && deeds.length === 0 ? (
        <p class="hint">Quiet. Whatever is written anywhere shows here at once.</p>
      ) : (
        <ol>
          {deeds.map(({ at, key, op, path, version }) => (
            <li key={key}>
              {op === "delete" ? <s>{path}</s> : <a href={hrefOf(path.slice(1))}>{path}</a>}
              <span class="hint">
                {isCollection(path) && op === "put" ? "made" : (verbs[op] ?? op)}
                {op !== "delete" && !isCollection(path) && `, v${version}`} · {formatAge(at, now)}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
