import { useEffect, useMemo, useState } from "preact/hooks"
import { count } from "../pure/Format.ts"
import { hrefOf } from "../pure/Place.ts"
import { useMeta } from "../state/Meta.ts"
import { demand, Problem } from "../state/Session.ts"
import type { Envelope } from "../state/World.ts"
import { metaOf } from "../state/Write.ts"
import { Delete } from "./Delete.tsx"
import { Download } from "./Download.tsx"
import { Failure } from "./Failure.tsx"

/** What is known of a world beside its bytes, and what its writer said of it. */
export const Metadata = ({
  event,
  moment,
  path,
  world
}: {
  readonly path: string
  readonly world: Envelope
  readonly event: string
  readonly moment: string
}) => {
  const [headers, setHeaders] = useState<Headers>()
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    const abort = new AbortController()
    demand(`${hrefOf(path)}?raw`, { method: "HEAD", signal: abort.signal })
      .then((response) => {
        setHeaders(response.headers)
        setProblem(undefined)
      })
      .catch((error) => error instanceof Problem && setProblem(error))
    return () => abort.abort()
  }, [path, moment])
  const shown = useMemo(() => (headers === undefined ? [] : metaOf(headers)), [headers])
  const meta = useMeta(path, Number(event), shown)
  const facts: ReadonlyArray<readonly [string, string | undefined]> = [
    ["Name", path],
    ["Version", String(world.version)],
    ["Type", `${world.ext}${headers === undefined ? "" : `, ${headers.get("content-type")}`}`],
    ["State", world.state],
    ["Length", count(world.len, "byte")],
    ["Written", world.updated_at],
    ["SHA-256", world.sha256],
    ["Entity tag", headers?.get("etag") ?? undefined],
    ["Newest event", event]
  ]
  return (
    <div class="sheet">
      {problem !== undefined && <Failure problem={problem} />}
      <section>
        <h2>What its writer said</h2>
        {meta.length === 0 ? (
          <p class="hint">
            Nothing. Whatever <code>X-Meta-*</code> headers come with a PUT are kept, signed and given back.
          </p>
        ) : (
          <dl>
            {meta.map(([name, value], i) => (
              <div key={i}>
                <dt>{name.slice("x-meta-".length)}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      <section>
        <h2>What the machine knows</h2>
        <dl>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class={name === "SHA-256" || name === "Entity tag" ? "mono" : ""}>{value ?? "…"}</dd>
            </div>
          ))}
        </dl>
        <div class="actions">
          <Download path={path} ext={world.ext} />
          <a class="button" href={`${hrefOf(path)}/`}>
            What lies below
          </a>
          <Delete path={path} world={world} />
        </div>
      </section>
    </div>
  )
}
