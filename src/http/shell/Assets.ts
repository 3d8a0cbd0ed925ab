/** Finds out what the address names and shows it: a world in a sandboxed frame, a collection as links; both live. */
export const script = `const path = location.pathname
const view = document.getElementById("view")
const status = document.getElementById("status")
const say = (text) => { status.textContent = text }

const link = (href, text) => {
  const a = document.createElement("a")
  a.href = href
  a.textContent = text
  return a
}

const crumbs = () => {
  const nav = document.getElementById("path")
  nav.append(link("/", "elastik"))
  let href = "/"
  for (const segment of path.split("/").filter(Boolean)) {
    href += segment
    const isLast = href === path || href + "/" === path
    href += "/"
    nav.append(" / ", link(isLast ? path : href, decodeURIComponent(segment)))
  }
  document.title = decodeURIComponent(path)
}

const showWorld = () => {
  const frame = document.createElement("iframe")
  frame.setAttribute("sandbox", "allow-scripts")
  frame.title = decodeURIComponent(path)
  view.replaceChildren(frame)
  const events = new EventSource("/stream" + path)
  events.addEventListener("update", (event) => {
    say("version " + JSON.parse(event.data).version)
    frame.src = path + "?raw&event=" + encodeURIComponent(event.lastEventId)
  })
  events.addEventListener("deleted", () => { say("deleted"); events.close() })
  events.addEventListener("open", () => status.classList.add("live"))
  events.addEventListener("error", () => status.classList.remove("live"))
}

const showCollection = async () => {
  const list = document.createElement("ul")
  view.replaceChildren(list)
  const refresh = async () => {
    const response = await fetch(path, { headers: { accept: "application/json" } })
    if (!response.ok) return say(String(response.status))
    const children = await response.json()
    list.replaceChildren(...children.map((child) => {
      const item = document.createElement("li")
      item.append(link(encodeURIComponent(child.name) + (child.dir ? "/" : ""), child.name + (child.dir ? "/" : "")))
      return item
    }))
    say(children.length + (children.length === 1 ? " entry" : " entries"))
  }
  await refresh()
  if (path === "/") return
  const events = new EventSource("/stream" + path)
  events.addEventListener("change", refresh)
  events.addEventListener("stale", refresh)
}

const field = (form, label, name, value, type = "text") => {
  const input = document.createElement("input")
  Object.assign(input, { name, value, type, autocomplete: "off" })
  const holder = document.createElement("label")
  holder.append(label + " ", input)
  form.append(holder)
}

/** What has been made so far of the answer's events: text as it comes, then what it is. */
const readEvents = async (response, onText, onDone, onError) => {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let held = ""
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (held + part.value).split("\\n\\n")
    held = events.pop()
    for (const event of events) {
      const lines = event.split("\\n")
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7)
      const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\\n")
      if (name === "done") onDone(JSON.parse(data))
      else if (name === "error") onError(data)
      else onText(data)
    }
  }
}

/** The streaming shell: what is wanted stands in the query, and the token in this page alone. */
const showShaped = () => {
  const query = new URLSearchParams(location.search)
  const form = document.createElement("form")
  field(form, "Accept", "accept", query.get("accept") ?? "text/html")
  field(form, "Intent", "intent", query.get("intent") ?? "")
  field(form, "Token", "token", "", "password")
  const button = document.createElement("button")
  button.textContent = "Shape"
  form.append(button)
  const text = document.createElement("pre")
  text.setAttribute("aria-live", "polite")
  view.replaceChildren(form, text)
  const shape = async () => {
    const { accept, intent, token } = Object.fromEntries(new FormData(form))
    view.querySelector("iframe")?.remove()
    text.hidden = false
    text.textContent = ""
    say("asking")
    const headers = { accept: accept + ", text/event-stream" }
    // A header holds bytes, and a browser takes each character for one.
    if (intent !== "") headers["x-semantic-intent"] = String.fromCharCode(...new TextEncoder().encode(intent))
    if (token !== "") headers.authorization = "Bearer " + token
    const response = await fetch(path, { headers })
    if (!response.ok) {
      const problem = await response.json()
      return say(response.status + " " + problem.title + ": " + problem.detail)
    }
    const cache = response.headers.get("x-semantic-cache")
    const done = ({ ct, shape, cache }) => {
      if (ct === null) return
      say([ct, shape, cache].join(", "))
      if (ct !== "text/html") return
      const frame = document.createElement("iframe")
      frame.setAttribute("sandbox", "")
      frame.title = decodeURIComponent(path)
      frame.srcdoc = text.textContent
      text.hidden = true
      view.append(frame)
    }
    await readEvents(response, (piece) => { text.append(piece); say(cache) }, done, (why) => say("failed: " + why))
  }
  const attempt = () => shape().catch((error) => say(String(error)))
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const { accept, intent } = Object.fromEntries(new FormData(form))
    history.replaceState(null, "", path + "?" + new URLSearchParams({ accept, intent }))
    attempt()
  })
  attempt()
}

crumbs()
if (path.startsWith("/shaped/")) showShaped()
else if (path.endsWith("/")) await showCollection()
else showWorld()
`

/** Readable in light and dark, on any width. */
export const style = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
html, body { height: 100%; margin: 0 }
body { display: flex; flex-direction: column }
header { display: flex; gap: 1rem; justify-content: space-between; padding: .5rem 1rem; border-bottom: 1px solid #8884 }
header a { text-decoration: none }
main { flex: 1; display: flex; flex-direction: column; padding: 1rem }
main:has(iframe) { padding: 0 }
iframe { flex: 1; border: 0; background: white }
main > form { display: flex; flex-wrap: wrap; gap: .5rem 1rem }
#status { opacity: .7 }
#status.live::before { content: "\\25CF "; color: #2a2 }
`

/** Sends what the form of a manual page says and shows what comes back. The token stays in the page. */
export const manualScript = `const form = document.getElementById("try")
const answer = document.getElementById("answer")
form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const { body, method, target, token } = Object.fromEntries(new FormData(form))
  const headers = token === "" ? {} : { authorization: "Bearer " + token }
  answer.textContent = ""
  try {
    const bodiless = method === "GET" || method === "HEAD"
    const response = await fetch(new URL(target, location.origin), { method, headers, ...(bodiless ? {} : { body }) })
    const fields = [...response.headers].map(([name, value]) => name + ": " + value)
    answer.textContent = [response.status + " " + response.statusText, ...fields, "", ""].join("\\n")
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let part = await reader?.read(); part && !part.done; part = await reader.read()) answer.append(part.value)
  } catch (error) {
    answer.append(String(error))
  }
})
`
