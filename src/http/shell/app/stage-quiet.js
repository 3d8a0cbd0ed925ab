// Shows a document that is still being written, again and again. Nothing in it runs: parsed markup has no scripts that
// would start, the policy allows none, and what would lead away is left out.
addEventListener("message", ({ data, source }) => {
  if (source !== parent || typeof data?.html !== "string") return
  const { documentElement } = new DOMParser().parseFromString(data.html, "text/html")
  for (const element of documentElement.querySelectorAll("script, base, meta[http-equiv], iframe, object, embed"))
    element.remove()
  const { scrollTop } = document.scrollingElement ?? { scrollTop: 0 }
  document.replaceChild(document.adoptNode(documentElement), document.documentElement)
  if (document.scrollingElement !== null) document.scrollingElement.scrollTop = scrollTop
})
