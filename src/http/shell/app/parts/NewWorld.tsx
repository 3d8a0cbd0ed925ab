import { useRef, useState } from "preact/hooks"
import { flawOfName, hrefOf } from "../pure/Place.ts"
import { navigate } from "../state/Router.ts"

/** A name leads to the editor of the world that will have it; nothing is written before somebody saves. */
export const NewWorld = ({ path }: { readonly path: string }) => {
  const input = useRef<HTMLInputElement>(null)
  const [flaw, setFlaw] = useState("")
  const create = (event: Event) => {
    event.preventDefault()
    const name = input.current?.value.trim() ?? ""
    const wrong = flawOfName(name)
    setFlaw(wrong ?? "")
    if (wrong === undefined) navigate(`${hrefOf(`${path}/${name}`)}#edit`)
    else input.current?.focus()
  }
  return (
    <form class="new" onSubmit={create} noValidate>
      <input
        ref={input}
        aria-label={`Name of a new world in /${path}/`}
        aria-describedby="new-flaw"
        aria-invalid={flaw !== ""}
        placeholder="New world"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onInput={() => setFlaw("")}
      />
      <button type="submit">Create</button>
      <p id="new-flaw" class="failure" role="alert">
        {flaw}
      </p>
    </form>
  )
}
