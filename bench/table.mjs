/** Runs both sides `rounds` times, taking turns at being first, so that what disturbs one disturbs the other too. */
export const alternate = async (rounds, ours, limit) => {
  const samples = { ours: [], limit: [] }
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 1) samples.limit.push(await limit(round))
    samples.ours.push(await ours(round))
    if (round % 2 === 0) samples.limit.push(await limit(round))
  }
  return samples
}

/** Targets. */
export const ratioOf = (least) => ({ text: `ratio >= ${least}`, met: ({ ratio }) => ratio >= least })
export const atLeast = (least) => ({ text: `>= ${least}`, met: ({ value }) => value >= least })
export const below = (most) => ({ text: `< ${most}`, met: ({ value }) => value < most })

export const median = (samples) => {
  const sorted = samples.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

const number = (value) =>
  value >= 100 ? Math.round(value).toLocaleString("en-US") : value >= 10 ? value.toFixed(1) : value.toFixed(2)

/** The median, and the range when there is one. */
const spread = (samples) =>
  samples.length === 1
    ? number(samples[0])
    : `${number(median(samples))} (${number(Math.min(...samples))}..${number(Math.max(...samples))})`

/** A figure { name, unit, ours, limit?, target? } as a row of the table; ratios are taken pair by pair. */
export const rowOf = ({ name, unit, ours, limit, target }) => {
  const ratio = limit && median(ours.map((value, round) => value / limit[round]))
  const met = target === undefined ? "" : target.met({ value: median(ours), ratio }) ? "yes" : "no"
  return [
    `${name}, ${unit}`,
    spread(ours),
    limit === undefined ? "" : spread(limit),
    ratio === undefined ? "" : ratio.toFixed(2),
    target?.text ?? "",
    met
  ]
}

/** Markdown with its columns aligned, which reads well in a terminal too. */
export const table = (rows) => {
  const all = [["figure", "value", "limit", "ratio", "target", "met"], ...rows]
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`
  const [head, ...body] = all.map(line)
  return [head, line(widths.map((width) => "-".repeat(width))), ...body].join("\n")
}
