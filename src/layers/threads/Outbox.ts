/** Messages that are posted together: waking the other side costs more than most of what it is woken for. */
export interface Outbox<M> {
  /** `transfer` lists the buffers of the message that are handed over rather than copied */
  readonly add: (message: M, transfer?: ReadonlyArray<ArrayBuffer>) => void
  /** posts what has been added */
  readonly flush: () => void
  /** drops what has been added and was not posted */
  readonly clear: () => void
  readonly isEmpty: () => boolean
}

export const make = <M>(
  post: (messages: ReadonlyArray<M>, transfer: ReadonlyArray<ArrayBuffer>) => void
): Outbox<M> => {
  let messages: Array<M> = []
  let buffers: Array<ArrayBuffer> = []
  return {
    add: (message, transfer = []) => {
      messages.push(message)
      buffers.push(...transfer)
    },
    flush: () => {
      if (messages.length === 0) return
      const [sent, moved] = [messages, buffers]
      messages = []
      buffers = []
      post(sent, moved)
    },
    clear: () => {
      messages = []
      buffers = []
    },
    isEmpty: () => messages.length === 0
  }
}
