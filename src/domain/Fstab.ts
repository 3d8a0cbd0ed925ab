import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { isToken, trimOws } from "./Text.ts"
import { canonicalText } from "./WorldPath.ts"

/** A foreign tree under /mnt, as one line of /etc/fstab declares it (C11.2). What is secret in it is Redacted. */
export interface Mount {
  /** one canonical segment: the tree is at `/mnt/<name>` */
  readonly name: string
  /** `file` for a directory of this host, else what stood before `://`, in lower case */
  readonly scheme: string
  /** the directory, or the URL without its userinfo */
  readonly source: string
  /** `user:password` of a URL, percent-decoded */
  readonly userinfo: Redacted.Redacted | undefined
  readonly mode: "ro" | "rw"
  /** what followed the mode, by name; the value of a mere flag is "" */
  readonly options: ReadonlyMap<string, Redacted.Redacted>
  /** counted from 1 */
  readonly line: number
}

/** A line that mounts nothing. The reason repeats nothing of the line, which may hold a secret. */
export interface UnreadLine {
  readonly line: number
  readonly reason: string
}

export interface Fstab {
  readonly mounts: ReadonlyMap<string, Mount>
  readonly unread: ReadonlyArray<UnreadLine>
}

/**
 * Reads /etc/fstab: `source /mnt/name mode[,option...]`, one mount a line. The two last fields are found from the right,
 * so that a source may hold spaces. Blank lines and `#` lines say nothing. Of two lines with the same name the first
 * counts, so that an addition cannot take the place of what is there.
 */
export const parseFstab = (text: string): Fstab => {
  const mounts = new Map<string, Mount>()
  const unread: Array<UnreadLine> = []
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const content = trimOws(raw)
    if (content === "" || content.startsWith("#")) continue
    const line = index + 1
    const read = parseLine(content)
    const taken = Either.isRight(read) ? mounts.get(read.right.name) : undefined
    if (Either.isLeft(read)) unread.push({ line, reason: read.left })
    else if (taken !== undefined) unread.push({ line, reason: `line ${taken.line} has this name already` })
    else mounts.set(read.right.name, { ...read.right, line })
  }
  return { mounts, unread }
}

type Read<A> = Either.Either<A, string>

const parseLine = (content: string): Read<Omit<Mount, "line">> =>
  Either.gen(function* () {
    const [front, mode] = cutLastField(content)
    const [source, place] = cutLastField(front)
    if (source === "") return yield* Either.left("a line wants to be: source /mnt/name mode[,option...]")
    return { name: yield* parseName(place), ...(yield* parseMode(mode)), ...(yield* parseSource(source)) }
  })

/** The text before the last blank, and the field after it. */
const cutLastField = (text: string): readonly [before: string, field: string] => {
  const cut = Math.max(text.lastIndexOf(" "), text.lastIndexOf("\t"))
  return [trimOws(text.slice(0, cut + 1)), text.slice(cut + 1)]
}

const parseName = (place: string): Read<string> => {
  const path = place.startsWith("/mnt/") ? Either.getOrUndefined(canonicalText(place))?.path : undefined
  const name = path?.slice("mnt/".length) ?? ""
  return name === "" || name.includes("/")
    ? Either.left("the second field wants to be /mnt/ and one name")
    : Either.right(name)
}

const parseMode = (field: string): Read<Pick<Mount, "mode" | "options">> => {
  const [mode, ...rest] = field.split(",")
  if (mode !== "ro" && mode !== "rw") return Either.left("the mode wants to be ro or rw")
  const options = new Map<string, Redacted.Redacted>()
  for (const option of rest) {
    const equals = option.indexOf("=")
    const name = equals < 0 ? option : option.slice(0, equals)
    if (!isToken(name)) return Either.left("an option wants to be a word, or word=value")
    if (options.has(name)) return Either.left("an option is there twice")
    // Whoever writes =no would get the opposite.
    if (name === "dotfiles" && equals >= 0) return Either.left("dotfiles takes no value")
    const value = equals < 0 ? "" : option.slice(equals + 1)
    // It is to be sent in a header, where anything else would be refused or read as something else.
    if (name === "bearer" && !/^[\x21-\x7e]+$/.test(value)) return Either.left("bearer= wants a token of visible ASCII")
    options.set(name, Redacted.make(value))
  }
  return Either.right({ mode, options })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/

const parseSource = (source: string): Read<Pick<Mount, "scheme" | "source" | "userinfo">> => {
  if (controlCharacter.test(source)) return Either.left("the source holds a control character")
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1]?.toLowerCase()
  if (scheme !== undefined) return parseUrl(source, scheme)
  return /^(?:\/|[a-z]:[\\/])/i.test(source)
    ? Either.right({ scheme: "file", source, userinfo: undefined })
    : Either.left("a source without a scheme wants to be an absolute path")
}

const parseUrl = (source: string, scheme: string): Read<Pick<Mount, "scheme" | "source" | "userinfo">> => {
  if (scheme === "file") return Either.left("a directory of this host is written as its path, without file://")
  // What they hold might be secret too, and a raw one in a password would make the rest of it look like something else.
  if (/[?#]/.test(source)) return Either.left("the URL of a source has neither query nor fragment")
  const url = parsed(source)
  const shown = source.replace(scheme === "http" || scheme === "https" ? userinfoOfWeb : userinfoOfOther, "$1")
  const bare = parsed(shown)
  // One reader of the URL must not find credentials where another sees none.
  if (url === undefined || bare === undefined || url.host !== bare.host || bare.username + bare.password !== "") {
    return Either.left("the source is no URL that can be read")
  }
  if (doubtful.test(source)) return Either.left("an @ in the path of the source wants to be written %40")
  return Either.map(decodeUserinfo(url), (userinfo) => ({ scheme, source: shown, userinfo }))
}

const userinfoOfWeb = /^([^:]+:\/\/)[^/\\]*@/
/** Nobody knows how a scheme that nobody speaks is written: too much is hidden rather than too little. */
const userinfoOfOther = /^([^:]+:\/\/).*@/

/** `http://me:1/x@host`: a password whose slash is not encoded makes `me` the host, and would show the rest. */
const doubtful = /^[^:]+:\/\/[^/\\]*:[^/\\]*[/\\].*@/

/** A URL that names a host. */
const parsed = (text: string): URL | undefined =>
  /^[^:]+:\/\/[^/\\]/.test(text) && URL.canParse(text) ? new URL(text) : undefined

const decodeUserinfo = ({ username, password }: URL): Read<Redacted.Redacted | undefined> =>
  username === "" && password === ""
    ? Either.right(undefined)
    : Either.try({
        try: () => Redacted.make(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`),
        catch: () => "the userinfo of the source is not percent-encoded UTF-8"
      })
