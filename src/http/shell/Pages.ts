import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { entry, integrityOf } from "./Assets.ts"

/**
 * What the application's own pages may do: run the script that has this hash and take their own style, frame worlds, show
 * pictures that they fetched with somebody's credentials, talk to this server. Stored worlds lie at this origin, too, so
 * that it vouches for no script. Text becomes code nowhere; the one address that does is the worker's: of any host, since
 * 'self' takes no path, and browsers take a page's workers from its own origin alone.
 */
const policyFor = (hash: string | undefined): string =>
  [
    "default-src 'none'",
    `script-src '${hash ?? "none"}'`,
    "style-src 'self'",
    "connect-src 'self'",
    "frame-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "manifest-src 'self'",
    "worker-src *:*/sw.js",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types elastik"
  ].join("; ")

/** What a page runs: its one script, and the policy that lets it. */
interface Program {
  readonly element: string
  readonly policy: string
}

const programOf = (src: string | undefined): Program => {
  const hash = src === undefined ? undefined : integrityOf(src)
  const element = hash === undefined ? "" : `<script type="module" src="${src}" integrity="${hash}"></script>\n`
  return { element, policy: policyFor(hash) }
}

const application = programOf(entry?.script)
const manual = programOf(entry?.manual)

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** Text as HTML text or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "")

const links =
  entry === undefined
    ? ""
    : `<link rel="stylesheet" href="${entry.style}">
<link rel="icon" type="image/svg+xml" href="${entry.icon}">
<link rel="apple-touch-icon" href="${entry.touchIcon}">
<link rel="manifest" href="/manifest.json">
<link rel="search" type="application/opensearchdescription+xml" title="elastik" href="/opensearch.xml">
`

const documentOf = (title: string, { element }: Program, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${links}${element}</head>
<body>
${body}
</body>
</html>
`

type Options = { readonly status?: number; readonly headers?: Record<string, string> }

const send = (html: string, { policy }: Program, options: Options): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(html, {
    ...options,
    contentType: "text/html; charset=utf-8",
    headers: {
      ...options.headers,
      "content-security-policy": policy,
      "referrer-policy": "no-referrer"
    }
  })

const withoutScript =
  entry === undefined
    ? "<main><p>The application has not been built: <code>npm run build</code> does it.</p></main>"
    : "<noscript><main><p>This page wants JavaScript. Programs get their answers without it.</p></main></noscript>"

const shellHtml = documentOf("elastik", application, `<div id="app"></div>\n${withoutScript}`)

/** The application: one page for every place, which finds out by itself what to show (C14). */
export const shellPage = (options: Options): HttpServerResponse.HttpServerResponse =>
  send(shellHtml, application, options)

/** An error, for people: the application, which is told of it, and the plain words for whoever runs no script. */
export const problemPage = (
  problem: { readonly title: string; readonly detail: string; readonly status: number },
  options: Options
): HttpServerResponse.HttpServerResponse => {
  const [title, detail] = [escapeHtml(problem.title), escapeHtml(problem.detail)]
  const told = `data-status="${problem.status}" data-title="${title}" data-detail="${detail}"`
  const words = `<main class="centred"><section class="failed"><h1>${problem.status} ${title}</h1>\n<p>${detail}</p></section></main>`
  return send(documentOf(title, application, `<div id="app" ${told}>${words}</div>`), application, options)
}

/** The picture of the program, as HTML. */
export const mark = entry === undefined ? "elastik" : `<img class="mark" src="${entry.icon}" alt="">`

/** The manual page of a plugin. `body` is HTML, `title` is text. */
export const manualPage = (title: string, body: string, options: Options): HttpServerResponse.HttpServerResponse =>
  send(documentOf(escapeHtml(title), manual, `<div id="app">${body}</div>`), manual, options)
