import { useState } from "preact/hooks"
import { hrefOf } from "../pure/Place.ts"
import { ask, Problem, problemOf, session } from "../state/Session.ts"
import { useStore } from "../state/Store.ts"
import { type Envelope, isSame } from "../state/World.ts"
import { readBase } from "../state/Write.ts"
import { notify } from "./Notices.tsx"

/** Takes a world, and all below it, to the trash; for operators. Only the version that was looked at goes. */
export const Delete = ({ path, world }: { readonly path: string; readonly world: Envelope }) => {
  const { authorization, who } = useStore(session)
  const [busy, setBusy] = useState(false)
  if (authorization === undefined || who?.tier !== 3) return null
  const remove = async () => {
    if (!confirm(`Delete /${path}, and whatever lies below it? It goes to the trash.`)) return
    setBusy(true)
    try {
      const base = await readBase(path)
      if (!isSame(base.world, world)) return notify("Somebody wrote meanwhile; look again before you delete.")
      const response = await ask(hrefOf(path), { method: "DELETE", headers: { "if-match": base.tag } })
      if (!response.ok) throw await problemOf(response)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      notify(`${error.status} ${error.title}: ${error.message}`)
    } finally {
      setBusy(false)
    }
  }
  return (
    <button type="button" disabled={busy} onClick={remove}>
      Delete
    </button>
  )
}
