import type { ComponentChildren } from "preact"
import { type Problem, session } from "../state/Session.ts"
import { useStore } from "../state/Store.ts"
import { askForCredentials } from "./Account.tsx"

/** An error for what it is: status, title, what the server says, and what can be done about it. */
export const Failure = ({
  children,
  page = false,
  problem
}: {
  readonly problem: Problem
  /** whether there is nothing else on the page */
  readonly page?: boolean
  readonly children?: ComponentChildren
}) => {
  const { authorization } = useStore(session)
  const { message, status, title } = problem
  const wantsCredentials = (status === 401 || status === 403) && authorization === undefined
  const content = (
    <section class="failed" role="alert">
      <p class="status">{status === 0 ? "—" : status}</p>
      <h1>{title}</h1>
      {message !== "" && <p>{message}</p>}
      <div class="actions">
        {wantsCredentials && (
          <button type="button" class="primary" onClick={askForCredentials}>
            Sign in
          </button>
        )}
        {children}
        {page && (
          <a class="button" href="/">
            To the machine
          </a>
        )}
      </div>
    </section>
  )
  return page ? (
    <main id="main" class="centred">
      {content}
    </main>
  ) : (
    content
  )
}
