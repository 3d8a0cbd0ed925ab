import type { Person } from "./People.ts"

/** What a browser sends when it navigates. */
export const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

const binary = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 254])

/** Stands in the bodies of the zoo, and in nothing that is not made from them. */
export const mark = "not-a-byte-of-me"

/** One world of every kind that representations may care about: ext and bytes. */
export const zoo: Readonly<Record<string, readonly [ext: string, body: string | Buffer]>> = {
  html: ["html", `<!doctype html><h1>${mark}</h1>`],
  text: ["txt", `${mark} "quoted" \\ \n\t caf\u00e9 \u{1f4a9} \u2028`],
  bom: ["txt", `\ufeff${mark}`],
  markdown: ["md", `# ${mark}`],
  json: ["json", `{"secret":"${mark}"}`],
  svg: ["svg", `<svg xmlns="http://www.w3.org/2000/svg"><text>${mark}</text></svg>`],
  xml: ["xml", `<x>${mark}</x>`],
  source: ["ts", `export const secret = "${mark}"`],
  unknown: ["zzz", mark],
  image: ["png", binary],
  blob: ["bin", Buffer.concat([Buffer.from(mark), binary])],
  latin: ["html", Buffer.from([0x3c, 0x70, 0x3e, 0xe9])],
  empty: ["txt", ""]
}

/** Puts every one of them at `/home/w/<kind>`, with metadata of its own. */
export const settle = async (user: Person): Promise<void> => {
  for (const [name, [ext, body]] of Object.entries(zoo)) {
    await user.put(`/home/w/${name}?ext=${ext}`, body, { "x-meta-name": name, "x-meta-depends-on": ["a", "b"] })
  }
}
