import { useState } from "preact/hooks"
import { hrefOf } from "../pure/Place.ts"
import { demand, session } from "../state/Session.ts"
import { useStore } from "../state/Store.ts"
import { notify } from "./Notices.tsx"

/** The bytes as a file. A link shows no credentials, so who has some gets the file from this page. */
export const Download = ({ ext, path }: { readonly path: string; readonly ext: string }) => {
  const { authorization } = useStore(session)
  const [busy, setBusy] = useState(false)
  const href = `${hrefOf(path)}?raw`
  const last = path.split("/").at(-1) ?? "world"
  const name = last.includes(".") ? last : `${last}.${ext}`
  if (authorization === undefined) {
    return (
      <a class="button" href={href} download={name}>
        Download
      </a>
    )
  }
  const fetchIt = async () => {
    setBusy(true)
    try {
      const url = URL.createObjectURL(await (await demand(href)).blob())
      const link = document.createElement("a")
      link.href = url
      link.download = name
      link.click()
      setTimeout(() => URL.revokeObjectURL(url), 60_000)
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <button type="button" disabled={busy} onClick={fetchIt}>
      Download
    </button>
  )
}
