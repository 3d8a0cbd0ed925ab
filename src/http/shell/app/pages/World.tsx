import { useEffect, useState } from "preact/hooks"
import { Editor } from "../parts/Editor.tsx"
import { Failure } from "../parts/Failure.tsx"
import { isTyping } from "../parts/Header.tsx"
import { History } from "../parts/History.tsx"
import { Metadata } from "../parts/Metadata.tsx"
import { MissingWorld } from "../parts/MissingWorld.tsx"
import { PluginPanel } from "../parts/PluginPanel.tsx"
import { Rendered } from "../parts/Rendered.tsx"
import { Source } from "../parts/Source.tsx"
import { Tabs } from "../parts/Tabs.tsx"
import { count, formatAge, formatBytes } from "../pure/Format.ts"
import { hrefOf } from "../pure/Place.ts"
import { useNow } from "../state/Now.ts"
import { address, navigate } from "../state/Router.ts"
import { useStore } from "../state/Store.ts"
import { type Envelope, type Known, useWorld } from "../state/World.ts"

const views = [
  { id: "rendered", label: "Rendered", key: "r" },
  { id: "source", label: "Source", key: "s" },
  { id: "edit", label: "Edit", key: "e" },
  { id: "metadata", label: "Metadata", key: "m" },
  { id: "history", label: "History", key: "h" }
] as const

type View = (typeof views)[number]["id"]

/** A world: what it looks like, what it is made of, and what became of it. The view stands in the address. */
export const WorldPage = ({ path }: { readonly path: string }) => {
  const known = useWorld(path)
  const { hash } = useStore(address)
  // A plugin is read before it is anything else.
  const usual: View = path.startsWith("lib/") ? "source" : "rendered"
  const view = views.find(({ id }) => `#${id}` === hash)?.id ?? usual
  const show = (id: string) => navigate(id === usual ? hrefOf(path) : `${hrefOf(path)}#${id}`, "replace")

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const chosen = views.find(({ key }) => key === event.key)
      if (chosen === undefined) return
      event.preventDefault()
      show(chosen.id)
    }
    addEventListener("keydown", onKey)
    return () => removeEventListener("keydown", onKey)
  })

  if (known.phase === "loading") return <main id="main" class="world loading" aria-busy="true" />
  if (known.phase === "refused") return <Failure problem={known.problem} page />
  if (known.phase === "missing" && view !== "edit") return <MissingWorld path={path} last={known.last} />
  const here = known.phase === "here" ? known : undefined
  return (
    <main id="main" class="world">
      <h1 class="unseen">/{path}</h1>
      {path.startsWith("lib/") && here !== undefined && (
        <PluginPanel key={path} path={path} world={here.world} inView={view === "source"} />
      )}
      <div class="toolbar">
        <Tabs label="Views" chosen={view} choose={show} tabs={views} />
        {here !== undefined && <Facts world={here.world} moment={here.moment} path={path} />}
      </div>
      <div class="view" role="tabpanel" id="panel" aria-labelledby={`tab-${view}`}>
        <Panel path={path} view={view} known={here} />
      </div>
    </main>
  )
}

const Panel = ({
  known,
  path,
  view
}: {
  readonly path: string
  readonly view: View
  readonly known: Extract<Known, { phase: "here" }> | undefined
}) => {
  if (view === "edit" || known === undefined) {
    return <Editor path={path} live={known?.world} event={Number(known?.event ?? 0)} />
  }
  switch (view) {
    case "rendered":
      return <Rendered path={path} world={known.world} moment={known.moment} />
    case "source":
      return <Source path={path} world={known.world} />
    case "metadata":
      return <Metadata path={path} world={known.world} event={known.event} moment={known.moment} />
    case "history":
      return <History path={path} world={known.world} event={Number(known.event)} moment={known.moment} />
  }
}

const Facts = ({
  moment,
  path,
  world
}: {
  readonly world: Envelope
  readonly moment: string
  readonly path: string
}) => {
  const [fresh, setFresh] = useState(false)
  const now = useNow()
  useEffect(() => {
    setFresh(true)
    const timer = setTimeout(() => setFresh(false), 1200)
    return () => clearTimeout(timer)
  }, [moment])
  return (
    <p class="facts">
      <span class={fresh ? "fresh" : ""}>version {world.version}</span>
      <span>{world.ext}</span>
      <span title={count(world.len, "byte")}>{formatBytes(world.len)}</span>
      <time dateTime={world.updated_at} title={world.updated_at}>
        {formatAge(Date.parse(world.updated_at), now)}
      </time>
      <a href={`/shaped${hrefOf(path)}`}>Shape</a>
    </p>
  )
}
