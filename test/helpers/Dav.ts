import type { OutgoingHttpHeaders } from "node:http"
import { Effect } from "effect"
import { type Element, elementsOf, readXml } from "../../src/http/dav/Xml.ts"
import type { Answer } from "./TestServer.ts"

/** What a multistatus says of one resource. */
export interface Said {
  readonly href: string
  /** of the resource itself */
  readonly status: number | undefined
  /** by name, with its status and what it holds */
  readonly props: Readonly<
    Record<string, { readonly status: number; readonly text: string; readonly element: Element }>
  >
}

const child = (element: Element, name: string) => elementsOf(element).find((part) => part.name === name)

/** All text of an element. */
export const textOf = (element: Element | undefined): string =>
  element?.children.map((part) => (typeof part === "string" ? part : textOf(part))).join("") ?? ""

const statusOf = (element: Element): number | undefined => {
  const status = child(element, "status")
  return status === undefined ? undefined : Number(/^HTTP\/1\.1 (\d{3}) /.exec(textOf(status))?.[1])
}

/** The root of an XML answer. */
export const xmlOf = (answer: Pick<Answer, "bytes">): Element => Effect.runSync(readXml(answer.bytes))

/** What a multistatus says, resource by resource. */
export const saidBy = (answer: Pick<Answer, "bytes">): ReadonlyArray<Said> =>
  elementsOf(xmlOf(answer))
    .filter(({ name }) => name === "response")
    .map((response) => ({
      href: textOf(child(response, "href")),
      status: statusOf(response),
      props: Object.fromEntries(
        elementsOf(response)
          .filter(({ name }) => name === "propstat")
          .flatMap((propstat) => {
            const prop = child(propstat, "prop")
            const status = statusOf(propstat) ?? 0
            return (prop === undefined ? [] : elementsOf(prop)).map((element) => [
              element.name,
              { status, text: textOf(element), element }
            ])
          })
      )
    }))

/** What a multistatus about one resource says of its properties. */
export const propsIn = (answer: Pick<Answer, "bytes">): Said["props"] => saidBy(answer)[0]?.props ?? {}

/** The hrefs that a multistatus speaks of. */
export const hrefsIn = (answer: Pick<Answer, "bytes">): ReadonlyArray<string> => saidBy(answer).map(({ href }) => href)

/** The names of elements within an element, at any depth. */
export const namesIn = (element: Element | undefined): ReadonlyArray<string> =>
  element === undefined ? [] : elementsOf(element).flatMap((part) => [part.name, ...namesIn(part)])

/** A PROPFIND body that names properties of WebDAV's. */
export const wanting = (...names: ReadonlyArray<string>): string =>
  `<D:propfind xmlns:D="DAV:"><D:prop>${names.map((name) => `<D:${name}/>`).join("")}</D:prop></D:propfind>`

/** A LOCK body. */
export const lockInfo = (scope: "exclusive" | "shared" = "exclusive", owner = "<D:owner>me</D:owner>"): string =>
  `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype>${owner}</D:lockinfo>`

/** The token that a LOCK answered with, as Lock-Token has it: within angle brackets. */
export const tokenOf = (answer: Pick<Answer, "headers">): string => String(answer.headers["lock-token"])

/** The header that submits a token. */
export const submitting = (token: string): OutgoingHttpHeaders => ({ if: `(${token})` })
