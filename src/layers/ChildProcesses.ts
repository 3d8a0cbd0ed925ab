import type { ChildProcess } from "node:child_process"
import { setPriority } from "node:os"

/**
 * Ends a process at once, whatever it does. One that could not be started has no number, and node would take it for 0:
 * that means our own group, with this process in it.
 */
export const kill = (child: ChildProcess): void => {
  if (child.pid !== undefined) child.kill("SIGKILL")
}

/** Lets a process give way to others, by a nice value. Threads that it starts later inherit it. */
export const lower = ({ pid }: { readonly pid?: number | undefined }, priority: number): void => {
  try {
    if (pid !== undefined) setPriority(pid, priority)
  } catch {
    // It is gone already, which shows elsewhere, or it is as low as that: nobody may raise it.
  }
}
