import * as HttpServerResponse from "@effect/platform/HttpServerResponse"

/**
 * What the shell's own pages may do: run their own script and style, frame worlds, talk to this server. A frame whose
 * text the page itself provides has the page's policy, and what a model has made may style itself there.
 */
const contentSecurityPolicy = (styles: "own styles" | "inline styles") =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${styles === "inline styles" ? " 'unsafe-inline'" : ""}`,
    "connect-src 'self'",
    "frame-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** Text as HTML text or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "")

const documentOf = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="/shell.css">
</head>
<body>
${body}
</body>
</html>
`

type Options = { readonly status?: number; readonly headers?: Record<string, string> }

/** A page of the shell's own, with what its scripts may do. `body` is HTML, `title` is text. */
export const page = (title: string, body: string, options: Options = {}): HttpServerResponse.HttpServerResponse =>
  send(documentOf(escapeHtml(title), body), options)

const send = (
  html: string,
  options: Options,
  styles: "own styles" | "inline styles" = "own styles"
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(html, {
    ...options,
    contentType: "text/html; charset=utf-8",
    headers: {
      ...options.headers,
      "content-security-policy": contentSecurityPolicy(styles),
      "referrer-policy": "no-referrer"
    }
  })

const shellHtml = documentOf(
  "elastik",
  `<header><nav id="path" aria-label="path"></nav><output id="status"></output></header>
<main id="view"></main>
<script src="/shell.js" type="module"></script>`
)

/** The shell: one page for every world and collection, which finds out by itself what to show (C14). */
export const shellPage = (
  options: Options,
  styles: "own styles" | "inline styles" = "own styles"
): HttpServerResponse.HttpServerResponse => send(shellHtml, options, styles)

/** An error, for people. */
export const problemPage = (
  problem: { readonly title: string; readonly detail: string; readonly status: number },
  options: Options
): HttpServerResponse.HttpServerResponse =>
  page(
    problem.title,
    `<main><h1>${problem.status} ${escapeHtml(problem.title)}</h1>\n<p>${escapeHtml(problem.detail)}</p></main>`,
    options
  )
