import { useEffect, useState } from "preact/hooks"

/** The time, which moves on every ten seconds: ages on the page are not to stand still. Epoch milliseconds. */
export const useNow = (): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000)
    return () => clearInterval(timer)
  }, [])
  return Math.max(now, Date.now())
}
