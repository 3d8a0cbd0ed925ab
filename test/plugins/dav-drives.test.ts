import { afterAll, describe, expect, test, vi } from "vitest"
import { hrefsIn, saidBy, submitting, tokenOf } from "../helpers/Dav.ts"
import { people } from "../helpers/People.ts"
import { shelve } from "../helpers/Plugins.ts"
import { start } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

/** What the network drives of desktops send, step by step, as their makers and server authors describe it. */
const server = await start()
afterAll(() => server.stop())
const { anyone, operator, user } = people(server)
await user.put("/lib/dav", shelve(await import("../../plugins/dav.ts")))
await operator.put("/lib/dav/state", "active")
// Drives know Basic, with whatever for a name.
const drive = people(server).login("me", "operator.token")
await drive.ask("MKCOL", "/dav/home/drive")

const chunked = { "transfer-encoding": "chunked" }

describe("C15 Finder (macOS)", () => {
  const agent = { "user-agent": "WebDAVFS/3.0.0 (03008000) Darwin/22.6.0 (x86_64)" }
  const quota =
    '<?xml version="1.0" encoding="utf-8"?>\n<D:propfind xmlns:D="DAV:">\n<D:prop>\n<D:quota-available-bytes/>\n' +
    "<D:quota-used-bytes/>\n<D:quota/>\n<D:quotaused/>\n</D:prop>\n</D:propfind>\n"
  const usual =
    '<?xml version="1.0" encoding="utf-8"?>\n<D:propfind xmlns:D="DAV:">\n<D:prop>\n<D:getlastmodified/>\n' +
    "<D:getcontentlength/>\n<D:creationdate/>\n<D:resourcetype/>\n</D:prop>\n</D:propfind>\n"

  test("mounts: it asks without credentials, is told what this is, and looks for its own files", async () => {
    expect((await anyone.ask("OPTIONS", "/dav/home/drive/", agent)).headers.dav).toBe("1, 2, 3")
    const root = await drive.ask("PROPFIND", "/dav/home/drive/", { ...agent, depth: "0" }, usual)
    expect([root.status, hrefsIn(root)]).toEqual([207, ["/dav/home/drive/"]])
    const space = await drive.ask("PROPFIND", "/dav/home/drive/", { ...agent, depth: "0" }, quota)
    expect(Object.values(saidBy(space)[0]?.props ?? {}).map(({ status }) => status)).toEqual([404, 404, 404, 404])
    for (const name of ["._.", ".DS_Store", ".metadata_never_index", ".Spotlight-V100"]) {
      expect((await drive.ask("PROPFIND", `/dav/home/drive/${name}`, { ...agent, depth: "0" }, usual)).status).toBe(404)
    }
  })

  test("writes a file: empty, locked, in chunks, unlocked, with its shadow beside it", async () => {
    const body =
      '<?xml version="1.0" encoding="utf-8"?>\n<D:lockinfo xmlns:D="DAV:">\n<D:lockscope><D:exclusive/></D:lockscope>\n' +
      "<D:locktype><D:write/></D:locktype>\n<D:owner>\n" +
      "<D:href>http://www.apple.com/webdav_fs/</D:href>\n</D:owner>\n</D:lockinfo>\n"
    for (const name of ["report.pages", "._report.pages"]) {
      const target = `/dav/home/drive/${name}`
      expect((await drive.put(target, "", { ...agent, "content-length": "0" })).status).toBe(201)
      // No Depth: that is infinity, which for a world is itself.
      const locked = await drive.ask("LOCK", target, { ...agent, timeout: "Second-600" }, body)
      expect([locked.status, locked.text.includes("webdav_fs")]).toEqual([200, true])
      const token = submitting(tokenOf(locked))
      const sent = { ...agent, ...chunked, ...token, "x-expected-entity-length": "5" }
      expect((await drive.put(target, "bytes", sent)).status).toBe(204)
      const refreshed = await drive.ask("LOCK", target, { ...agent, ...token, timeout: "Second-600" })
      expect(refreshed.status).toBe(200)
      expect((await drive.ask("UNLOCK", target, { ...agent, "lock-token": tokenOf(locked) })).status).toBe(204)
      expect((await anyone.get(target)).text).toBe("bytes")
    }
    const all = await drive.ask("PROPFIND", "/dav/home/drive/", { ...agent, depth: "1" }, usual)
    expect(hrefsIn(all)).toEqual(
      expect.arrayContaining(["/dav/home/drive/report.pages", "/dav/home/drive/._report.pages"])
    )
  })

  test("locks what is not there yet, then saves by a file beside and a move over it", async () => {
    await drive.put("/dav/home/drive/saved.txt", "old")
    await drive.put("/dav/home/drive/saved.txt.sb-1", "new", { ...agent, ...chunked })
    const destination = `${server.url}/dav/home/drive/saved.txt`
    const moved = await drive.ask("MOVE", "/dav/home/drive/saved.txt.sb-1", { ...agent, destination, overwrite: "T" })
    expect([moved.status, (await anyone.get("/dav/home/drive/saved.txt")).text]).toEqual([204, "new"])
  })
})

