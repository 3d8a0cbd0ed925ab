import { type Data, deepest, isWellFormed, Numeral } from "./Data.ts"

/** JSON (RFC 8259) as data. Undefined for what is no JSON, names a member twice or holds a lone surrogate. */
export const read = (text: string): Data | undefined => {
  if (!isJson(text)) return undefined
  const open: Array<Array<Data> | Map<string, Data>> = []
  let name: string | undefined
  let whole: Data | undefined
  for (const [token] of text.matchAll(tokens)) {
    if (token === "]" || token === "}") {
      open.pop()
      continue
    }
    const parent = open.at(-1)
    const value = valueOf(token)
    if (value === undefined) return undefined
    if (parent instanceof Map && name === undefined) {
      // what stands where a name does is a string, and each name stands there once
      if (typeof value !== "string" || parent.has(value)) return undefined
      name = value
      continue
    }
    if (parent === undefined) whole = value
    else if (parent instanceof Map) parent.set(name ?? "", value)
    else parent.push(value)
    name = undefined
    if ((value instanceof Map || Array.isArray(value)) && open.push(value) > deepest) return undefined
  }
  return whole
}

/** The parser judges; all that is left to do then is to tell the tokens apart, commas and colons aside. */
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const tokens = /[[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*"|[-\d][-+.\deE]*|true|false|null/g

const valueOf = (token: string): Data | undefined => {
  switch (token[0]) {
    case "[":
      return []
    case "{":
      return new Map()
    case "t":
      return true
    case "f":
      return false
    case "n":
      return null
    case '"': {
      const text: string = JSON.parse(token)
      return isWellFormed(text) ? text : undefined
    }
    default:
      return new Numeral(token)
  }
}

/** Data as JSON for people: two spaces a level, a newline at the end. */
export const write = (data: Data): string => `${indented(data, "\n")}\n`

const indented = (data: Data, newline: string): string => {
  if (data instanceof Numeral) return data.text
  const inner = `${newline}  `
  if (Array.isArray(data)) {
    return data.length === 0
      ? "[]"
      : `[${inner}${data.map((item) => indented(item, inner)).join(`,${inner}`)}${newline}]`
  }
  if (data instanceof Map) {
    const members = Array.from(data, ([name, value]) => `${JSON.stringify(name)}: ${indented(value, inner)}`)
    return members.length === 0 ? "{}" : `{${inner}${members.join(`,${inner}`)}${newline}}`
  }
  return JSON.stringify(data)
}
