import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Stream from "effect/Stream"
import type { DomainError } from "../../domain/Errors.ts"
import { problems } from "../Problem.ts"
import { bytes } from "../Response.ts"
import { hrefOf } from "./Resource.ts"
import { textXml } from "./XmlText.ts"

/** Properties that share a status; `xml` are their elements. */
export interface PropStat {
  readonly status: string
  readonly xml: string
  /** the condition that was not met, as an element of WebDAV's (RFC 4918 section 16) */
  readonly condition?: string
}

export const ok = "200 OK"
export const forbidden = "403 Forbidden"
export const notFound = "404 Not Found"
export const failedDependency = "424 Failed Dependency"

const declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
const start = `${declaration}<D:multistatus xmlns:D="DAV:">`
const end = "</D:multistatus>\n"
const xmlType = "application/xml; charset=utf-8"
const uncached = { "cache-control": "no-cache" }

/** What is said of the properties of one resource (RFC 4918 section 14.24). */
export const propertiesOf = (href: string, propstats: ReadonlyArray<PropStat>): string => {
  const parts = propstats.map(
    ({ condition, status, xml }) =>
      `<D:propstat><D:prop>${xml}</D:prop><D:status>HTTP/1.1 ${status}</D:status>${
        condition === undefined ? "" : `<D:error><D:${condition}/></D:error>`
      }</D:propstat>`
  )
  return `<D:response><D:href>${textXml(href)}</D:href>${parts.join("")}</D:response>`
}

/** What became of one resource on the way. */
const failureOf = (href: string, error: DomainError): string =>
  `<D:response><D:href>${textXml(href)}</D:href><D:status>HTTP/1.1 ${problems[error._tag].status} ${
    problems[error._tag].title
  }</D:status><D:responsedescription>${textXml(error.message)}</D:responsedescription></D:response>`

/** 207 with responses that are all there. */
export const multistatus = (responses: string): HttpServerResponse.HttpServerResponse =>
  bytes(`${start}${responses}${end}`, xmlType, uncached, 207)

/** 207 with the members for which something could not be done. */
export const failed = (
  failures: ReadonlyArray<{ readonly path: string; readonly error: DomainError }>
): HttpServerResponse.HttpServerResponse =>
  multistatus(failures.map(({ error, path }) => failureOf(hrefOf({ path, collection: false }), error)).join(""))

/** 207 with any number of responses, written as they come. */
export const multistatusStream = <E>(responses: Stream.Stream<string, E>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(
    Stream.encodeText(Stream.concat(Stream.concat(Stream.make(start), responses), Stream.make(end))),
    { status: 207, contentType: xmlType, headers: uncached }
  )

/** A document of WebDAV's whose root has this content. */
export const document = (
  root: string,
  content: string,
  status: number,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  bytes(
    `${declaration}<D:${root} xmlns:D="DAV:">${content}</D:${root}>\n`,
    xmlType,
    { ...uncached, ...headers },
    status
  )
