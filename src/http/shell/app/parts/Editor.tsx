import { useEffect, useRef, useState } from "preact/hooks"
import { formatBytes } from "../pure/Format.ts"
import { lineEndOf, withLineEndsOf } from "../pure/Lines.ts"
import { harmOf, type Meta } from "../pure/Meta.ts"
import { hrefOf } from "../pure/Place.ts"
import { useDraft } from "../state/Drafts.ts"
import { useMeta } from "../state/Meta.ts"
import { navigate } from "../state/Router.ts"
import { Problem } from "../state/Session.ts"
import { type Envelope, isSame, isText } from "../state/World.ts"
import { type Base, overwrite, readBase } from "../state/Write.ts"
import { Conflict } from "./Conflict.tsx"
import { Failure } from "./Failure.tsx"
import { notify } from "./Notices.tsx"

const none: Meta = []

/** Edits a world, or makes one. What is saved replaces exactly what was opened, or the conflict is shown. */
export const Editor = ({
  event,
  live,
  path
}: {
  readonly path: string
  readonly live: Envelope | undefined
  /** id of its newest event */
  readonly event: number
}) => {
  const { change, discard, draft, start } = useDraft(path)
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const [conflict, setConflict] = useState<{ readonly theirs: Base; readonly mine: string | Blob }>()
  const exists = live !== undefined
  const harm = harmOf(useMeta(path, event, draft?.base?.meta ?? none))

  useEffect(() => {
    if (draft !== undefined) return
    if (!exists) return start("", "", undefined)
    const abort = new AbortController()
    readBase(path, abort.signal)
      .then((base) => start(base.world.stage_html, base.world.ext, base))
      .catch((error) => error instanceof Problem && setProblem(error))
    return () => abort.abort()
  }, [path, exists, draft === undefined])

  const save = async (body: string | Blob, base: Base | undefined) => {
    if (draft === undefined || busy) return
    setBusy(true)
    setProblem(undefined)
    try {
      const written = await overwrite(path, body, draft.ext, base)
      if (written.outcome === "conflict") {
        setConflict({ theirs: await readBase(path), mine: body })
        return
      }
      setConflict(undefined)
      discard()
      notify(`Saved as version ${written.version}.`)
      navigate(hrefOf(path), "replace")
    } catch (error) {
      if (error instanceof Problem && error.status === 404)
        setProblem(new Problem(404, "Gone", "It was deleted meanwhile. Saving again makes it anew."))
      else if (error instanceof Problem) setProblem(error)
      else throw error
      if (error instanceof Problem && error.status === 404) change({ base: undefined })
    } finally {
      setBusy(false)
    }
  }

  if (draft === undefined) return problem === undefined ? null : <Failure problem={problem} />
  if (conflict !== undefined) {
    const { mine, theirs } = conflict
    return (
      <Conflict
        mine={typeof mine === "string" ? mine : undefined}
        theirs={theirs}
        busy={busy}
        overwrite={() => save(typeof mine === "string" ? withLineEndsOf(theirs.world.stage_html, mine) : mine, theirs)}
        takeTheirs={() => {
          setConflict(undefined)
          discard()
          navigate(hrefOf(path), "replace")
        }}
        keepEditing={() => {
          change({ base: theirs })
          setConflict(undefined)
        }}
      />
    )
  }
  const text = draft.base === undefined || isText(draft.base.world)
  const before = draft.base?.world.stage_html ?? ""
  const edited = draft.dirty ? withLineEndsOf(before, draft.text) : draft.text
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault()
        void save(edited, draft.base)
      }}
    >
      {live !== undefined && draft.base !== undefined && !isSame(live, draft.base.world) && (
        <p class="notice" role="status">
          Somebody has written version {live.version} meanwhile. Saving will show you both.
        </p>
      )}
      {lineEndOf(before) === "mixed" && (
        <p class="notice">
          Its lines end in more than one way. Browsers edit one: once changed and saved, all are line feeds.
        </p>
      )}
      {harm !== undefined && <p class="notice">Of its metadata {harm}</p>}
      {problem !== undefined && <Failure problem={problem} />}
      {text ? (
        <Text
          value={draft.text}
          change={(text) => change({ text })}
          save={() => save(edited, draft.base)}
          path={path}
        />
      ) : (
        <p class="empty">These bytes are no text; a file can replace them.</p>
      )}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy || !text || (!draft.dirty && draft.base !== undefined)}>
          {draft.base === undefined ? "Create" : "Save"}
        </button>
        {draft.dirty && (
          <button type="button" class="quiet" onClick={discard}>
            Discard changes
          </button>
        )}
        <label class="ext">
          Type
          <input
            value={draft.ext}
            placeholder="by its look"
            pattern="[A-Za-z0-9.+_\-]{1,32}"
            spellcheck={false}
            autocapitalize="none"
            onInput={({ currentTarget }) => change({ ext: currentTarget.value })}
          />
        </label>
        <Upload busy={busy} send={(file) => save(file, draft.base)} />
      </div>
    </form>
  )
}

const Text = ({
  change,
  path,
  save,
  value
}: {
  readonly value: string
  readonly path: string
  readonly change: (text: string) => void
  readonly save: () => void
}) => {
  const area = useRef<HTMLTextAreaElement>(null)
  useEffect(() => area.current?.focus(), [])
  return (
    <textarea
      ref={area}
      aria-label={`Text of /${path}`}
      aria-keyshortcuts="Control+S"
      value={value}
      spellcheck={false}
      autocapitalize="off"
      onInput={({ currentTarget }) => change(currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return
        event.preventDefault()
        save()
      }}
    />
  )
}

const Upload = ({ busy, send }: { readonly busy: boolean; readonly send: (file: File) => void }) => (
  <label class="upload button quiet">
    Replace by a file
    <input
      type="file"
      disabled={busy}
      onChange={({ currentTarget }) => {
        const file = currentTarget.files?.[0]
        if (file !== undefined && confirm(`Replace the world by ${file.name}, ${formatBytes(file.size)}?`)) send(file)
        currentTarget.value = ""
      }}
    />
  </label>
)
