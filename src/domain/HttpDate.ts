const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")

const earliest = -62_167_219_200_000 // 0000-01-01T00:00:00Z
const latest = 253_402_300_799_999 // 9999-12-31T23:59:59.999Z

/**
 * Epoch milliseconds as an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`, rounded down to the second (RFC 9110 5.6.7).
 * Years have four digits there: what lies outside is clamped, and NaN is the epoch.
 */
export const formatHttpDate = (epochMillis: number): string => {
  const date = new Date(Number.isNaN(epochMillis) ? 0 : Math.min(Math.max(epochMillis, earliest), latest))
  const day = days[date.getUTCDay()]?.slice(0, 3)
  const month = months[date.getUTCMonth()]
  const year = String(date.getUTCFullYear()).padStart(4, "0")
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits).join(":")
  return `${day}, ${twoDigits(date.getUTCDate())} ${month} ${year} ${time} GMT`
}

const twoDigits = (n: number): string => String(n).padStart(2, "0")

const clock = "(\\d\\d):(\\d\\d):(\\d\\d)"
const month = `(${months.join("|")})`
const shortDay = `(${days.map((day) => day.slice(0, 3)).join("|")})`
const imfFixdate = new RegExp(`^${shortDay}, (\\d\\d) ${month} (\\d{4}) ${clock} GMT$`)
const rfc850 = new RegExp(`^(${days.join("|")}), (\\d\\d)-${month}-(\\d\\d) ${clock} GMT$`)
const asctime = new RegExp(`^${shortDay} ${month} ([ \\d]\\d) ${clock} (\\d{4})$`)

/**
 * An HTTP-date in any of its three forms as epoch milliseconds (RFC 9110 5.6.7). Strict: `undefined` for anything
 * else, a day that does not exist, and a weekday that does not fit. `now` places the two-digit years of RFC 850: more
 * than 50 years ahead means the century before.
 */
export const parseHttpDate = (value: string, now: number = Date.now()): number | undefined => {
  const imf = imfFixdate.exec(value)
  if (imf !== null) return instant(imf[1], imf[4], imf[3], imf[2], imf.slice(5))
  const old = rfc850.exec(value)
  if (old !== null) return instant(old[1], fullYear(Number(old[4]), now), old[3], old[2], old.slice(5))
  const c = asctime.exec(value)
  return c === null ? undefined : instant(c[1], c[7], c[2], c[3], c.slice(4))
}

const fullYear = (twoDigits: number, now: number): number => {
  const thisYear = new Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  if (year > thisYear + 50) return year - 100
  return year <= thisYear - 50 ? year + 100 : year
}

const instant = (
  weekday: string | undefined,
  year: string | number | undefined,
  month: string | undefined,
  day: string | undefined,
  time: ReadonlyArray<string>
): number | undefined => {
  const [hour = Number.NaN, minute = Number.NaN, second = Number.NaN] = time.map(Number)
  const isLeapSecond = hour === 23 && minute === 59 && second === 60
  if (hour > 23 || minute > 59 || (second > 59 && !isLeapSecond)) return undefined
  const date = new Date(0)
  // Date.UTC would take the years 0 to 99 for the 1900s
  date.setUTCFullYear(Number(year), months.indexOf(month ?? ""), Number(day))
  if (date.getUTCDate() !== Number(day)) return undefined // 31 February runs over into March
  if (!days[date.getUTCDay()]?.startsWith(weekday ?? "?")) return undefined
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}
