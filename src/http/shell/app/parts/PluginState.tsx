import { hrefOf } from "../pure/Place.ts"
import { useResource } from "../state/Resource.ts"
import type { Envelope } from "../state/World.ts"

/** The state of a plugin; `stamp` changes with it. */
export const PluginState = ({ path, stamp }: { readonly path: string; readonly stamp: string }) => {
  const { problem, value } = useResource<Envelope>(hrefOf(path), stamp)
  return (
    <span class="badge" data-state={value?.state ?? "unknown"} title={problem?.message}>
      {value?.state ?? problem?.title ?? "…"}
    </span>
  )
}
