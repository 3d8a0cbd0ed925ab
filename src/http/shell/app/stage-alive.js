// Shows one document that the page around it has: with its scripts, in the origin of its own that the policy gives it.
addEventListener(
  "message",
  ({ data, source }) => {
    if (source !== parent || typeof data?.html !== "string") return
    const doctype = /^\s*<!doctype[^>]*>/i.exec(data.html)?.[0] ?? ""
    const base = document.createElement("base")
    base.href = new URL(data.base, location.href).href
    document.open()
    document.write(doctype + (/<base\s/i.test(data.html) ? "" : base.outerHTML) + data.html.slice(doctype.length))
    document.close()
  },
  { once: true }
)
