import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { tempDirectory } from "./Temp.ts"

/** What lies at a path: the content of a file, or where a link points. A path that ends in a slash is a directory. */
export type Content = string | Buffer | { readonly to: string }

/** Makes files, links and directories below a directory that exists; `Buffer.from(...)` where a name is no UTF-8. */
export const plant = (root: string, files: Readonly<Record<string, Content>>): void => {
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path)
    mkdirSync(path.endsWith("/") ? at : join(at, ".."), { recursive: true })
    if (path.endsWith("/")) continue
    if (typeof content === "string" || Buffer.isBuffer(content)) writeFileSync(at, content)
    else symlinkSync(content.to, at)
  }
}

/** A directory `root` with what is given in it, and its neighbour `outside`; both go with the test. */
export const tree = (
  files: Readonly<Record<string, Content>> = {},
  outside: Readonly<Record<string, Content>> = {}
): { readonly root: string; readonly outside: string } => {
  const base = tempDirectory()
  const at = { root: join(base, "root"), outside: join(base, "outside") }
  mkdirSync(at.root)
  mkdirSync(at.outside)
  plant(at.root, files)
  plant(at.outside, outside)
  return at
}
