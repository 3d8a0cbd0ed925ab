// A thread that speaks the storage's protocol and dies when it is told to. Which worlds it was told of shows in its answers.
import { parentPort } from "node:worker_threads"

const ends = {
  throw: () => {
    throw new Error("thrown")
  },
  exit: () => process.exit(3),
  reject: () => Promise.reject(new Error("rejected"))
}
let answered = 0

const answer = ({ id, question }) => {
  const word = question.name?.split("/").at(-1)
  if (word in ends) ends[word]()
  else if (word === "defect") parentPort.postMessage([{ id, defect: "a mistake" }])
  else if (word !== "silence") parentPort.postMessage([{ id, value: [{ id: ++answered }] }])
}

parentPort.on("message", (message) => {
  if (message === "close") parentPort.close()
  else message.forEach(answer)
})
