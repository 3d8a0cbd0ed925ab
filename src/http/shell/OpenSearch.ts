import { escapeHtml } from "./Pages.ts"

/**
 * The server as a search engine of the browser: what is typed becomes a path, and where no world has it, the router looks
 * for what was meant (C13). `origin` is without a trailing slash.
 */
export const openSearch = (origin: string, icon: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
<ShortName>elastik</ShortName>
<Description>Go to a world, or ask for one in your own words</Description>
<InputEncoding>UTF-8</InputEncoding>
<Image type="image/svg+xml">${escapeHtml(origin + icon)}</Image>
<Url type="text/html" method="get" template="${escapeHtml(origin)}/{searchTerms}"/>
</OpenSearchDescription>
`
