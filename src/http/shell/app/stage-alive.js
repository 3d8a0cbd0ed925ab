// Shows one document that the page around it has: with its scripts, in the origin of its own that the policy gives it.
const show = ({ data, origin, source }) => {
  if (source !== parent || origin !== location.origin) return
  if (typeof data?.html !== "string" || typeof data.base !== "string") return
  removeEventListener("message", show)

  const address = new URL(data.base, location.href).href
  const itsOwn = new DOMParser().parseFromString(data.html, "text/html").querySelector("base[href]")
  const base = document.createElement("base")
  // Of two the first counts.
  base.href = new URL(itsOwn?.getAttribute("href") ?? "", address).href
  const before = /^(?:\s|<!--[\s\S]*?-->)*<!doctype[^>]*>/i.exec(data.html)?.[0] ?? ""

  document.open()
  // This page is elsewhere than the document believes to be: links within it are not for the browser to follow.
  addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href], area[href]") : null
    if (link === null || event.defaultPrevented || event.button !== 0) return
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    if (!/^(?:_self)?$/i.test(link.target) || !URL.canParse(link.href)) return
    const [place, fragment] = cut(link.href)
    if (place !== address || fragment === undefined) return
    event.preventDefault()
    location.href = `${cut(location.href)[0]}#${fragment}`
  })
  document.write(before + base.outerHTML + data.html.slice(before.length))
  document.close()
}

/** An address, and its fragment if there is one. */
const cut = (href) => {
  const at = href.indexOf("#")
  return at === -1 ? [href, undefined] : [href.slice(0, at), href.slice(at + 1)]
}

addEventListener("message", show)
