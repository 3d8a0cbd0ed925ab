import { outdated } from "../state/Program.ts"
import { useStore } from "../state/Store.ts"

/** Stays until somebody acts: what is not saved would be lost, so the page does not reload by itself. */
export const Outdated = () => {
  const isOutdated = useStore(outdated)
  return (
    <div role="status">
      {isOutdated && (
        <p class="outdated">
          The program was updated; this page is still of the one before.
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      )}
    </div>
  )
}
