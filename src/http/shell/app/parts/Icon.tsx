const shapes = {
  folder: "M3 6.5A1.5 1.5 0 0 1 4.5 5h4l2 2h9A1.5 1.5 0 0 1 21 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5z",
  world: "M6 3.5h8l4 4v13H6zM14 3.5v4h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  key: "M14.5 9.5a4 4 0 1 0-3.2 3.9L14 16h2.5v2.5H19V16l-4.9-4.9",
  arrow: "M9 6l6 6-6 6",
  shape: "M4 18c5 0 4-12 8-12s3 12 8 12",
  question: "M9 9a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 1.9v.3M12 17.5v.1"
} as const

export type IconName = keyof typeof shapes

/** A line drawing that says nothing that the words beside it do not. */
export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d={shapes[name]} />
  </svg>
)

/** The mark of the program: a wave between two points. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M6.5 20.5c6 0 5-9 9.5-9s3.5 9 9.5 9" />
    <circle cx="16" cy="11.5" r="2.6" />
  </svg>
)
