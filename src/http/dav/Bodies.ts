import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { BadRequest, BodyTooLarge } from "../../domain/Errors.ts"
import type { Lock } from "../../domain/Lock.ts"
import type { PropertyChange } from "../../domain/Property.ts"
import type { BodyError, PluginRequest } from "../../services/Plugin.ts"
import { type Element, elementsOf, isDav, readXml, type XmlName } from "./Xml.ts"
import { contentXml, elementXml } from "./XmlText.ts"

/** What a PROPFIND asks for (RFC 4918 section 9.1). */
export type Wanted =
  | { readonly _tag: "All"; readonly include: ReadonlyArray<XmlName> }
  | { readonly _tag: "Names" }
  | { readonly _tag: "Some"; readonly names: ReadonlyArray<XmlName> }

/** What a LOCK asks for in its body (RFC 4918 section 14.11). */
export type LockInfo = Pick<Lock, "scope" | "owner">

/** The longest XML body that is read, in bytes. */
const longest = 256 * 1024

/** How many properties one request can name, and with how many characters: each is answered for each resource. */
const mostNames = 256
const longestNames = 16 * 1024

/** Elements in what somebody says of themselves: each is kept so that it can stand alone. */
const mostOfOwner = 16

type Asked = Pick<PluginRequest, "stream">

/** The body, unless it is longer than anybody needs: then nothing more of it is kept. */
const bytesOf = ({ stream }: Asked): Effect.Effect<Uint8Array, BodyError> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let length = 0
    return Effect.map(
      Stream.runForEach(stream, (chunk) => {
        length += chunk.length
        if (length > longest) {
          return new BodyTooLarge({ message: `an XML body has at most ${longest} bytes`, limit: longest })
        }
        chunks.push(chunk)
        return Effect.void
      }),
      () => Buffer.concat(chunks)
    )
  })

/** The root element of a body, which must be WebDAV's `name`; `undefined` when there is no body. */
const rootOf = (request: Asked, name: string) =>
  Effect.gen(function* () {
    const bytes = yield* bytesOf(request)
    if (bytes.length === 0) return undefined
    const root = yield* readXml(bytes)
    return isDav(root, name) ? root : yield* bad(`its root is not DAV:${name}`)
  })

const bad = (why: string) => new BadRequest({ message: `the body cannot be used: ${why}` })

const namesIn = (prop: Element): Effect.Effect<ReadonlyArray<XmlName>, BadRequest> => {
  const names = new Map(elementsOf(prop).map(({ name, namespace }) => [`${namespace} ${name}`, { name, namespace }]))
  if (names.size > mostNames) return bad(`it names more than ${mostNames} properties`)
  // Each name is answered with its namespace.
  const characters = [...names.keys()].reduce((sum, name) => sum + name.length, 0)
  return characters > longestNames
    ? bad(`the names in it have more than ${longestNames} characters`)
    : Effect.succeed([...names.values()])
}

/** The body of a PROPFIND; without one all are wanted. */
export const readPropfind = (request: Asked): Effect.Effect<Wanted, BadRequest | BodyError> =>
  Effect.gen(function* () {
    const root = yield* rootOf(request, "propfind")
    if (root === undefined) return { _tag: "All", include: [] }
    const parts = elementsOf(root)
    const known = parts.filter((part) => ["allprop", "propname", "prop"].some((name) => isDav(part, name)))
    const [what, another] = known
    if (what === undefined || another !== undefined) {
      return yield* bad("a propfind has one of prop, allprop and propname")
    }
    if (what.name === "propname") return { _tag: "Names" }
    if (what.name === "prop") return { _tag: "Some", names: yield* namesIn(what) }
    const include = parts.find((part) => isDav(part, "include"))
    return { _tag: "All", include: include === undefined ? [] : yield* namesIn(include) }
  })

/** The body of a PROPPATCH: its steps in the order of the document (RFC 4918 section 9.2). */
export const readPropertyUpdate = (
  request: Asked
): Effect.Effect<ReadonlyArray<PropertyChange>, BadRequest | BodyError> =>
  Effect.gen(function* () {
    const root = yield* rootOf(request, "propertyupdate")
    const changes: Array<PropertyChange> = []
    for (const step of root === undefined ? [] : elementsOf(root)) {
      const sets = isDav(step, "set")
      if (!sets && !isDav(step, "remove")) continue
      for (const prop of elementsOf(step).filter((part) => isDav(part, "prop"))) {
        for (const property of elementsOf(prop)) {
          if (changes.length === mostNames) return yield* bad(`it names more than ${mostNames} properties`)
          const { name, namespace } = property
          changes.push(
            sets ? { _tag: "Set", name, namespace, xml: elementXml(property) } : { _tag: "Remove", name, namespace }
          )
        }
      }
    }
    return changes.length === 0 ? yield* bad("it sets and removes nothing") : changes
  })

/** The body of a LOCK; `undefined` when there is none, which is how a lock is refreshed (RFC 4918 section 9.10.2). */
export const readLockInfo = (request: Asked): Effect.Effect<LockInfo | undefined, BadRequest | BodyError> =>
  Effect.gen(function* () {
    const root = yield* rootOf(request, "lockinfo")
    if (root === undefined) return undefined
    const parts = elementsOf(root)
    const within = (name: string) => parts.filter((part) => isDav(part, name)).flatMap(elementsOf)
    const scopes = within("lockscope").flatMap((scope) =>
      isDav(scope, "exclusive") ? (["exclusive"] as const) : isDav(scope, "shared") ? (["shared"] as const) : []
    )
    const [scope, another] = scopes
    if (scope === undefined || another !== undefined) return yield* bad("a lock is either exclusive or shared")
    if (!within("locktype").some((type) => isDav(type, "write"))) return yield* bad("only write locks are known")
    const owner = parts.find((part) => isDav(part, "owner"))
    if (owner !== undefined && elementsOf(owner).length > mostOfOwner) {
      return yield* bad(`an owner has at most ${mostOfOwner} elements`)
    }
    return { scope, owner: owner === undefined ? "" : contentXml(owner) }
  })
