import type { ComponentChildren } from "preact"
import { useEffect, useState } from "preact/hooks"
import { count } from "../pure/Format.ts"
import { hrefOf } from "../pure/Place.ts"
import type { BodyCheck, HistoryOf } from "../state/History.ts"
import { demandJson, Problem, session } from "../state/Session.ts"
import { useStore } from "../state/Store.ts"
import { Icon } from "./Icon.tsx"

type Outcome = "good" | "bad" | "open"

const Card = ({
  children,
  outcome,
  title,
  verdict
}: {
  readonly outcome: Outcome
  readonly title: string
  readonly verdict: string
  readonly children: ComponentChildren
}) => (
  <section class="check" data-outcome={outcome}>
    <Icon name={outcome === "good" ? "check" : outcome === "bad" ? "cross" : "question"} />
    <div>
      <h2>{title}</h2>
      <p class="verdict">{verdict}</p>
      <p class="hint">{children}</p>
    </div>
  </section>
)

/** First check: does each receipt follow the one before. Signatures cannot be checked here: that takes the key. */
export const ChainCheckCard = ({ history }: { readonly history: HistoryOf }) => {
  const { checkAll, links, receipts, whole } = history
  if (links === undefined) {
    return (
      <Card title="Chain" outcome="open" verdict="Reading the receipts">
        …
      </Card>
    )
  }
  if (!links.ok) {
    return (
      <Card title="Chain" outcome="bad" verdict={`Broken at receipt ${links.at}`}>
        It cannot be trusted: {links.why}.
      </Card>
    )
  }
  return (
    <Card title="Chain" outcome="good" verdict={whole ? "Intact" : `Intact in the newest ${links.checked}`}>
      {whole
        ? `${count(receipts.length, "receipt")}, each linked to the one before. `
        : "Older ones were not looked at. "}
      Checked here; whether the signatures hold, only the server knows.
      {!whole && (
        <button type="button" class="quiet" onClick={checkAll}>
          Check all of them
        </button>
      )}
    </Card>
  )
}

/** Second check: are the bytes the ones that the newest receipt speaks of. */
export const BodyCheckCard = ({ check }: { readonly check: BodyCheck }) => {
  switch (check.state) {
    case "checking":
      return (
        <Card title="Body" outcome="open" verdict="Hashing the bytes">
          …
        </Card>
      )
    case "matches":
      return (
        <Card title="Body" outcome="good" verdict="Matches the newest receipt">
          SHA-256 computed here: <code class="hash">{check.sha256}</code>
        </Card>
      )
    case "differs":
      return (
        <Card title="Body" outcome="bad" verdict="Not what the newest receipt says">
          The bytes have <code class="hash">{check.sha256}</code>, the receipt says{" "}
          <code class="hash">{check.wanted}</code>.
        </Card>
      )
    case "unknown":
      return (
        <Card title="Body" outcome="bad" verdict="Cannot be checked">
          {check.why}
        </Card>
      )
  }
}

interface Verdict {
  readonly events: number
  readonly chain: { readonly ok: boolean; readonly at?: number; readonly why?: string }
  readonly body: { readonly ok: boolean; readonly why?: string }
}

/** What the server says, who has the key; to operators (C5.4). */
export const ServerCheckCard = ({ moment, path }: { readonly path: string; readonly moment: string }) => {
  const { authorization, who } = useStore(session)
  const [verdict, setVerdict] = useState<Verdict>()
  const [problem, setProblem] = useState<Problem>()
  const may = authorization !== undefined && who?.tier === 3
  useEffect(() => {
    if (!may) return
    const abort = new AbortController()
    demandJson<Verdict>(`/proc/verify${hrefOf(path)}`, { signal: abort.signal })
      .then((verdict) => {
        setVerdict(verdict)
        setProblem(undefined)
      })
      .catch((error) => error instanceof Problem && setProblem(error))
    return () => abort.abort()
  }, [path, moment, may])
  if (!may) {
    return (
      <Card title="Signatures" outcome="open" verdict="Known to the server alone">
        An operator (T3) who signs in sees the server's own verdict here.
      </Card>
    )
  }
  if (problem !== undefined) {
    return (
      <Card title="Signatures" outcome="bad" verdict={problem.title}>
        {problem.message}
      </Card>
    )
  }
  if (verdict === undefined) {
    return (
      <Card title="Signatures" outcome="open" verdict="The server verifies">
        …
      </Card>
    )
  }
  const { body, chain, events } = verdict
  const good = chain.ok && body.ok
  return (
    <Card
      title="Signatures"
      outcome={good ? "good" : "bad"}
      verdict={good ? "Verified by the server" : "The server objects"}
    >
      {count(events, "signature")}: chain {chain.ok ? "intact" : `broken at ${chain.at}, ${chain.why}`}; body{" "}
      {body.ok ? "matches" : body.why}.
    </Card>
  )
}
