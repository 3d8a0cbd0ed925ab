// The benchmarks: each figure beside its limit in the same run, medians (lowest..highest) of five rounds.
//
//   node bench/run.mjs [--quick] [--write] [--only GROUPS] [--main dist/main.js] [--profile DIR]
//
// GROUPS: reads,writes,tree,forest,streams,devices,shaped,dav,browser; all of them without it.
// --quick does one short round, --write puts the table into bench/RESULTS.md, --profile leaves CPU profiles of the
// servers in DIR (and slows them down).
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { cpus, loadavg, tmpdir, totalmem } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { browser } from "./figures/browser.mjs"
import { dav } from "./figures/dav.mjs"
import { devices } from "./figures/devices.mjs"
import { forest } from "./figures/forest.mjs"
import { reads } from "./figures/reads.mjs"
import { shaped } from "./figures/shaped.mjs"
import { streams } from "./figures/streams.mjs"
import { tree } from "./figures/tree.mjs"
import { writes } from "./figures/writes.mjs"
import { rowOf, table } from "./table.mjs"

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    only: { type: "string" },
    main: { type: "string", default: fileURLToPath(new URL("../dist/main.js", import.meta.url)) },
    profile: { type: "string" }
  }
})

const groups = { reads, writes, tree, forest, streams, devices, shaped, dav, browser }
const temp = mkdtempSync(join(tmpdir(), "elastik-bench-"))
process.on("exit", () => rmSync(temp, { recursive: true, force: true, maxRetries: 5 }))

const bench = {
  temp,
  main: resolve(options.main),
  nodeArgs: options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(options.profile)}`],
  rounds: options.quick ? 1 : 5,
  seconds: options.quick ? 0.5 : 1
}

const fileSystems = {
  61267: "ext4",
  16914836: "tmpfs",
  1481003842: "xfs",
  2435016766: "btrfs",
  2035054128: "overlayfs"
}
const machine = () => {
  const { type } = statfsSync(temp)
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`
  const fileSystem = fileSystems[type] ?? `file system 0x${type.toString(16)}`
  // What else was running tells how much to believe.
  const others = `load average ${loadavg()[0].toFixed(1)} before`
  const processors = `${cpus().length} cores of ${cpus()[0].model.trim()}`
  return [processors, memory, `Node ${process.version}`, fileSystem, others].join(", ")
}

/** Puts the text between the markers of RESULTS.md. */
const publish = (text) => {
  const file = new URL("RESULTS.md", import.meta.url)
  const marked = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/
  writeFileSync(
    file,
    readFileSync(file, "utf8").replace(marked, (_, before, after) => before + text + after)
  )
}

const where = machine()
const rows = []
for (const name of options.only?.split(",") ?? Object.keys(groups)) {
  console.error(`${name} ...`)
  for (const figure of await groups[name](bench)) rows.push(rowOf(figure))
}
const rounds = bench.rounds === 1 ? "one round" : `medians (lowest..highest) of ${bench.rounds} rounds`
const text = `${where}; ${rounds} of ${bench.seconds} s.\n\n${table(rows)}\n`
console.log(text)
if (options.write) publish(text)
process.exit()
