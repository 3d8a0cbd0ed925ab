import { readFileSync } from "node:fs"
import { token } from "./server.mjs"

export const user = { authorization: `Bearer ${token}` }
export const operator = { authorization: `Bearer ${token}-approve` }

/** A request that must be answered well. */
export const call = async (server, method, path, headers, body) => {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers, body })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status}: ${text}`)
}

/** Makes source a running plugin. */
export const activate = async (server, name, source) => {
  await call(server, "PUT", `/lib/${name}`, user, source)
  await call(server, "PUT", `/lib/${name}/state`, operator, "active")
}

/** The source of a plugin that ships with the program. */
export const shipped = (name) => readFileSync(new URL(`../plugins/${name}.ts`, import.meta.url), "utf8")
