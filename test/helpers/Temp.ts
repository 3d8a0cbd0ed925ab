import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"

/** An empty directory that goes with the test that asked for it. */
export const tempDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "elastik-test-"))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
