import type { Caller } from "../../domain/Caller.ts"
import type { Fstab, Mount, UnreadLine } from "../../domain/Fstab.ts"
import type { MountList } from "../../services/MountTable.ts"
import type { Adapters } from "./Adapters.ts"

/**
 * The mounts in the order of their declaration, as far as the caller may read them. Sources are for users and operators:
 * a capability is shown as little of this host as a stranger. What could not be read is for operators (C11.2).
 */
export const listOf = (
  { mounts, unread }: Fstab,
  { scope, tier }: Caller,
  readable: (path: string) => boolean
): MountList => {
  const trusted = scope === undefined && tier >= 2
  return {
    mounts: [...mounts.values()]
      .filter(({ name }) => readable(`mnt/${name}`))
      .map(({ mode, name, source }) => ({ name, path: trusted ? source : `/mnt/${name}`, mode })),
    ...(trusted && tier === 3 ? { unread } : {})
  }
}

/** Every line that does not do what it seems to say: those that mount nothing, and options that nothing will read. */
export const unreadOf = (
  mounts: ReadonlyMap<string, Mount>,
  unread: ReadonlyArray<UnreadLine>,
  adapters: Adapters
): ReadonlyArray<UnreadLine> =>
  [...unread, ...[...mounts.values()].flatMap((mount) => unreadOptions(mount, adapters))].sort(
    (a, b) => a.line - b.line
  )

const unreadOptions = ({ line, options, scheme }: Mount, adapters: Adapters): ReadonlyArray<UnreadLine> => {
  const adapter = adapters.get(scheme)
  if (adapter === undefined) return [{ line, reason: "nothing here speaks the scheme of its source" }]
  const known = adapter.options
  return [...options.keys()].every((option) => known.includes(option))
    ? []
    : [
        {
          line,
          reason: `of its options only ${known.join(", ")} means something here; the mount is there without the rest`
        }
      ]
}
