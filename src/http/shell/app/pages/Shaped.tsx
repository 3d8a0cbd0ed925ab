import { useEffect, useRef, useState } from "preact/hooks"
import { ShapeFacts } from "../parts/ShapeFacts.tsx"
import { ShapeView } from "../parts/ShapeView.tsx"
import { Wishes } from "../parts/Wishes.tsx"
import { address, navigate } from "../state/Router.ts"
import { session } from "../state/Session.ts"
import { type Shape, shape, type Wish } from "../state/Shape.ts"
import { useStore } from "../state/Store.ts"

const usual = "text/html"

/** A source in the shape that somebody asks for, as it is written. What is asked stands in the address. */
export const ShapedPage = ({ path }: { readonly path: string }) => {
  const { search } = useStore(address)
  const { authorization } = useStore(session)
  const query = new URLSearchParams(search)
  const accept = query.get("accept") ?? usual
  const intent = query.get("intent") ?? ""
  const [current, setCurrent] = useState<Shape>()
  const [round, setRound] = useState(0)
  const running = useRef<AbortController>(undefined)

  useEffect(() => {
    const abort = new AbortController()
    running.current = abort
    void shape(path, { accept, intent }, (shape) => running.current === abort && setCurrent(shape), abort.signal)
    return () => abort.abort()
  }, [path, accept, intent, authorization, round])

  const ask = (wish: Wish) => {
    const wanted = new URLSearchParams({ accept: wish.accept, ...(wish.intent === "" ? {} : { intent: wish.intent }) })
    if (wish.accept === accept && wish.intent === intent) setRound(round + 1)
    else navigate(`${location.pathname}?${wanted}`)
  }
  const busy = current?.phase === "asking" || current?.phase === "streaming"
  return (
    <main id="main" class="shaped">
      <Wishes
        key={`${accept}\n${intent}`}
        wish={{ accept, intent }}
        ask={ask}
        busy={busy}
        cancel={() => running.current?.abort()}
      />
      {current !== undefined && (
        <>
          <ShapeFacts shape={current} />
          <ShapeView path={path} shape={current} wanted={accept} />
        </>
      )}
    </main>
  )
}
