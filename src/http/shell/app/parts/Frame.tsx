import { useEffect, useRef, useState } from "preact/hooks"
import { stages } from "../state/Stages.ts"
import { Leads } from "./Leads.tsx"

const attributes = {
  // Without allow-same-origin what is inside has an origin of its own, and can reach neither this page nor the server.
  sandbox: "allow-scripts",
  referrerpolicy: "no-referrer",
  allow: ""
} as const

/** A world in a frame of its own; the next version is loaded behind the present one, and takes its place when it is there. */
export const WorldFrame = ({ src, title }: { readonly src: string; readonly title: string }) => {
  const [shown, setShown] = useState(src)
  return (
    <Leads quiet={false}>
      {(round) =>
        [...new Set([shown, src])].map((each) => (
          <iframe
            key={`${round} ${each}`}
            {...attributes}
            class={each === shown ? "" : "arriving"}
            title={title}
            src={each}
            onLoad={() => each === src && setShown(src)}
          />
        ))
      }
    </Leads>
  )
}

interface Staged {
  readonly html: string
  /** the address of what the markup is of */
  readonly base: string
  readonly mode: keyof typeof stages
  readonly title: string
}

/**
 * Markup that this page has got hold of, in a frame whose page comes from the server with a policy of its own: "alive"
 * runs scripts, so each text wants a frame of its own (a key); "quiet" does not, and takes more as it comes. Both have an
 * origin of their own.
 */
export const StageFrame = (staged: Staged) => (
  <Leads quiet={staged.mode === "quiet"}>{(round) => <Stage key={String(round)} {...staged} />}</Leads>
)

const Stage = ({ base, html, mode, title }: Staged) => {
  const frame = useRef<HTMLIFrameElement>(null)
  const [ready, setReady] = useState(false)
  useEffect(() => {
    // An opaque origin has no name to address it by; the frame is this page's own.
    if (ready) frame.current?.contentWindow?.postMessage({ html, base }, "*")
  }, [ready, html, base])
  return <iframe ref={frame} {...attributes} title={title} src={stages[mode]} onLoad={() => setReady(true)} />
}
