import { readdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { inside } from "../../helpers/Inside.ts"
import { get, mounted, namesIn, outcomeOf, post, ways } from "../../helpers/Mounts.ts"
import { plant, tree } from "../../helpers/Trees.ts"

describe.each(ways)("C11.2 symbolic links in a mount, held %s", (_, anchors) => {
  const over = (root: string, options = "rw") => Effect.provide(mounted(`${root} /mnt/work ${options}`, anchors))
  const text = (path: string) => Effect.map(get(`work/${path}`), ({ text }) => text)

  it.live("within the root are followed: relative, absolute, in chains, through directories, up and down again", () => {
    const { root } = tree({ "a/b/file.txt": "here", "k8s/..data/x": "" })
    plant(root, {
      relative: { to: "a/b/file.txt" },
      "a/up": { to: "../a/b/../b/file.txt" },
      absolute: { to: `${root}/a/b/file.txt` },
      slashes: { to: "./a//b/./file.txt" },
      one: { to: "two" },
      two: { to: `${root}/three` },
      three: { to: "a/up" },
      directory: { to: "a" },
      again: { to: "../root/a/b/file.txt" },
      far: { to: `../../${join(root, "..").split("/").at(-1)}/root/a/b/file.txt` },
      self: { to: "." },
      top: { to: root }
    })
    return Effect.gen(function* () {
      for (const path of [
        ...["relative", "a/up", "absolute", "slashes", "one", "two", "three", "again", "far", "directory/b/file.txt"],
        ...["directory/up", "self/self/self/relative", "top/a/b/file.txt", "top/self/top/one"]
      ]) {
        expect(`${path}: ${yield* text(path)}`).toBe(`${path}: here`)
      }
    }).pipe(over(root))
  })

  it.live("that lead out are refused, whatever is there and whether anything is", () => {
    const { outside, root } = tree({ "a/x": "1" }, { secret: "secret", "d/x": "secret" })
    plant(root, {
      relative: { to: "../outside/secret" },
      absolute: { to: `${outside}/secret` },
      dangling: { to: `${outside}/nothing` },
      "a/deep": { to: "../../outside/secret" },
      directory: { to: "../outside" },
      parent: { to: ".." },
      slash: { to: "/" },
      passwd: { to: "/etc/passwd" },
      proc: { to: "/proc/self/environ" },
      device: { to: "/dev/zero" },
      chain: { to: "link" },
      link: { to: "a/deep" },
      sibling: { to: "../root2/x" },
      prefix: { to: `${root}2/x` },
      beyond: { to: "../../../../../../../../../../../../etc/passwd" }
    })
    return Effect.gen(function* () {
      for (const path of [
        ...[
          "relative",
          "absolute",
          "dangling",
          "a/deep",
          "directory",
          "directory/secret",
          "directory/nothing",
          "parent"
        ],
        ...[
          "parent/outside/secret",
          "slash",
          "slash/etc/passwd",
          "passwd",
          "proc",
          "device",
          "chain",
          "link",
          "sibling"
        ],
        ...["prefix", "beyond"]
      ]) {
        const error = yield* Effect.flip(get(`work/${path}`))
        expect(error).toMatchObject({ _tag: "Forbidden", message: `/mnt/work/${path} leads out of its mount` })
        expect(error.message).not.toMatch(inside)
        expect((yield* Effect.flip(post(`work/${path}`, "x")))._tag).toBe("Forbidden")
      }
      expect(readdirSync(outside).sort()).toEqual(["d", "secret"])
      expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret")
    }).pipe(over(root))
  })

  it.live("that lead nowhere are missing: to nothing, in circles, through a file", () => {
    const { root } = tree({ file: "1" })
    plant(root, {
      nothing: { to: "nowhere" },
      itself: { to: "itself" },
      ping: { to: "pong" },
      pong: { to: "ping" },
      through: { to: "file/x" },
      back: { to: "file/../file" }
    })
    return Effect.gen(function* () {
      for (const path of ["nothing", "itself", "itself/x", "ping", "pong", "through", "back"]) {
        expect(`${path} ${yield* outcomeOf(`work/${path}`)}`).toBe(`${path} ResourceNotFound`)
      }
    }).pipe(over(root))
  })

  it.live("forty may follow one another, as everywhere", () => {
    const chain = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, n) => [`${length}-${n}`, { to: `${length}-${n + 1}` }]))
    const { root } = tree({ "40-40": "end", "41-41": "end", ...chain(40), ...chain(41) })
    return Effect.gen(function* () {
      expect(yield* text("40-0")).toBe("end")
      expect(yield* outcomeOf("work/41-0")).toBe("ResourceNotFound")
    }).pipe(over(root))
  })

  it.live("are listed as what they lead to, if that can be asked for", () => {
    const { root } = tree({ "a/file": "12345", "a/.hidden": "1" }, { secret: "secret" })
    plant(root, {
      file: { to: "a/file" },
      directory: { to: "a" },
      shown: { to: "a/.hidden" },
      out: { to: "../outside/secret" },
      nothing: { to: "nowhere" },
      itself: { to: "itself" }
    })
    return Effect.gen(function* () {
      expect((yield* get("work")).json()).toMatchObject({
        entries: [
          { name: "a", type: "dir", size: 0 },
          { name: "directory", type: "dir", size: 0 },
          { name: "file", type: "file", size: 5 },
          { name: "shown", type: "file", size: 1 }
        ]
      })
      expect(yield* namesIn("work/directory")).toEqual(["file"])
    }).pipe(over(root))
  })

  it.live("a mount may itself be declared by a link, and links in it may use that name", () => {
    const { outside, root } = tree({ "a/file": "here" }, { secret: "" })
    const declared = join(outside, "declared")
    symlinkSync(root, declared)
    plant(root, { mine: { to: `${declared}/a/file` }, above: { to: `${declared}/../secret` } })
    return Effect.gen(function* () {
      expect([yield* text("a/file"), yield* text("mine")]).toEqual(["here", "here"])
      expect(yield* outcomeOf("work/above")).toBe("Forbidden")
    }).pipe(over(declared))
  })

  it.live("C7.5 the data directory is closed, by whatever way it is come to, and everything around it is not", () => {
    const { outside, root } = tree({ "data/etc%2Fshadow/universe.db": "secret", "data2/x": "2", x: "1" })
    plant(root, {
      link: { to: "data" },
      deep: { to: `${root}/data2/../data/etc%2Fshadow` },
      "data2/universe.db": { to: "../data/etc%2Fshadow/universe.db" }
    })
    symlinkSync(join(root, "data"), join(outside, "worlds"))
    const table = `${root} /mnt/work rw,dotfiles\n${root}/data /mnt/data rw\n${outside}/worlds /mnt/worlds rw`
    return Effect.gen(function* () {
      expect([yield* namesIn("work"), yield* namesIn("work/data2")]).toEqual([["data2", "x"], ["x"]])
      const inner = ["etc%2Fshadow", "etc%2Fshadow/universe.db", "new", "new/universe.db"]
      for (const path of [
        ...["work/data", "work/link", "data", "worlds"].flatMap((at) => [at, ...inner.map((name) => `${at}/${name}`)]),
        ...["work/deep", "work/deep/universe.db", "work/data2/universe.db"]
      ]) {
        for (const error of [yield* Effect.flip(get(path)), yield* Effect.flip(post(path, "x"))]) {
          expect(error).toMatchObject({ _tag: "Forbidden" })
          expect(error.message).toBe(`/mnt/${path} leads to the worlds, which have names of their own`)
        }
      }
      expect(yield* text("x")).toBe("1")
      expect(readdirSync(join(root, "data"))).toEqual(["etc%2Fshadow"])
    }).pipe(Effect.provide(mounted(table, anchors, { data: join(root, "data") })))
  })

  it.live("a mount of / has no outside", () => {
    const { outside, root } = tree({}, { file: "here" })
    plant(root, { absolute: { to: `${outside}/file` }, beyond: { to: `../../../../../../../../..${outside}/file` } })
    return Effect.gen(function* () {
      const below = realpathSync(root).slice(1)
      for (const name of ["absolute", "beyond"]) expect(yield* text(`${below}/${name}`)).toBe("here")
    }).pipe(over("/", "ro,dotfiles"))
  })
})
