import { trimOws } from "./Text.ts"

/**
 * The first of the codings on offer that Accept-Encoding wants most (RFC 9110 12.5.3); undefined when it wants the bytes
 * as they are, or says nothing.
 */
export const chooseCoding = <Coding extends string>(
  header: string | undefined,
  offers: ReadonlyArray<Coding>
): Coding | undefined => {
  const weights = new Map<string, number>()
  for (const element of (header ?? "").split(",")) {
    const [name = "", ...parameters] = element.split(";").map(trimOws)
    const weight = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2) ?? "1"
    if (name !== "" && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight))
      weights.set(name.toLowerCase(), Number(weight))
  }
  const rest = weights.get("*") ?? 0
  let best: Coding | undefined
  let most = 0
  for (const offer of offers) {
    const weight = weights.get(offer) ?? rest
    if (weight <= most) continue
    best = offer
    most = weight
  }
  return best === undefined || most < (weights.get("identity") ?? 0) ? undefined : best
}
