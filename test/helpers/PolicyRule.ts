import { people } from "./People.ts"
import { capOf, nowSeconds, sha256 } from "./Secrets.ts"
import { key, T2, T3, type TestServer } from "./TestServer.ts"

/** A caller as C7 describes them: what an Authorization header is worth, not how it is recognised. */
export interface Who {
  readonly name: string
  readonly authorization: string | undefined
  readonly tier: 1 | 2 | 3
  readonly credentialed: boolean
  readonly scope?: readonly [prefix: string, mode: "r" | "rw"]
}

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`
const cap = (prefix: string, mode: string, exp = nowSeconds() + 3600, under = key) =>
  `Bearer ${capOf(under, prefix, exp, mode)}`
const nobody = { tier: 1, credentialed: false } as const
const holder = (prefix: string, mode: "r" | "rw"): Who => ({
  name: `a cap ${mode} on ${prefix}`,
  authorization: cap(prefix, mode),
  tier: 2,
  credentialed: true,
  scope: [prefix.slice(1), mode]
})

/** Everybody there is: tiers, users, capabilities, and those whose credentials are worth nothing. */
export const callers: ReadonlyArray<Who> = [
  { name: "nobody", authorization: undefined, ...nobody },
  { name: "T2", authorization: `Bearer ${T2}`, tier: 2, credentialed: true },
  { name: "T3", authorization: `Bearer ${T3}`, tier: 3, credentialed: true },
  { name: "T2 by Basic", authorization: basic("whoever", T2), tier: 2, credentialed: true },
  { name: "T3 by Basic", authorization: basic("", T3), tier: 3, credentialed: true },
  { name: "a T1 user", authorization: basic("one", "p1"), tier: 1, credentialed: true },
  { name: "a T2 user", authorization: basic("two", "p:2"), tier: 2, credentialed: true },
  { name: "a T3 user", authorization: basic("three", "p3"), tier: 3, credentialed: true },
  { name: "a user with a wrong password", authorization: basic("three", "p4"), ...nobody },
  { name: "an unknown token", authorization: "Bearer unknown", ...nobody },
  { name: "an expired cap", authorization: cap("/home", "rw", nowSeconds() - 1), ...nobody },
  { name: "a cap under another key", authorization: cap("/home", "rw", nowSeconds() + 60, "guess"), ...nobody },
  { name: "a cap of a mode that is none", authorization: cap("/home", "w"), ...nobody },
  holder("/home/cap", "r"),
  holder("/home/cap", "rw"),
  holder("/home/secret", "r"),
  holder("/etc", "rw"),
  holder("/boot", "rw"),
  holder("/lib", "rw"),
  holder("/lib/a", "r"),
  holder("/", "rw"),
  holder("/", "r"),
  holder("/nowhere", "rw")
]

/** Worlds on every side of every boundary that the policy knows, in byte order. */
export const names = [
  ...["boot/env", "etc/a", "etc/fstab", "etc/fstab/x", "etc/fstabs", "etc/private", "etc/passwd", "etc/shadow"],
  ...["etc/shadow/x", "etc/shadowy", "home/a", "home/cap", "home/cap/x", "home/cap/x/y", "home/cap.x", "home/capx"],
  ...["home/mixed/open", "home/mixed/secret", "home/secret", "home/secret/x", "home/secret/x/y", "home/secretive"],
  ...["lib/a", "lib/b", "usr/a", "usr/lib/a", "var/a", "var/log/a", "var/private/a"]
].sort()
const privately = ["home/secret", "home/mixed/secret", "var/private"]
/** /etc/private that says so, in all the ways that a line may be written. */
export const privateText =
  "# what only those with a credential may read\n\n/home/secret\r\nhome/mixed/secret/\n  /var/private  \n/home/../bad\n"

// The rule, written a second time from the text of C7.
const within = (path: string, prefix: string) => prefix === "" || path === prefix || path.startsWith(`${prefix}/`)
export const inScope = ({ scope }: Who, path: string) => scope === undefined || within(path, scope[0])
export const mayRead = (who: Who, path: string, everything: boolean) =>
  inScope(who, path) &&
  (who.tier === 3 || !["boot", "etc/shadow", "etc/fstab"].some((prefix) => within(path, prefix))) &&
  (who.credentialed || !(everything || privately.some((prefix) => within(path, prefix))))
export const mayWrite = (who: Who, path: string) =>
  inScope(who, path) && who.scope?.[1] !== "r" && who.tier >= (/^(home|lib)\//.test(path) ? 2 : 3)
export const mayDelete = (who: Who) => who.tier === 3

/** Writes those worlds, users and rules. */
export const populate = async (server: TestServer): Promise<void> => {
  const { operator } = people(server)
  for (const name of names) await operator.put(`/${name}`, `the bytes of ${name}`)
  await operator.put("/etc/passwd", "one:T1\ntwo:T2\nthree:T3\n")
  await operator.put("/etc/shadow", `one:${sha256("p1")}\ntwo:${sha256("p:2")}\nthree:${sha256("p3")}\n`)
  await operator.put("/etc/private", privateText)
}
