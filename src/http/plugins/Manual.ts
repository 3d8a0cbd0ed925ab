import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { Running } from "../../services/RunningPlugin.ts"
import * as Pages from "../shell/Pages.ts"

const who = { 1: "anybody", 2: "a token (T2), or a capability that covers it", 3: "an operator's token (T3)" }

/** Of a page that browsers get where programs get something else. */
export const pageHeaders = { vary: "Accept, Sec-Fetch-Mode", "cache-control": "no-cache" }

/** What a plugin says of itself, with a form to try it (C10.4). */
export const manualPage = ({ manifest, name }: Running, path: string): HttpServerResponse.HttpServerResponse => {
  const escape = Pages.escapeHtml
  const methods = manifest.methods ?? ["GET", "POST", "PUT", "DELETE"]
  const options = methods.map((method) => `<option>${method}</option>`).join("")
  const routes = manifest.routes.map((route) => `<code>/${escape(route)}</code>`).join(" ")
  return Pages.manualPage(
    `/${path}`,
    `<header class="bar"><a class="brand" href="/" aria-label="elastik: the machine">${Pages.mark}</a>
<nav class="crumbs" aria-label="Path"><ol><li>${path.split("/").map(escape).join("</li><li>")}</li></ol></nav></header>
<main id="main">
<div class="manual">
<h1>/${escape(path)}</h1>
<p>${escape(manifest.description ?? "")}</p>
<p class="hint">Served by <a href="/${escape(name)}">/${escape(name)}</a> at ${routes}, for ${who[manifest.tier]}.</p>
<form id="try">
<label>Method <select name="method">${options}</select></label>
<label>Target <input name="target" class="mono" value="/${escape(path)}" spellcheck="false"></label>
<label>Token <input name="token" type="password" autocomplete="off"></label>
<label>Body <textarea name="body" rows="6" spellcheck="false"></textarea></label>
<button class="primary">Send</button>
</form>
<pre id="answer" role="status" tabindex="0" aria-label="Answer"></pre>
</div>
</main>`,
    { headers: pageHeaders }
  )
}
