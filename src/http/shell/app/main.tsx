import { render } from "preact"
import { App } from "./App.tsx"
import { setFirstProblem, startRouter } from "./state/Router.ts"
import { arrive } from "./state/Session.ts"
import { registerWorker } from "./state/Worker.ts"

const root = document.getElementById("app")
if (root !== null) {
  const { detail, status, title } = root.dataset
  if (status !== undefined) setFirstProblem({ status: Number(status), title: title ?? "", detail: detail ?? "" })
  root.replaceChildren()
  startRouter()
  void arrive().catch(() => {})
  render(<App />, root)
  registerWorker()
}
