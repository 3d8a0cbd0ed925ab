import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { LiveStorage } from "../layers/LiveStorage.ts"
import { Catalog } from "../services/Catalog.ts"
import { configured, type Flags } from "./Configured.ts"

/** Most of the server's modules, once for all who ask. */
const load = Effect.promise(() => import("./Serving.ts"))

const Serving = Layer.unwrapEffect(Effect.map(load, ({ Serving }) => Serving))

/** Looks at what is stored, in threads of its own, and meanwhile this one loads what it is going to be served with. */
const Prepared = Layer.provideMerge(Layer.merge(Catalog.layer, Layer.effectDiscard(load)), LiveStorage)

/** Starts the server, and keeps it running. */
export const start = (flags: Flags) =>
  Layer.launch(Serving.pipe(Layer.provide(Prepared), Layer.provide(configured(flags))))
