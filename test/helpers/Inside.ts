import { homedir, tmpdir } from "node:os"

/** What only the inside knows (C16): where the program and its data are, and how it got to where it failed. */
export const inside = new RegExp(
  [process.cwd(), tmpdir(), homedir(), process.execPath, "node_modules", "file://", "node:internal", "Error:"]
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .concat("\\bat .*:\\d+:\\d+", "\\.[cm]?[jt]s:\\d+")
    .join("|")
)
