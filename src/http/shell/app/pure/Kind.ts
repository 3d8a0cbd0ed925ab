/** How the bytes of a world are shown. */
export type Kind = "page" | "image" | "audio" | "video" | "text" | "bytes"

const kinds: Readonly<Record<string, Kind>> = {
  ...of("page", "html htm xhtml"),
  ...of("image", "svg png jpg jpeg gif webp avif ico bmp apng"),
  ...of("audio", "mp3 ogg oga wav flac m4a opus weba"),
  ...of("video", "mp4 webm ogv mov m4v")
}

function of(kind: Kind, exts: string): Record<string, Kind> {
  return Object.fromEntries(exts.split(" ").map((ext) => [ext, kind]))
}

/** Text is shown as text whatever it is called; of what is none, the ext says what a browser can do with it. */
export const kindOf = (ext: string, isText: boolean): Kind =>
  own(kinds, ext.toLowerCase()) ?? (isText ? "text" : "bytes")

/** The languages that are coloured. */
export type Language =
  | "json"
  | "script"
  | "markup"
  | "style"
  | "markdown"
  | "python"
  | "shell"
  | "sql"
  | "data"
  | "plain"

const languages: Readonly<Record<string, Language>> = {
  ...speak("json", "json jsonl ndjson geojson webmanifest map"),
  ...speak("script", "ts js mjs cjs mts cts tsx jsx java c h cpp hpp cc cs go rs swift kt scala php dart zig"),
  ...speak("markup", "html htm xhtml xml svg rss atom xsl"),
  ...speak("style", "css scss less"),
  ...speak("markdown", "md markdown"),
  ...speak("python", "py rb pl r lua"),
  ...speak("shell", "sh bash zsh ps1 dockerfile makefile"),
  ...speak("sql", "sql"),
  ...speak("data", "yaml yml toml ini conf env properties fstab")
}

function speak(language: Language, exts: string): Record<string, Language> {
  return Object.fromEntries(exts.split(" ").map((ext) => [ext, language]))
}

/** The language that an ext stands for. */
export const languageOf = (ext: string): Language => own(languages, ext.toLowerCase()) ?? "plain"

/** What a table says of a name, not what objects in general do. */
function own<A>(table: Readonly<Record<string, A>>, name: string): A | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
