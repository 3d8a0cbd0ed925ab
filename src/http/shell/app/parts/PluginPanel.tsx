import { useEffect, useMemo, useState } from "preact/hooks"
import { count } from "../pure/Format.ts"
import { countHidden, shownLength } from "../pure/Hidden.ts"
import { hrefOf } from "../pure/Place.ts"
import { ask, Problem, problemOf, session } from "../state/Session.ts"
import { useStore } from "../state/Store.ts"
import { hashOf } from "../state/Versions.ts"
import type { Envelope } from "../state/World.ts"
import { readBase } from "../state/Write.ts"
import { askForCredentials } from "./Account.tsx"
import { Failure } from "./Failure.tsx"
import { notify } from "./Notices.tsx"

const meanings: Readonly<Record<string, string>> = {
  pending: "Pending: it runs once an operator approves this source.",
  active: "Active: its routes are served.",
  disabled: "Disabled: it does not run."
}

/** What a plugin is, and whether it may run. What is approved is exactly the source in view: its tag goes along. */
export const PluginPanel = ({
  inView,
  path,
  world
}: {
  readonly path: string
  readonly world: Envelope
  /** whether the source is what is on the page now */
  readonly inView: boolean
}) => {
  const { who } = useStore(session)
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const [own, setOwn] = useState("")
  const { sha256, state } = world
  /** the source that was on the page when somebody began to read */
  const [read, setRead] = useState(sha256)
  const [whole, hidden] = useMemo(() => {
    const text = world.stage_html
    return [shownLength(text) === text.length, countHidden(text)]
  }, [world.stage_html])

  useEffect(() => {
    // What is wrong with one source is not wrong with the next; that it has changed stays said.
    setProblem((problem) => (problem?.status === 412 ? problem : undefined))
    void hashOf(new TextEncoder().encode(world.stage_html)).then(setOwn)
  }, [sha256])

  const set = async (next: "active" | "disabled") => {
    setBusy(true)
    setProblem(undefined)
    try {
      const base = await readBase(path)
      if (next === "active" && base.world.sha256 !== sha256) {
        throw new Problem(412, "The source has changed", "It is not the one that you were looking at. Read it again.")
      }
      const response = await ask(`${hrefOf(path)}/state`, {
        method: "PUT",
        body: next,
        headers: { "if-match": base.tag }
      })
      if (!response.ok) throw await problemOf(response)
      notify(next === "active" ? "Approved: it runs." : "Disabled: its routes are gone.")
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }

  const mayDecide = who?.tier === 3
  return (
    <section class="plugin" aria-label="Plugin">
      <div class="line">
        <span class="badge" data-state={state}>
          {state}
        </span>
        <p>{meanings[state] ?? state}</p>
        <p class="seal">
          source SHA-256 <code class="hash">{own || "…"}</code>
          {own !== "" && own !== sha256 && <strong> differs from what the server says</strong>}
        </p>
        <span class="actions">
          {mayDecide ? (
            <>
              {state !== "active" && read === sha256 && (
                <button
                  type="button"
                  class="primary"
                  disabled={busy || own !== sha256 || !inView || !whole}
                  onClick={() => set("active")}
                >
                  Approve this source
                </button>
              )}
              {state !== "active" && read !== sha256 && (
                <button type="button" disabled={!inView} onClick={() => setRead(sha256)}>
                  The source has changed: I have read the new one
                </button>
              )}
              {state !== "disabled" && (
                <button type="button" disabled={busy} onClick={() => set("disabled")}>
                  Disable
                </button>
              )}
            </>
          ) : (
            <button type="button" class="quiet" onClick={askForCredentials}>
              Sign in as an operator to decide
            </button>
          )}
        </span>
      </div>
      {hidden > 0 && (
        <p class="notice" role="status">
          It holds characters that nobody sees, in {count(hidden, "place")}. Their names stand there in the source.
        </p>
      )}
      {!whole && <p class="hint">It is too long to be shown whole, so it cannot be approved here.</p>}
      {problem !== undefined && <Failure problem={problem} />}
    </section>
  )
}
