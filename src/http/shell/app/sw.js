// Keeps the application's own files, whose names change with their content. Worlds are never kept: whatever is not one of
// those files goes the usual way, as if this were not here.
const cacheName = `elastik-${BUILD}`
const own = /^\/app\/[\w.-]+-[0-9A-Z]{8}\.\w+$/

addEventListener("install", () => skipWaiting())

addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys()
    await Promise.all(
      names.filter((name) => name.startsWith("elastik-") && name !== cacheName).map((name) => caches.delete(name))
    )
    await clients.claim()
  }
  event.waitUntil(tidy())
})

const fromCache = async (request) => {
  const cache = await caches.open(cacheName)
  const kept = await cache.match(request)
  if (kept !== undefined) return kept
  const response = await fetch(request)
  if (response.ok) await cache.put(request, response.clone())
  return response
}

addEventListener("fetch", (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method === "GET" && url.origin === location.origin && own.test(url.pathname) && url.search === "") {
    event.respondWith(fromCache(request))
  }
})
