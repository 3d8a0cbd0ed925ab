import { useState } from "preact/hooks"
import { count } from "../pure/Format.ts"
import { flawOfName, hrefOf, parentOf } from "../pure/Place.ts"
import { navigate } from "../state/Router.ts"
import { Problem } from "../state/Session.ts"
import { recall } from "../state/Versions.ts"
import type { Envelope } from "../state/World.ts"
import { overwrite } from "../state/Write.ts"
import { Failure } from "./Failure.tsx"
import { Icon } from "./Icon.tsx"
import { notify } from "./Notices.tsx"

/** No such world, yet: it can be made here, and shows by itself when somebody else makes it. */
export const MissingWorld = ({ last, path }: { readonly path: string; readonly last: Envelope | undefined }) => {
  const [problem, setProblem] = useState<Problem>()
  const seen = last === undefined ? undefined : recall(path, last.sha256)
  const restore = async () => {
    if (last === undefined || seen === undefined) return
    try {
      const written = await overwrite(path, seen.bytes, last.ext, undefined)
      notify(written.outcome === "written" ? "It is back." : "Somebody else has made it anew.")
    } catch (error) {
      if (error instanceof Problem) setProblem(error)
      else throw error
    }
  }
  return (
    <main id="main" class="centred">
      {problem !== undefined && <Failure problem={problem} />}
      <section class="failed">
        <p class="status">{last === undefined ? 404 : "deleted"}</p>
        <h1>{last === undefined ? "No such world" : "This world was deleted"}</h1>
        <p>
          <code>/{path}</code>{" "}
          {last === undefined
            ? "is not there yet. The moment somebody writes it, it shows here."
            : "is gone; an operator finds it in the trash."}
        </p>
        <div class="actions">
          {flawOfName(path) === undefined && (
            <button type="button" class="primary" onClick={() => navigate(`${hrefOf(path)}#edit`)}>
              <Icon name="plus" /> Create it
            </button>
          )}
          {seen !== undefined && (
            <button type="button" onClick={restore}>
              Bring back what was here, {count(seen.bytes.length, "byte")}
            </button>
          )}
          <a class="button" href={parentOf(path)}>
            To {decodeURIComponent(parentOf(path))}
          </a>
        </div>
        <pre class="example">
          curl -X PUT {location.origin}
          {hrefOf(path)} -d "hello"
        </pre>
      </section>
    </main>
  )
}
