/** A dead property: stored as it came, and without meaning to the server (RFC 4918 section 4.1). */
export interface Property {
  /** the name's namespace, "" for none */
  readonly namespace: string
  readonly name: string
  /** the whole property element as well-formed XML that declares its own namespaces */
  readonly xml: string
}

/** One step of a PROPPATCH; they are done in order, all of them or none (RFC 4918 section 9.2). */
export type PropertyChange =
  | ({ readonly _tag: "Set" } & Property)
  | { readonly _tag: "Remove"; readonly namespace: string; readonly name: string }

/** The most that the properties of one resource can take, in characters of all their parts. */
export const largestProperties = 64 * 1024

/** How many properties a resource can have. */
export const mostProperties = 256

const isSame = (a: Pick<Property, "namespace" | "name">, b: Pick<Property, "namespace" | "name">): boolean =>
  a.namespace === b.namespace && a.name === b.name

/** The properties after some changes. Removing what is not there is no error (RFC 4918 section 14.23). */
export const changed = (
  properties: ReadonlyArray<Property>,
  changes: ReadonlyArray<PropertyChange>
): ReadonlyArray<Property> =>
  changes.reduce<ReadonlyArray<Property>>((current, change) => {
    const others = current.filter((property) => !isSame(property, change))
    if (change._tag === "Remove") return others
    const { name, namespace, xml } = change
    return [...others, { namespace, name, xml }]
  }, properties)

/** What properties take, in characters. */
export const sizeOf = (properties: ReadonlyArray<Property>): number =>
  properties.reduce((sum, { name, namespace, xml }) => sum + name.length + namespace.length + xml.length, 0)
