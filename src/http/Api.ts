import * as HttpApi from "@effect/platform/HttpApi"
import * as OpenApi from "@effect/platform/OpenApi"
import { version } from "../Version.ts"
import { AuthGroup } from "./auth/Api.ts"
import { CollectionsGroup } from "./collections/Api.ts"
import { IntrospectionGroup } from "./introspection/Api.ts"
import { PluginsGroup } from "./plugins/Api.ts"
import { StreamGroup } from "./stream/Api.ts"
import { WorldsGroup } from "./worlds/Api.ts"

const security = {
  bearer: { type: "http", scheme: "bearer", description: "a token, or a capability from /auth/mint" },
  basic: { type: "http", scheme: "basic", description: "a user of /etc/passwd, or any name with a token as password" }
}

/** The platform's own decode error is never sent: it becomes a problem like any other. */
const withoutInternals = ({ HttpApiDecodeError: _error, Issue: _issue, PropertyKey: _key, ...schemas }: Schemas) =>
  schemas

type Schemas = Readonly<Record<string, unknown>>

/** The whole typed API, as /openapi.json and /docs describe it (C8). */
export class Api extends HttpApi.make("elastik")
  .add(WorldsGroup)
  .add(PluginsGroup)
  .add(CollectionsGroup)
  .add(StreamGroup)
  .add(IntrospectionGroup)
  .add(AuthGroup)
  .annotate(OpenApi.Title, "elastik")
  .annotate(OpenApi.Version, version)
  .annotate(OpenApi.Description, "A semantic HTTP server: every path is a world, every write a signed receipt.")
  .annotate(OpenApi.Transform, ({ components: { schemas }, ...spec }) => ({
    ...spec,
    components: { schemas: withoutInternals(schemas), securitySchemes: security },
    // Nobody, or whoever shows one of the two.
    security: [{}, { bearer: [] }, { basic: [] }]
  })) {}
