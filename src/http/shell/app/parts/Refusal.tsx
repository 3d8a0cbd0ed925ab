import type { Problem } from "../state/Session.ts"

/** Why something is not shown: it is not to look as if it were not there. */
export const Refusal = ({ problem, what }: { readonly problem: Problem; readonly what: string }) => (
  <p class="hint refusal">
    {what} cannot be shown: {problem.status === 0 ? "" : `${problem.status} `}
    {problem.title}, {problem.message}
  </p>
)
