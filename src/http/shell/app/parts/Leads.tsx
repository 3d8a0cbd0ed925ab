import type { ComponentChildren } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { leadOf } from "../pure/Lead.ts"
import { navigate } from "../state/Router.ts"
import { isSealed } from "../state/Seal.ts"

/** Where the frame would not be led; `server` is all that is known of a place on another one. */
type Refused = { readonly href: string } | { readonly server: string }

interface Props {
  /** whether nothing but this program's own script runs in the frame */
  readonly quiet: boolean
  /** the frame; gets a number that changes when it has to be made anew, since what was in it has left */
  readonly children: (round: number) => ComponentChildren
}

/**
 * Around the frame of a world: goes where its links lead, when somebody has just clicked one. A script in the frame can
 * send messages too, but no page of the server's is led to without a click in there, so none bears the seal.
 */
export const Leads = ({ children, quiet }: Props) => {
  const box = useRef<HTMLDivElement>(null)
  const [round, setRound] = useState(0)
  const [refused, setRefused] = useState<Refused>()

  const back = () => {
    setRefused(undefined)
    setRound((round) => round + 1)
  }

  useEffect(() => {
    let here = true
    const follow = (to: unknown) => {
      const lead = leadOf(to, location.origin)
      if (lead === undefined) return
      if (lead.kind === "away") return setRefused({ href: lead.href })
      back()
      navigate(lead.href)
    }
    const onMessage = async ({ data, origin, source }: MessageEvent) => {
      const shown = box.current?.querySelector<HTMLIFrameElement>("iframe:not(.arriving)")
      if (source === null || source !== shown?.contentWindow || origin !== "null") return
      if (!navigator.userActivation?.isActive) return
      if ((quiet || (await isSealed(data?.seal))) && here) follow(data?.to)
    }
    const onViolation = ({ blockedURI, effectiveDirective }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective !== "frame-src") return
      setRefused({ server: URL.canParse(blockedURI) ? new URL(blockedURI).origin : "" })
    }
    addEventListener("message", onMessage)
    document.addEventListener("securitypolicyviolation", onViolation)
    return () => {
      here = false
      removeEventListener("message", onMessage)
      document.removeEventListener("securitypolicyviolation", onViolation)
    }
  }, [quiet])

  return (
    <>
      {refused !== undefined && <Refusal where={refused} back={back} />}
      <div class="frame" ref={box}>
        {children(round)}
      </div>
    </>
  )
}

const Refusal = ({ back, where }: { readonly where: Refused; readonly back: () => void }) => (
  <div class="notice lead" role="status">
    {"href" in where ? (
      <p>
        This leads to{" "}
        <a href={where.href} target="_blank" rel="noopener noreferrer">
          {where.href}
        </a>
        , in a tab of its own.
      </p>
    ) : (
      <p>
        This leads to {where.server || "what is no page"}, which is not shown in here. To open it in a tab of its own,
        hold Ctrl and click.
      </p>
    )}
    <button type="button" class="quiet" onClick={back}>
      Back
    </button>
  </div>
)
