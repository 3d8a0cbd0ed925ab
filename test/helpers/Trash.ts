import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"

/** The directories in the trash, as `<deletion>/<world>`. */
export const trashed = (data: string) =>
  existsSync(join(data, ".trash"))
    ? readdirSync(join(data, ".trash"))
        .flatMap((deletion) => readdirSync(join(data, ".trash", deletion)).map((name) => `${deletion}/${name}`))
        .sort()
    : []
