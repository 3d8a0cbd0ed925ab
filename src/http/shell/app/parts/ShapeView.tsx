import { useState } from "preact/hooks"
import { hrefOf } from "../pure/Place.ts"
import type { Shape } from "../state/Shape.ts"
import { Code } from "./Code.tsx"
import { Copy } from "./Copy.tsx"
import { Failure } from "./Failure.tsx"
import { StageFrame } from "./Frame.tsx"

const exts: Readonly<Record<string, string>> = {
  "text/html": "html",
  "application/xhtml+xml": "html",
  "application/json": "json",
  "text/markdown": "md",
  "application/yaml": "yaml",
  "text/css": "css",
  "application/xml": "xml",
  "image/svg+xml": "xml"
}

const hints: Readonly<Record<number, string>> = {
  401: "A token (T2), or a capability that covers the source, can ask for shapes.",
  404: "Either the source is not there, or nothing shapes here: the plugin “semantic” does.",
  406: "The model's answer was not what Accept allows. Allow more, or ask again.",
  429: "Wait a minute, or take a type that the source can be converted into exactly.",
  503: "/etc/gpu.conf names the model. Without one there are exact conversions and plain text."
}

/** The answer: markup in a frame that runs nothing, all else as text; failures as what they are. */
export const ShapeView = ({
  path,
  shape,
  wanted
}: {
  readonly path: string
  readonly shape: Shape
  readonly wanted: string
}) => {
  const [asSource, setAsSource] = useState(false)
  const { contentType, error, phase, problem, text } = shape
  const type = contentType ?? wanted.split(/[;,]/, 1)[0]?.trim() ?? ""
  const isPage = exts[type] === "html"
  return (
    <div class="shape">
      {problem !== undefined && (
        <Failure problem={problem}>
          {hints[problem.status] !== undefined && <p class="hint">{hints[problem.status]}</p>}
        </Failure>
      )}
      {error !== undefined && (
        <p class="notice failure" role="alert">
          {error}
        </p>
      )}
      {text !== "" && (
        <>
          <div class="corner">
            {isPage && (
              <button type="button" class="quiet" aria-pressed={asSource} onClick={() => setAsSource(!asSource)}>
                Source
              </button>
            )}
            {phase === "done" && <Copy text={text} label="Copy" />}
          </div>
          {isPage && !asSource ? (
            <StageFrame mode="quiet" html={text} base={hrefOf(path)} title={`/${path}, shaped`} />
          ) : (
            <Code text={text} ext={exts[type] ?? "txt"} label={`/${path}, shaped`} />
          )}
        </>
      )}
    </div>
  )
}
