/** What an address of this application names. Paths are decoded and have no slash at either end. */
export type Place =
  | { readonly kind: "machine" }
  | { readonly kind: "collection"; readonly path: string }
  | { readonly kind: "world"; readonly path: string }
  | { readonly kind: "shaped"; readonly path: string }
  | { readonly kind: "elsewhere" }

/** The namespaces that hold worlds (C1.1). */
export const namespaces = ["boot", "etc", "home", "lib", "usr", "var"] as const

const elsewhere: Place = { kind: "elsewhere" }

/** What a pathname as browsers have it names; /bin/x is /x (C8). */
export const placeOf = (pathname: string): Place => {
  let path: string
  try {
    path = pathname.split("/").map(decodeURIComponent).join("/").normalize("NFC")
  } catch {
    return elsewhere
  }
  const slash = path.endsWith("/")
  let name = path.replace(/^\/|\/$/g, "")
  while (name.startsWith("bin/")) name = name.slice("bin/".length)
  if (name === "") return { kind: "machine" }
  const namespace = name.split("/", 1)[0] ?? ""
  if (namespace === "shaped" && !slash && name !== namespace)
    return { kind: "shaped", path: name.slice("shaped/".length) }
  if (!isNamespace(namespace)) return elsewhere
  return slash || name === namespace ? { kind: "collection", path: name } : { kind: "world", path: name }
}

export const isNamespace = (name: string): boolean => namespaces.some((namespace) => namespace === name)

/** A decoded path as a URL's. */
export const hrefOf = (path: string): string => `/${path.split("/").map(encodeURIComponent).join("/")}`

/** The collection that a path lies in, as a URL. */
export const parentOf = (path: string): string =>
  `${hrefOf(path.split("/").slice(0, -1).join("/"))}/`.replace("//", "/")

/** What is wrong with a name that somebody wants to give (C1.2); undefined when nothing is. */
export const flawOfName = (name: string): string | undefined => {
  if (name === "") return "A name is needed."
  if (name.startsWith("/") || name.endsWith("/") || name.includes("//"))
    return "A name has no empty part between slashes."
  if (name.split("/").some((segment) => segment === "." || segment === "..")) return "“.” and “..” are no names."
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\\:*?"<>|\u0000-\u001f\u007f]/.test(name))
    return 'A name has none of \\ : * ? " < > | and no control characters.'
  return undefined
}
