/**
 * Orders two strings as their UTF-8 bytes would be ordered (C3.1). JavaScript compares UTF-16 code units, which puts
 * surrogate pairs (U+10000 and above) before U+E000..U+FFFF; UTF-8 puts them after.
 */
export const compareBytes = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

const rank = (unit: number): number => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000)

/** The index of the first element of a byte-ordered array that is not below `key`; its length when there is none. */
export const lowerBound = (sorted: ReadonlyArray<string>, key: string): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(sorted[middle] as string, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
