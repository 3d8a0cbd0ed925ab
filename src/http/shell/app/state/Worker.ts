/** Chromium asks for a policy wherever text becomes code; the one address that may is this. */
interface TrustedTypes {
  readonly createPolicy: (
    name: string,
    rules: { readonly createScriptURL: () => string }
  ) => { readonly createScriptURL: (url: string) => string }
}

declare global {
  interface Window {
    readonly trustedTypes?: TrustedTypes
  }
}

/** The worker keeps the application's own files, and nothing else. Browsers offer it where the origin is secure. */
export const registerWorker = (): void => {
  if (!("serviceWorker" in navigator)) return
  const register = () => {
    const policy = window.trustedTypes?.createPolicy("elastik", { createScriptURL: () => "/sw.js" })
    void navigator.serviceWorker.register(policy?.createScriptURL("") ?? "/sw.js").catch(() => {})
  }
  if (document.readyState === "complete") register()
  else addEventListener("load", register, { once: true })
}
