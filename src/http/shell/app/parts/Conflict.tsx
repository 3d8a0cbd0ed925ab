import { useEffect, useMemo, useRef } from "preact/hooks"
import { compareLines } from "../pure/Lines.ts"
import { isText } from "../state/World.ts"
import type { Base } from "../state/Write.ts"

/** Somebody else was faster: both texts side by side, and nobody's is lost without a choice. */
export const Conflict = ({
  busy,
  keepEditing,
  mine,
  overwrite,
  takeTheirs,
  theirs
}: {
  /** none is a file, which is not shown */
  readonly mine: string | undefined
  readonly theirs: Base
  readonly busy: boolean
  readonly overwrite: () => void
  readonly takeTheirs: () => void
  readonly keepEditing: () => void
}) => {
  // Bytes that are no text cannot be laid side by side with anything.
  const comparable = mine !== undefined && isText(theirs.world)
  const rows = useMemo(() => (comparable ? compareLines(mine, theirs.world.stage_html) : []), [mine, theirs])
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const { version } = theirs.world
  return (
    <section class="conflict" aria-labelledby="conflict">
      <h2 id="conflict" ref={heading} tabIndex={-1}>
        Version {version} came in between
      </h2>
      <p>Somebody wrote while you edited. Nothing of yours has been saved yet, and nothing of theirs is lost.</p>
      <div class="actions">
        <button type="button" class="primary" disabled={busy} onClick={overwrite}>
          Save mine over version {version}
        </button>
        <button type="button" onClick={keepEditing}>
          Keep editing mine
        </button>
        <button type="button" onClick={takeTheirs}>
          Discard mine
        </button>
      </div>
      {comparable ? (
        <Compared rows={rows} version={version} />
      ) : (
        <p class="empty">One of the two is a file of bytes, which cannot be laid beside the other.</p>
      )}
    </section>
  )
}

const Compared = ({ rows, version }: { readonly rows: ReturnType<typeof compareLines>; readonly version: number }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
  <section class="compare" tabIndex={0} aria-label="Both texts">
    <table>
      <thead>
        <tr>
          <th scope="col">Mine</th>
          <th scope="col">Version {version}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ mine, same, theirs }, i) => (
          <tr key={i} class={same ? "" : "differs"}>
            <td class={mine === undefined ? "none" : ""}>{mine}</td>
            <td class={theirs === undefined ? "none" : ""}>{theirs}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
)