describe("C15 Explorer (Windows)", () => {
  const agent = { "user-agent": "Microsoft-WebDAV-MiniRedir/10.0.19045", translate: "f" }
  const win32 =
    '<?xml version="1.0" encoding="utf-8" ?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:">' +
    "<D:set><D:prop><Z:Win32CreationTime>Sat, 21 Nov 2026 10:00:00 GMT</Z:Win32CreationTime>" +
    "<Z:Win32LastAccessTime>Sat, 21 Nov 2026 10:00:00 GMT</Z:Win32LastAccessTime>" +
    "<Z:Win32LastModifiedTime>Sat, 21 Nov 2026 10:00:00 GMT</Z:Win32LastModifiedTime>" +
    "<Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>"
  const lockBody =
    '<?xml version="1.0" encoding="utf-8" ?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>' +
    "<D:locktype><D:write/></D:locktype><D:owner><D:href>DESKTOP\\me</D:href></D:owner></D:lockinfo>"

  test("copies a file in: empty, locked, its times, its bytes, unlocked", async () => {
    const target = "/dav/home/drive/New%20Document.docx"
    const options = await anyone.ask("OPTIONS", "/dav/home/drive", agent)
    expect(options.headers).toMatchObject({ dav: "1, 2, 3", "ms-author-via": "DAV" })
    expect(
      (await drive.ask("PROPFIND", "/dav/home/drive", { ...agent, depth: "0", "content-length": "0" })).status
    ).toBe(207)
    expect((await drive.ask("PROPFIND", target, { ...agent, depth: "0" })).status).toBe(404)
    expect((await drive.put(target, "", { ...agent, "content-length": "0" })).status).toBe(201)
    const locked = await drive.ask("LOCK", target, { ...agent, timeout: "Second-3600" }, lockBody)
    expect([locked.status, locked.text.includes("DESKTOP\\me")]).toEqual([200, true])
    const token = submitting(tokenOf(locked))
    const patched = await drive.ask("PROPPATCH", target, { ...agent, ...token }, win32)
    expect(Object.values(saidBy(patched)[0]?.props ?? {}).map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect((await drive.ask("HEAD", target, agent)).status).toBe(200)
    expect((await drive.put(target, "word", { ...agent, ...token })).status).toBe(204)
    expect((await drive.ask("PROPPATCH", target, { ...agent, ...token }, win32)).status).toBe(207)
    expect((await drive.ask("UNLOCK", target, { ...agent, "lock-token": tokenOf(locked) })).status).toBe(204)
    const [said] = saidBy(await drive.ask("PROPFIND", target, { ...agent, depth: "0" }))
    expect(said?.props).toMatchObject({
      getcontentlength: { text: "4" },
      Win32LastModifiedTime: { text: "Sat, 21 Nov 2026 10:00:00 GMT" },
      Win32FileAttributes: { text: "00000020" }
    })
  })

  test("renames a new folder, with its own URL as the Destination", async () => {
    await drive.ask("MKCOL", "/dav/home/drive/New%20folder", agent)
    const destination = `${server.url}/dav/home/drive/Gr%C3%B6%C3%9Fe`
    const headers = { ...agent, destination, overwrite: "F" }
    expect((await drive.ask("MOVE", "/dav/home/drive/New%20folder", headers)).status).toBe(201)
    expect((await drive.ask("PROPFIND", "/dav/home/drive/Gr%C3%B6%C3%9Fe/", { depth: "0" })).status).toBe(207)
  })
})

describe("C15 davfs2 and gvfs (Linux)", () => {
  test("lock with Depth 0, write under lock and tag, rename over what is there", async () => {
    const target = "/dav/home/drive/notes.txt"
    const body =
      '<?xml version="1.0" encoding="utf-8"?>\n<lockinfo xmlns=\'DAV:\'>\n <lockscope><exclusive/></lockscope>\n' +
      "<locktype><write/></locktype><owner>davfs2</owner>\n</lockinfo>\n"
    const locked = await drive.ask("LOCK", target, { depth: "0", timeout: "Second-1800" }, body)
    expect(locked.status).toBe(201)
    const tag = (await drive.head(target)).headers.etag
    const headers = { if: `<${target}> (${tokenOf(locked)} [${tag}])` }
    expect((await drive.put(target, "one", headers)).status).toBe(204)
    expect((await drive.put(target, "two", headers)).status).toBe(412)
    await drive.ask("UNLOCK", target, { "lock-token": tokenOf(locked) })
    await drive.put("/dav/home/drive/.goutputstream-1", "three", { "if-none-match": "*" })
    const moved = await drive.ask("MOVE", "/dav/home/drive/.goutputstream-1", { destination: target })
    expect([moved.status, (await anyone.get(target)).text]).toEqual([204, "three"])
  })
})
