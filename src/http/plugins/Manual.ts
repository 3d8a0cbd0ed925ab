import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { Running } from "../../services/RunningPlugin.ts"
import { escapeHtml, page } from "../shell/Pages.ts"

const who = { 1: "anybody", 2: "a token (T2), or a capability that covers it", 3: "an operator's token (T3)" }

/** What a plugin says of itself, with a form to try it (C10.4). */
export const manualPage = ({ manifest, name }: Running, path: string): HttpServerResponse.HttpServerResponse => {
  const methods = manifest.methods ?? ["GET", "POST", "PUT", "DELETE"]
  const options = methods.map((method) => `<option>${method}</option>`).join("")
  const routes = manifest.routes.map((route) => `<code>/${escapeHtml(route)}</code>`).join(" ")
  return page(
    `/${path}`,
    `<header><nav id="path" aria-label="path"><a href="/">elastik</a> / ${escapeHtml(path)}</nav></header>
<main>
<h1>/${escapeHtml(path)}</h1>
<p>${escapeHtml(manifest.description ?? "")}</p>
<p>Served by <a href="/${escapeHtml(name)}">/${escapeHtml(name)}</a> at ${routes}, for ${who[manifest.tier]}.</p>
<form id="try">
<label>Method <select name="method">${options}</select></label>
<label>Target <input name="target" value="/${escapeHtml(path)}" size="40"></label>
<label>Token <input name="token" type="password" autocomplete="off"></label>
<label>Body <textarea name="body" rows="6"></textarea></label>
<button>Send</button>
</form>
<pre id="answer" aria-live="polite"></pre>
</main>
<script src="/manual.js" type="module"></script>`
  )
}
