import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Caller } from "../../domain/Caller.ts"
import { parseDepth } from "../../domain/Depth.ts"
import { BadRequest, type DomainError, WorldNotFound } from "../../domain/Errors.ts"
import { Locks, type LocksShape } from "../../services/Locks.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { Properties, type PropertiesShape } from "../../services/Properties.ts"
import { Worlds } from "../../services/Worlds.ts"
import { readPropfind, type Wanted } from "./Bodies.ts"
import { allLive, liveXml, type SeenLock } from "./LiveProperties.ts"
import { membersOf, page } from "./Members.ts"
import { multistatus, multistatusStream, notFound, ok, propertiesOf } from "./Multistatus.ts"
import { judged } from "./Preconditions.ts"
import { hrefOf, lookUp, type Resource, targetOf } from "./Resource.ts"
import { dav, type XmlName } from "./Xml.ts"
import { attributeXml } from "./XmlText.ts"

/** PROPFIND (RFC 4918 section 9.1): what a resource is, what its members are, or everything below it. */
export const propfind = (
  request: PluginRequest
): Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError, Worlds | Locks | Properties> =>
  Effect.gen(function* () {
    const { caller } = request
    const { path } = yield* targetOf(request)
    const depth = parseDepth(request.headers.depth, "infinity")
    if (depth === undefined) return yield* new BadRequest({ message: "Depth is 0, 1 or infinity" })
    const wanted = yield* readPropfind(request)
    yield* judged(request, path)
    const resource = yield* lookUp(caller, path)
    if (resource === undefined) return yield* WorldNotFound.at(path)
    const locks = yield* Locks
    const now = yield* Clock.currentTimeMillis
    const described = describer(wanted, yield* Properties, (path) => seenLocks(caller, locks, path, now))
    const own = described(resource)
    if (depth === "0" || !resource.collection) return multistatus(own)
    if (depth === "1") {
      const { more, resources } = yield* page(caller, { collection: path })
      if (more === undefined) return multistatus(own + resources.map(described).join(""))
    }
    const members = Stream.provideService(membersOf(caller, path, depth === "infinity"), Worlds, yield* Worlds)
    const texts = Stream.mapChunks(members, (chunk) => Chunk.of(Chunk.toReadonlyArray(chunk).map(described).join("")))
    return multistatusStream(Stream.concat(Stream.make(own), texts))
  })

/** How a resource is described to who wants this of it. */
const describer = (wanted: Wanted, properties: PropertiesShape, locksOn: (path: string) => ReadonlyArray<SeenLock>) => {
  const describe = (resource: Resource): string => {
    const seen = () => locksOn(resource.path)
    const dead = properties.get(resource.path)
    const deadAt = (wanted: XmlName) => dead.find((property) => isSame(property, wanted))
    const stats = (common: string, names: ReadonlyArray<XmlName>) => {
      let found = common
      let missing = ""
      for (const name of names) {
        const value = deadAt(name)?.xml ?? liveXml(name, resource, seen)
        if (value === undefined) missing += emptyElement(name)
        else found += value
      }
      const known = { status: ok, xml: found }
      if (missing === "") return [known]
      return [...(found === "" ? [] : [known]), { status: notFound, xml: missing }]
    }
    // A property that was given in the place of a live one counts once.
    const live = () =>
      allLive(resource, seen)
        .map(([name, xml]) => ({ namespace: dav, name, xml }))
        .filter((property) => dead.length === 0 || deadAt(property) === undefined)
    const href = hrefOf(resource)
    switch (wanted._tag) {
      case "Names":
        return propertiesOf(href, [{ status: ok, xml: [...live(), ...dead].map(emptyElement).join("") }])
      case "All": {
        const all = [...live(), ...dead]
        const more = wanted.include.filter((name) => !all.some((property) => isSame(property, name)))
        return propertiesOf(href, stats(all.map(({ xml }) => xml).join(""), more))
      }
      case "Some":
        return propertiesOf(href, stats("", wanted.names))
    }
  }
  return describe
}

const isSame = (a: XmlName, b: XmlName): boolean => a.name === b.name && a.namespace === b.namespace

/** A property without its value. */
export const emptyElement = ({ name, namespace }: XmlName): string =>
  namespace === dav ? `<D:${name}/>` : `<${name} xmlns="${attributeXml(namespace)}"/>`

/** The locks that bind a path, as this caller may see them; `now` in epoch milliseconds. */
const seenLocks = (caller: Caller, locks: LocksShape, path: string, now: number): ReadonlyArray<SeenLock> =>
  locks.none()
    ? []
    : locks.on(path).map((lock) => ({
        ...lock,
        remaining: Math.max(0, Math.ceil((lock.expires - now) / 1000)),
        tokenShown: lock.holder === caller.id || caller.tier === 3
      }))
