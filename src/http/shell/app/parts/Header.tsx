import { useEffect, useRef } from "preact/hooks"
import { hrefOf, type Place } from "../pure/Place.ts"
import { type LiveState, liveState } from "../state/Live.ts"
import { navigate } from "../state/Router.ts"
import { useStore } from "../state/Store.ts"
import { Account } from "./Account.tsx"
import { Mark } from "./Icon.tsx"

/** What is on every page: where one is, where to go, whether it is live, who one is. */
export const Header = ({ place }: { readonly place: Place }) => (
  <header class="bar">
    <a class="brand" href="/" aria-label="elastik: the machine">
      <Mark />
      {place.kind === "machine" && <span>elastik</span>}
    </a>
    <Crumbs place={place} />
    <GoTo />
    <LiveDot />
    <Account />
  </header>
)

const Crumbs = ({ place }: { readonly place: Place }) => {
  if (place.kind === "machine" || place.kind === "elsewhere") return <span class="crumbs" />
  const segments = place.path.split("/")
  const shaped = place.kind === "shaped"
  return (
    <nav class="crumbs" aria-label="Path">
      <ol>
        {shaped && <li class="virtual">shaped</li>}
        {segments.map((segment, i) => {
          const path = segments.slice(0, i + 1).join("/")
          const isLast = i === segments.length - 1
          const isWorld = isLast && place.kind !== "collection"
          const href = shaped && segments[0] === "mnt" && i > 0 ? hrefOf(path) : `${hrefOf(path)}${isWorld ? "" : "/"}`
          return (
            <li key={path}>
              <a href={href} aria-current={isLast && !shaped ? "page" : undefined}>
                {segment}
              </a>
            </li>
          )
        })}
      </ol>
    </nav>
  )
}

/** A path goes there; anything else is a question, which the router answers when one is installed (C13). */
const GoTo = () => {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      event.preventDefault()
      input.current?.select()
      input.current?.focus()
    }
    addEventListener("keydown", onKey)
    return () => removeEventListener("keydown", onKey)
  }, [])
  const go = (event: Event) => {
    event.preventDefault()
    const text = input.current?.value.trim() ?? ""
    if (text === "") return
    if (input.current !== null) {
      input.current.value = ""
      input.current.blur()
    }
    const path = text.replace(/^\/+/, "")
    const slash = path.endsWith("/") ? "/" : ""
    navigate(hrefOf(path.replace(/\/+$/, "")) + slash)
  }
  return (
    <search class="goto">
      <form onSubmit={go}>
        <input
          ref={input}
          type="search"
          aria-label="Go to a path, or say what you look for"
          placeholder="Go to a path, or ask"
          autocomplete="off"
          spellcheck={false}
          enterkeyhint="go"
          aria-keyshortcuts="/"
        />
      </form>
    </search>
  )
}

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

const words: Readonly<Record<LiveState, string>> = {
  off: "",
  connecting: "connecting",
  live: "live",
  waiting: "reconnecting",
  paused: "paused"
}

const LiveDot = () => {
  const state = useStore(liveState)
  return (
    <span
      class="live"
      data-state={state}
      role="status"
      aria-label={state === "off" ? "Not live" : `Updates: ${words[state]}`}
    >
      {words[state]}
    </span>
  )
}
