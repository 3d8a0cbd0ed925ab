import * as OpenApi from "@effect/platform/OpenApi"
import * as Context from "effect/Context"

/** What the API description says beyond what the schemas do: what a body is, which headers an answer carries. */
interface Description {
  readonly summary: string
  readonly description: string
  /** media types of the request body, when it is bytes as they are */
  readonly body?: ReadonlyArray<string>
  /** response headers by status */
  readonly responseHeaders?: Readonly<Record<number, Readonly<Record<string, string>>>>
  /** media types of an answer that the schemas cannot express, by status */
  readonly media?: Readonly<Record<number, ReadonlyArray<string>>>
}

const binary = { type: "string", format: "binary" }

const contentOf = (media: ReadonlyArray<string>) => Object.fromEntries(media.map((type) => [type, { schema: binary }]))

/** The annotations of an endpoint for /openapi.json and /docs. */
export const describe = (text: Description): Context.Context<never> =>
  Context.empty().pipe(
    Context.add(OpenApi.Summary, text.summary),
    Context.add(OpenApi.Description, text.description),
    Context.add(OpenApi.Transform, (operation) => complete(operation, text))
  )

const problemDocument = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } }

const complete = (operation: Record<string, unknown>, text: Description): Record<string, unknown> => {
  const responses = { ...(operation.responses as Record<string, Record<string, unknown>>) }
  for (const [status, headers] of Object.entries(text.responseHeaders ?? {})) {
    responses[status] = {
      description: "Success",
      ...responses[status],
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: "string" } }])
      )
    }
  }
  for (const [status, media] of Object.entries(text.media ?? {})) {
    const response = responses[status] ?? { description: "Success" }
    responses[status] = { ...response, content: { ...(response.content as object), ...contentOf(media) } }
  }
  // Whatever the error, its answer is a problem document.
  for (const [status, response] of Object.entries(responses)) {
    if (Number(status) >= 400) responses[status] = { ...response, content: problemDocument }
  }
  // Without a list of its own an operation takes the credentials that the whole API takes.
  const { security: _security, ...rest } = operation
  return {
    ...rest,
    responses,
    ...(text.body === undefined ? {} : { requestBody: { required: true, content: contentOf(text.body) } })
  }
}
