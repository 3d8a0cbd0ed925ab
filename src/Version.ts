import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"

const Package = Schema.parseJson(Schema.Struct({ version: Schema.String }))

/** The package's version (C8), the same for a checkout and an installed package. */
export const version: string = Schema.decodeSync(Package)(
  readFileSync(new URL("../package.json", import.meta.url), "utf8")
).version
