import { useRef } from "preact/hooks"

interface Tab {
  readonly id: string
  readonly label: string
  readonly key: string
}

/** Tabs as WAI-ARIA has them: one stop of the tab key, arrows within. */
export const Tabs = ({
  choose,
  chosen,
  label,
  tabs
}: {
  readonly label: string
  readonly tabs: ReadonlyArray<Tab>
  readonly chosen: string
  readonly choose: (id: string) => void
}) => {
  const list = useRef<HTMLDivElement>(null)
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ id }) => id === chosen)
    const steps: Readonly<Record<string, number>> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = tabs.at(step % tabs.length)
    if (next === undefined) return
    choose(next.id)
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus()
  }
  return (
    <div ref={list} class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(({ id, key, label }) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`tab-${id}`}
          aria-selected={id === chosen}
          aria-controls="panel"
          aria-keyshortcuts={key}
          tabIndex={id === chosen ? 0 : -1}
          title={`${label} (${key})`}
          onClick={() => choose(id)}
        >
          {label}
        </button>
      ))}
    </div>
  )
}
