import { splitOutsideQuotes, trimOws } from "./Text.ts"

/** What a lock lasts for whoever does not say how long, in seconds. */
export const usualTimeout = 600

/**
 * The seconds that a Timeout header asks for (RFC 4918 section 10.7): the first of its wishes that can be understood,
 * Infinity for Infinite. What is granted of it is another question (domain/Lock.ts).
 */
export const wantedTimeout = (value: string | undefined): number => {
  for (const wish of splitOutsideQuotes(value ?? "", ",")) {
    const text = trimOws(wish)
    if (/^infinite$/i.test(text)) return Number.POSITIVE_INFINITY
    const seconds = /^second-(\d{1,15})$/i.exec(text)?.[1]
    if (seconds !== undefined) return Number(seconds)
  }
  return usualTimeout
}

/** A granted time as the protocol writes it. Seconds. */
export const timeoutText = (seconds: number): string => `Second-${seconds}`
