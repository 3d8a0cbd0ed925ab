/**
 * Whether a message from a frame comes from a doorway of the server's (doorway.js), to which somebody's click in that
 * frame has led, as browser and server attest: what was in the frame before cannot read the seal. It is asked for anew
 * each time, since a server that was started again has another one.
 */
export const isSealed = async (seal: unknown): Promise<boolean> => {
  if (typeof seal !== "string" || seal === "") return false
  const response = await fetch("/app/seal", { credentials: "omit", cache: "no-store" }).catch(() => undefined)
  return response?.ok === true && (await response.text()) === seal
}
