import { formatHttpDate } from "../../domain/HttpDate.ts"
import type { Lock } from "../../domain/Lock.ts"
import { timeoutText } from "../../domain/LockTimeout.ts"
import { contentType, mediaTypeOf } from "../../domain/MediaType.ts"
import { tagOf } from "../../domain/World.ts"
import { hrefOf, isFixed, type Resource } from "./Resource.ts"
import { dav, type XmlName } from "./Xml.ts"
import { textXml } from "./XmlText.ts"

/** A lock as somebody may see it at some time. */
export interface SeenLock extends Lock {
  /** seconds until it is over */
  readonly remaining: number
  /** its token is for its holder and for operators */
  readonly tokenShown: boolean
}

/** The content of a live property as XML; undefined where a resource does not have it (RFC 4918 section 15). */
type Live = (resource: Resource, locks: () => ReadonlyArray<SeenLock>) => string | undefined

const supportedLocks = ["exclusive", "shared"]
  .map(
    (scope) => `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`
  )
  .join("")

/** ISO 8601 in whole seconds (RFC 3339). */
const isoDate = (epochMillis: number): string => `${new Date(epochMillis).toISOString().slice(0, 19)}Z`

const live: ReadonlyMap<string, Live> = new Map<string, Live>([
  ["creationdate", ({ entry }) => entry && isoDate(entry.createdAt)],
  ["displayname", ({ path }) => textXml(path.slice(path.lastIndexOf("/") + 1))],
  ["getcontentlength", ({ entry }) => entry && String(entry.len)],
  ["getcontenttype", ({ entry }) => entry && textXml(contentType(mediaTypeOf(entry.ext)))],
  ["getetag", ({ entry }) => entry && `"${textXml(tagOf(entry, "raw"))}"`],
  ["getlastmodified", ({ entry }) => entry && formatHttpDate(entry.updatedAt)],
  [
    "lockdiscovery",
    (resource, locks) =>
      locks()
        .map((lock) => activeLock(lock, resource))
        .join("")
  ],
  ["resourcetype", ({ collection }) => (collection ? "<D:collection/>" : "")],
  ["supportedlock", ({ path }) => (isFixed(path) ? "" : supportedLocks)]
])

/** The live properties that a resource has, as elements, by their names in WebDAV's namespace. */
export const allLive = (
  resource: Resource,
  locks: () => ReadonlyArray<SeenLock>
): ReadonlyArray<readonly [name: string, xml: string]> => {
  const found: Array<readonly [string, string]> = []
  for (const [name, read] of live) {
    const content = read(resource, locks)
    if (content !== undefined) found.push([name, element(name, content)])
  }
  return found
}

/** A live property as an element; undefined when it is none of the resource's. */
export const liveXml = (
  { name, namespace }: XmlName,
  resource: Resource,
  locks: () => ReadonlyArray<SeenLock>
): string | undefined => {
  const content = namespace === dav ? live.get(name)?.(resource, locks) : undefined
  return content === undefined ? undefined : element(name, content)
}

const element = (name: string, content: string): string =>
  content === "" ? `<D:${name}/>` : `<D:${name}>${content}</D:${name}>`

/** What everybody may give another name (RFC 4918 section 15.2): then it is a property like any other. */
const replaceable = "displayname"

/** Whether only the server sets this property (RFC 4918 section 15). */
export const isProtected = ({ name, namespace }: XmlName): boolean =>
  namespace === dav && name !== replaceable && live.has(name)

/** A lock as lockdiscovery has it (RFC 4918 section 14.1); `resource` is where it is looked at. */
export const activeLock = (
  lock: SeenLock,
  resource: { readonly path: string; readonly collection: boolean }
): string => {
  // The root of a lock that reaches here from above has members, so it is a collection.
  const root = lock.root === resource.path ? resource : { path: lock.root, collection: true }
  const owner = lock.owner === "" ? "" : `<D:owner>${lock.owner}</D:owner>`
  const token = lock.tokenShown ? `<D:locktoken><D:href>${textXml(lock.token)}</D:href></D:locktoken>` : ""
  return (
    `<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:${lock.scope}/></D:lockscope>` +
    `<D:depth>${lock.depth}</D:depth>${owner}<D:timeout>${timeoutText(lock.remaining)}</D:timeout>${token}` +
    `<D:lockroot><D:href>${textXml(hrefOf(root))}</D:href></D:lockroot></D:activelock>`
  )
}
