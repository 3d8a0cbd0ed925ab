import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { compareBytes } from "../../domain/ByteOrder.ts"
import { type CanonicalPath, virtualNamespaces, worldNamespaces } from "../../domain/WorldPath.ts"
import { Api } from "../Api.ts"
import { CurrentCaller } from "../Caller.ts"
import { Listings } from "./Listings.ts"

const namespaces = [...worldNamespaces, ...virtualNamespaces].sort(compareBytes).map((name) => ({ name, dir: true }))

/** Collections over HTTP (C3). */
export const CollectionsLive = HttpApiBuilder.group(Api, "collections", (handlers) =>
  Effect.gen(function* () {
    const listings = yield* Listings
    return handlers
      .handle("root", ({ request }) => listings.fixed(request, namespaces, true))
      .handle("bareNamespace", ({ path, request, urlParams }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          listings.answer(caller, request, canonical(path.namespace), { ...urlParams, slash: false })
        )
      )
      .handle("namespace", ({ path, request, urlParams }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          listings.answer(caller, request, canonical(path.namespace), { ...urlParams, slash: true })
        )
      )
      .handle("collection", ({ path, request, urlParams }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          listings.answer(caller, request, canonical(`${path.namespace}/${path.name}`), { ...urlParams, slash: true })
        )
      )
  })
)

// Canonical since it was read from the raw target (http/RequestTarget.ts).
const canonical = (path: string): CanonicalPath => path as CanonicalPath
