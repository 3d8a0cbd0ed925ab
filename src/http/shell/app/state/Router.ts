import { placeOf } from "../pure/Place.ts"
import { makeStore } from "./Store.ts"

/** The address as the page shows it. */
export interface Address {
  readonly pathname: string
  readonly search: string
  readonly hash: string
}

const current = (): Address => {
  const { hash, pathname, search } = location
  return { pathname, search, hash }
}

export const address = makeStore<Address>(current())

/** Whether leaving this page, not just this place, would lose what somebody has not saved. */
let unsaved = false

export const setUnsaved = (next: boolean): void => {
  unsaved = next
}

/** What the server said of the very first address, when that was an error; another address knows nothing of it. */
export interface FirstProblem {
  readonly status: number
  readonly title: string
  readonly detail: string
}
let first: FirstProblem | undefined

export const setFirstProblem = (problem: FirstProblem | undefined): void => {
  first = problem
}
export const firstProblem = (): FirstProblem | undefined => first

/** Goes somewhere: within the application when the place is one of its own, else as browsers do. */
export const navigate = (href: string, how: "push" | "replace" = "push"): void => {
  const url = new URL(href, location.href)
  if (url.origin !== location.origin || placeOf(url.pathname).kind === "elsewhere") {
    location.assign(url.href)
    return
  }
  const samePage = url.pathname === location.pathname
  if (!samePage) setFirstProblem(undefined)
  history[how === "push" ? "pushState" : "replaceState"](null, "", url.href)
  address.set(current())
  if (!samePage) scrollTo(0, 0)
}

const onClick = (event: MouseEvent): void => {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  ) {
    return
  }
  const link = event.target instanceof Element ? event.target.closest("a") : null
  if (link === null || link.target !== "" || link.hasAttribute("download") || !link.hasAttribute("href")) return
  if (link.origin !== location.origin || placeOf(link.pathname).kind === "elsewhere") return
  event.preventDefault()
  navigate(link.href)
}

/** Takes over clicks on links to the application's own places, and the browser's back and forward. */
export const startRouter = (): void => {
  addEventListener("click", onClick)
  addEventListener("popstate", () => {
    if (address.get().pathname !== location.pathname) setFirstProblem(undefined)
    address.set(current())
  })
  addEventListener("hashchange", () => address.set(current()))
  addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault()
  })
}
