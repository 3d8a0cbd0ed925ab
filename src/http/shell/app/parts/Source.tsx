import { type Envelope, isText } from "../state/World.ts"
import { Code } from "./Code.tsx"
import { Copy } from "./Copy.tsx"
import { Download } from "./Download.tsx"

/** The bytes as they are, coloured when they are text. */
export const Source = ({ path, world }: { readonly path: string; readonly world: Envelope }) =>
  isText(world) ? (
    <>
      <div class="corner">
        <Copy text={world.stage_html} label="Copy" />
        <Download path={path} ext={world.ext} />
      </div>
      {world.len === 0 ? (
        <p class="empty">No bytes: this world is empty.</p>
      ) : (
        <Code text={world.stage_html} ext={world.ext} label={`Source of /${path}`} />
      )}
    </>
  ) : (
    <div class="empty">
      <p>These bytes are no text.</p>
      <Download path={path} ext={world.ext} />
    </div>
  )
