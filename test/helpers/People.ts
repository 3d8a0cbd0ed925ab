import type { OutgoingHttpHeaders } from "node:http"
import { Schema } from "effect"
import { type Answer, T2, T3, type TestServer } from "./TestServer.ts"

type Body = Uint8Array | string

/** Somebody who asks, always with the same credentials. */
export interface Person {
  readonly get: (target: string, headers?: OutgoingHttpHeaders) => Promise<Answer>
  readonly head: (target: string, headers?: OutgoingHttpHeaders) => Promise<Answer>
  readonly put: (target: string, body?: Body, headers?: OutgoingHttpHeaders) => Promise<Answer>
  readonly post: (target: string, body?: Body, headers?: OutgoingHttpHeaders) => Promise<Answer>
  readonly del: (target: string, headers?: OutgoingHttpHeaders) => Promise<Answer>
  readonly ask: (method: string, target: string, headers?: OutgoingHttpHeaders, body?: Body) => Promise<Answer>
}

/** Whoever sends this Authorization header; nobody when there is none. */
export const person = (server: Pick<TestServer, "request">, authorization?: string): Person => {
  const ask = (method: string, target: string, headers: OutgoingHttpHeaders = {}, body?: Body) =>
    server.request(method, target, {
      headers: { ...(authorization === undefined ? {} : { authorization }), ...headers },
      ...(body === undefined ? {} : { body })
    })
  return {
    ask,
    get: (target, headers) => ask("GET", target, headers),
    head: (target, headers) => ask("HEAD", target, headers),
    put: (target, body = "", headers = {}) => ask("PUT", target, headers, body),
    post: (target, body = "", headers = {}) => ask("POST", target, headers, body),
    del: (target, headers) => ask("DELETE", target, headers)
  }
}

/** The three tiers, and the holders of tokens that are made on the way. */
export const people = (server: Pick<TestServer, "request">) => ({
  anyone: person(server),
  user: person(server, `Bearer ${T2}`),
  operator: person(server, `Bearer ${T3}`),
  holder: (token: string) => person(server, `Bearer ${token}`),
  login: (user: string, password: string) =>
    person(server, `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`)
})

/** The lines of a text answer. */
export const lines = (answer: Answer): ReadonlyArray<string> => answer.text.split("\n").filter((line) => line !== "")

/** The pairs of a header block, names lower-cased, in one order; without Date, which is not the resource's. */
export const headerPairs = (answer: Answer): ReadonlyArray<string> => {
  const pairs: Array<string> = []
  for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
    const name = (answer.rawHeaders[i] ?? "").toLowerCase()
    if (name !== "date") pairs.push(`${name}: ${answer.rawHeaders[i + 1]}`)
  }
  return pairs.sort()
}

/** Every value of one header, in the order of the wire. */
export const valuesOf = (answer: Answer, name: string): ReadonlyArray<string> =>
  answer.rawHeaders.filter((_, i) => i % 2 === 1 && answer.rawHeaders[i - 1]?.toLowerCase() === name)

const Receipt = Schema.Struct({
  version: Schema.Int,
  ext: Schema.String,
  type: Schema.String,
  len: Schema.Int,
  sha256: Schema.String
})

/** The receipt of a PUT or POST (C4.1), and only that. */
export const receiptOf = (answer: Answer): typeof Receipt.Type =>
  Schema.decodeUnknownSync(Receipt, { onExcessProperty: "error" })(answer.json())

const Minted = Schema.Struct({
  token: Schema.String,
  prefix: Schema.String,
  mode: Schema.String,
  ttl_sec: Schema.Int,
  exp: Schema.Int
})

/** What /auth/mint hands out (C7.4). */
export const mintedOf = (answer: Answer): typeof Minted.Type => Schema.decodeUnknownSync(Minted)(answer.json())

const Named = Schema.Array(Schema.Struct({ name: Schema.String }))

/** The names in a JSON array of things that have one. */
export const namesOf = (answer: Answer): ReadonlyArray<string> =>
  Schema.decodeUnknownSync(Named)(answer.json()).map(({ name }) => name)
