import { useEffect, useState } from "preact/hooks"
import { formatBytes, hexDump } from "../pure/Format.ts"
import { kindOf } from "../pure/Kind.ts"
import { hrefOf } from "../pure/Place.ts"
import { demand, Problem, session } from "../state/Session.ts"
import { useStore } from "../state/Store.ts"
import { type Envelope, isText } from "../state/World.ts"
import { Code } from "./Code.tsx"
import { Download } from "./Download.tsx"
import { Failure } from "./Failure.tsx"
import { StageFrame, WorldFrame } from "./Frame.tsx"

interface Props {
  readonly path: string
  readonly world: Envelope
  /** each has an address of its own, also when a world was deleted and made anew */
  readonly moment: string
}

/** What a world looks like. */
export const Rendered = ({ moment, path, world }: Props) => {
  const { authorization } = useStore(session)
  const kind = kindOf(world.ext, isText(world))
  const src = `${hrefOf(path)}?raw&moment=${moment}`
  const title = `/${path}`
  if (kind === "page") {
    // A frame cannot show credentials; what is shown to those who have some is fetched by this page.
    return authorization !== undefined && isText(world) ? (
      <StageFrame key={world.sha256} mode="alive" html={world.stage_html} base={hrefOf(path)} title={title} />
    ) : (
      <WorldFrame src={src} title={title} />
    )
  }
  if (kind === "text") return <Code text={world.stage_html} ext={world.ext} label={title} />
  if (kind === "bytes") return <Bytes path={path} world={world} src={src} />
  return authorization === undefined ? (
    <Media kind={kind} src={src} title={title} />
  ) : (
    <FetchedMedia key={src} kind={kind} src={src} title={title} />
  )
}

type MediaProps = { readonly kind: "image" | "audio" | "video"; readonly src: string; readonly title: string }

const Media = ({ kind, src, title }: MediaProps) => {
  const [broken, setBroken] = useState(false)
  useEffect(() => setBroken(false), [src])
  if (broken) return <p class="empty">These bytes are no {kind} that this browser can show.</p>
  const onError = () => setBroken(true)
  return (
    <div class="media">
      {kind === "image" ? (
        <img src={src} alt={title} onError={onError} />
      ) : kind === "audio" ? (
        // biome-ignore lint/a11y/useMediaCaption: a world has no captions beside it
        <audio src={src} controls onError={onError} />
      ) : (
        // biome-ignore lint/a11y/useMediaCaption: a world has no captions beside it
        <video src={src} controls onError={onError} />
      )}
    </div>
  )
}

const FetchedMedia = ({ kind, src, title }: MediaProps) => {
  const [url, setUrl] = useState<string>()
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    const abort = new AbortController()
    let made: string | undefined
    demand(src, { signal: abort.signal })
      .then((response) => response.blob())
      .then(async (blob) => {
        const isDocument = /svg|xml|html/i.test(blob.type)
        const address = isDocument ? await dataUrlOf(blob) : URL.createObjectURL(blob)
        if (!isDocument) made = address
        if (abort.signal.aborted) return isDocument ? undefined : URL.revokeObjectURL(address)
        setUrl(address)
      })
      .catch((error) => error instanceof Problem && setProblem(error))
    return () => {
      abort.abort()
      if (made !== undefined) URL.revokeObjectURL(made)
    }
  }, [src])
  if (problem !== undefined) return <Failure problem={problem} />
  return url === undefined ? null : <Media kind={kind} src={url} title={title} />
}

/** What could run when it is opened by itself must not have this page's origin, which a blob: URL would give it. */
const dataUrlOf = (blob: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(blob)
  })

const shownBytes = 2048

/** Bytes that are nothing a browser can show: the first of them, and a way to have them all. */
const Bytes = ({ path, src, world }: { readonly path: string; readonly world: Envelope; readonly src: string }) => {
  const [head, setHead] = useState<Uint8Array>()
  useEffect(() => {
    const abort = new AbortController()
    demand(src, { signal: abort.signal, headers: { range: `bytes=0-${shownBytes - 1}` } })
      .then((response) => response.arrayBuffer())
      .then((buffer) => setHead(new Uint8Array(buffer)))
      .catch(() => {})
    return () => abort.abort()
  }, [src])
  return (
    <div class="bytes">
      <div class="offer">
        <p>
          {formatBytes(world.len)} of <code>{world.ext}</code>, which browsers do not show.
        </p>
        <Download path={path} ext={world.ext} />
      </div>
      {head !== undefined && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre class="hex" tabIndex={0}>
          {hexDump(head)}
          {world.len > shownBytes && `\n… ${formatBytes(world.len - shownBytes)} more`}
        </pre>
      )}
    </div>
  )
}
