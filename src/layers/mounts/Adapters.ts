import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Adapter } from "./Adapter.ts"
import { areAvailable, byDescriptor } from "./DescriptorAnchors.ts"
import * as FileMount from "./FileMount.ts"
import * as HttpMount from "./HttpMount.ts"
import { byPath } from "./PathAnchors.ts"

/** What each scheme of /etc/fstab is served by. */
export type Adapters = ReadonlyMap<string, Adapter>

/** All that there are. A new kind of mount is a file beside these, and a line here. */
export const make = (anchors = areAvailable() ? byDescriptor : byPath): Effect.Effect<Adapters, never, Scope.Scope> =>
  Effect.gen(function* () {
    const http = yield* HttpMount.make
    return new Map([
      ["file", FileMount.make(anchors)],
      ["http", http],
      ["https", http]
    ])
  })
