import { formatAge } from "../pure/Format.ts"
import { hrefOf } from "../pure/Place.ts"
import type { Deed } from "../state/Activity.ts"
import { useNow } from "../state/Now.ts"

const verbs: Readonly<Record<string, string>> = {
  put: "written",
  append: "appended to",
  delete: "deleted",
  state: "changed state",
  copy: "copied",
  move: "moved"
}

/** What has happened since the page was opened. */
export const Activity = ({ deeds, refused }: { readonly deeds: ReadonlyArray<Deed>; readonly refused: boolean }) => {
  const now = useNow()
  return (
    <section class="group activity">
      <h2>Right now</h2>
      {deeds.length === 0 ? (
        <p class="hint">
          {refused
            ? "This capability sees its own part alone."
            : "Quiet. Whatever is written anywhere shows here at once."}
        </p>
      ) : (
        <ol>
          {deeds.map(({ at, key, op, path, version }) => (
            <li key={key}>
              {op === "delete" ? <s>{path}</s> : <a href={hrefOf(path.slice(1))}>{path}</a>}
              <span class="hint">
                {verbs[op] ?? op}
                {op !== "delete" && `, v${version}`} · {formatAge(at, now)}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
