import type { ComponentChildren } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"

/** The height of a row in pixels; the style sheet agrees. */
const rowHeight = 40
/** Rows beyond what is in view, on either side. */
const margin = 12

/**
 * Any number of rows, of which those in view are on the page. One stop of the tab key; arrows, Page, Home and End move
 * within, and each row holds one link.
 */
export const VirtualList = <A,>({
  items,
  keyOf,
  label,
  nearEnd,
  row
}: {
  readonly items: ReadonlyArray<A>
  readonly label: string
  readonly keyOf: (item: A) => string
  readonly row: (item: A, tabIndex: 0 | -1) => ComponentChildren
  /** called when the last rows come into view */
  readonly nearEnd: () => void
}) => {
  const box = useRef<HTMLDivElement>(null)
  const [window, setWindow] = useState({ top: 0, height: 800 })
  const [active, setActive] = useState(0)
  const moved = useRef(false)

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const measure = () => setWindow({ top: element.scrollTop, height: element.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener("scroll", measure, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener("scroll", measure)
    }
  }, [])

  const from = Math.max(0, Math.floor(window.top / rowHeight) - margin)
  const to = Math.min(items.length, Math.ceil((window.top + window.height) / rowHeight) + margin)
  const stop = Math.min(active, Math.max(0, items.length - 1))

  useEffect(() => {
    if (to >= items.length - margin) nearEnd()
  }, [to, items.length])

  // Before anything else happens: the next key may be on its way, and moves on from the row that has the focus.
  useLayoutEffect(() => {
    if (!moved.current) return
    moved.current = false
    box.current?.querySelector<HTMLElement>(`[data-index="${stop}"] a`)?.focus({ preventScroll: true })
  })

  const move = (event: KeyboardEvent) => {
    const screen = Math.max(1, Math.floor(window.height / rowHeight) - 1)
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: stop + 1,
      ArrowUp: stop - 1,
      PageDown: stop + screen,
      PageUp: stop - screen,
      Home: 0,
      End: items.length - 1
    }
    const step = steps[event.key]
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const next = Math.max(0, Math.min(items.length - 1, step))
    const element = box.current
    if (element !== null) {
      const y = next * rowHeight
      if (y < element.scrollTop) element.scrollTop = y
      else if (y + rowHeight > element.scrollTop + element.clientHeight) {
        element.scrollTop = y + rowHeight - element.clientHeight
      }
      setWindow({ top: element.scrollTop, height: element.clientHeight })
    }
    moved.current = true
    setActive(next)
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys move between the links within
    <div ref={box} class="list" onKeyDown={move}>
      <ul aria-label={label} style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(from, to).map((item, i) => (
          <li
            key={keyOf(item)}
            data-index={from + i}
            aria-setsize={items.length}
            aria-posinset={from + i + 1}
            style={{ top: `${(from + i) * rowHeight}px` }}
            onFocusCapture={() => setActive(from + i)}
          >
            {row(item, from + i === stop ? 0 : -1)}
          </li>
        ))}
      </ul>
    </div>
  )
}
