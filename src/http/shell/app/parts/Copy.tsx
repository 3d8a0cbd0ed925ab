import { notify } from "./Notices.tsx"

/** Puts a text on the clipboard, where the browser lets a page do so. */
export const Copy = ({ label, text }: { readonly text: string; readonly label: string }) =>
  navigator.clipboard === undefined ? null : (
    <button
      type="button"
      class="quiet"
      onClick={() =>
        navigator.clipboard.writeText(text).then(
          () => notify("Copied."),
          () => notify("The browser does not let this page copy.")
        )
      }
    >
      {label}
    </button>
  )
