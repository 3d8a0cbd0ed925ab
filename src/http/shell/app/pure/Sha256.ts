const fraction = (value: number): number => ((value - Math.floor(value)) * 2 ** 32) | 0

/** FIPS 180-4: the first 32 bits of the fractions of the cube and square roots of the first primes. */
const rounds: Array<number> = []
const initial: Array<number> = []
for (let candidate = 2; rounds.length < 64; candidate++) {
  let prime = true
  for (let divisor = 2; divisor * divisor <= candidate && prime; divisor++) prime = candidate % divisor !== 0
  if (!prime) continue
  if (initial.length < 8) initial.push(fraction(Math.sqrt(candidate)))
  rounds.push(fraction(Math.cbrt(candidate)))
}

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

/** Hex SHA-256, for pages that have no crypto.subtle because they came over plain http. Some 100 MB a second. */
export const sha256 = (bytes: Uint8Array): string => {
  const state = Int32Array.from(initial)
  const words = new Int32Array(64)
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(padded.length - 4, bytes.length << 3)
  for (let offset = 0; offset < padded.length; offset += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(offset + 4 * i)
    for (let i = 16; i < 64; i++) {
      const early = words[i - 15] ?? 0
      const late = words[i - 2] ?? 0
      const one = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
      const two = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
      words[i] = ((words[i - 16] ?? 0) + one + (words[i - 7] ?? 0) + two) | 0
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
    for (let i = 0; i < 64; i++) {
      const choice = (e & f) ^ (~e & g)
      const one = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + (rounds[i] ?? 0) + (words[i] ?? 0)) | 0
      const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + one) | 0
      d = c
      c = b
      b = a
      a = (one + two) | 0
    }
    ;[a, b, c, d, e, f, g, h].forEach((word, i) => {
      state[i] = ((state[i] ?? 0) + word) | 0
    })
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
}
