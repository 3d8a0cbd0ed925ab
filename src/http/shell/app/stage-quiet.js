// Shows a document that is still being written, again and again. Nothing in it runs, nothing is fetched and nothing is
// followed: parsed markup has no scripts that would start, the policy allows none, what would lead away is left out, and
// where a link leads is told to the page around when somebody clicks it.
const unwanted =
  "script, base, link, meta[http-equiv], iframe, frame, object, embed, animate[attributeName$=href i], set[attributeName$=href i]"
const telling = ["ping", "target", "download", "attributionsrc"]

/** Where the links of the document lead. */
let leads = new WeakMap()

/** Keeps those links that lead to another part of the document; others lead nowhere by themselves. */
const disarm = (element, base) => {
  for (const attribute of [...element.attributes]) {
    if (attribute.localName.toLowerCase() !== "href" || attribute.value.startsWith("#")) continue
    if (!element.matches("a, area")) {
      element.removeAttributeNode(attribute)
      continue
    }
    leads.set(element, URL.canParse(attribute.value, base) ? new URL(attribute.value, base).href : "")
    attribute.value = "#"
  }
  if (element.matches("a, area")) for (const name of telling) element.removeAttribute(name)
}

const show = ({ data, origin, source }) => {
  if (source !== parent || origin !== location.origin) return
  if (typeof data?.html !== "string" || typeof data.base !== "string") return
  const { documentElement } = new DOMParser().parseFromString(data.html, "text/html")
  for (const element of documentElement.querySelectorAll(unwanted)) element.remove()
  leads = new WeakMap()
  const base = new URL(data.base, location.href).href
  for (const element of documentElement.querySelectorAll("*")) disarm(element, base)
  const { scrollTop } = document.scrollingElement ?? { scrollTop: 0 }
  document.replaceChild(document.adoptNode(documentElement), document.documentElement)
  if (document.scrollingElement !== null) document.scrollingElement.scrollTop = scrollTop
}

const follow = (event) => {
  const link = event.target instanceof Element ? event.target.closest("a, area") : null
  if (link === null) return
  const to = leads.get(link)
  const plain = event.type === "click" && !event.ctrlKey && !event.metaKey && !event.shiftKey
  if (to === undefined && plain) return
  event.preventDefault()
  if (to !== undefined) parent.postMessage({ to }, location.origin)
}

addEventListener("message", show)
addEventListener("click", follow, true)
addEventListener("auxclick", follow, true)
