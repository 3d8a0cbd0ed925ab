import { useEffect, useRef, useState } from "preact/hooks"
import { forgetDrafts, hasUnsaved } from "../state/Drafts.ts"
import { basic, bearer, session, signIn, signOut, type Who } from "../state/Session.ts"
import { makeStore, useStore } from "../state/Store.ts"
import { forget } from "../state/Versions.ts"
import { Icon } from "./Icon.tsx"
import { notify } from "./Notices.tsx"

const asked = makeStore(false)

/** Opens the sign-in from wherever somebody was refused. */
export const askForCredentials = (): void => asked.set(true)

const meanings: Readonly<Record<number, string>> = {
  1: "reads what is public",
  2: "writes /home and /lib",
  3: "runs the machine"
}

const nameOf = ({ id, scope, tier }: Who): string => {
  if (scope !== undefined) return `${scope.mode === "r" ? "reads" : "writes"} ${scope.prefix}`
  return id.startsWith("user:") ? `${id.slice("user:".length).replace(/:T[123]$/, "")} · T${tier}` : `T${tier}`
}

/** Who one is, and the way to be somebody else. */
export const Account = () => {
  const { authorization, who } = useStore(session)
  const open = useStore(asked)
  const leave = () => {
    if (hasUnsaved() && !confirm("What you have not saved is forgotten, too. Sign out?")) return
    forgetDrafts()
    forget()
    signOut()
    notify("Signed out. The token is forgotten.")
  }
  return (
    <div class="account">
      {authorization === undefined || who === undefined ? (
        <>
          {who?.id === "open" && (
            <span class="tier" title="Open mode: whoever reaches this server may write /home and /lib">
              open
            </span>
          )}
          <button type="button" class="quiet" onClick={askForCredentials}>
            <Icon name="key" />
            <span>Sign in</span>
          </button>
        </>
      ) : (
        <>
          <span class="tier" data-tier={who.tier} title={`This token ${meanings[who.tier] ?? ""}`}>
            {nameOf(who)}
          </span>
          <button type="button" class="quiet" onClick={leave}>
            Sign out
          </button>
        </>
      )}
      {open && <SignIn close={() => asked.set(false)} />}
    </div>
  )
}

const SignIn = ({ close }: { readonly close: () => void }) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const [failure, setFailure] = useState("")
  const [busy, setBusy] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (!(event.currentTarget instanceof HTMLFormElement)) return
    const form = new FormData(event.currentTarget)
    const user = String(form.get("user") ?? "").trim()
    const secret = String(form.get("secret") ?? "")
    if (secret === "") return setFailure("A token or password is needed.")
    setBusy(true)
    try {
      if (!(await signIn(user === "" ? bearer(secret.trim()) : basic(user, secret)))) {
        setFailure("The server does not know these credentials.")
        return
      }
      forget()
      dialog.current?.close()
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="sign-in" onClose={close}>
      <form onSubmit={submit}>
        <h2 id="sign-in">Sign in</h2>
        <p class="hint">Kept in the memory of this page alone. A reload forgets it.</p>
        <label>
          Token or password
          <input name="secret" type="password" autocomplete="off" autofocus aria-describedby="sign-in-failure" />
        </label>
        <label>
          User <span class="hint">only with a password</span>
          <input name="user" autocomplete="off" autocapitalize="none" spellcheck={false} />
        </label>
        <p id="sign-in-failure" class="failure" role="alert">
          {failure}
        </p>
        <div class="actions">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            Sign in
          </button>
        </div>
      </form>
    </dialog>
  )
}
