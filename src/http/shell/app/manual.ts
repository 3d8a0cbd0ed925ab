// Sends what the form of a plugin's manual page says, and shows what comes back. The token stays in the page.
const form = document.querySelector<HTMLFormElement>("#try")
const answer = document.querySelector<HTMLElement>("#answer")

const send = async (fields: FormData): Promise<void> => {
  if (answer === null) return
  const text = (name: string) => String(fields.get(name) ?? "")
  const method = text("method")
  const token = text("token").trim()
  answer.textContent = ""
  try {
    const response = await fetch(new URL(text("target"), location.origin), {
      method,
      credentials: "omit",
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
      ...(method === "GET" || method === "HEAD" ? {} : { body: text("body") })
    })
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\n`).join("")
    answer.textContent = `${response.status} ${response.statusText}\n${headers}\n`
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      answer.append(part.value)
    }
  } catch (error) {
    answer.append(String(error))
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault()
  void send(new FormData(form))
})
