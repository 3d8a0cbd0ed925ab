/** Names in the order in which they were touched last. */
export interface RecencyOrder {
  /** puts a name in front, new or not */
  readonly touch: (name: string) => void
  readonly forget: (name: string) => void
  readonly newestFirst: () => Iterable<string>
}

/** Places that may be empty beyond as many as are taken, before the order closes its ranks. */
const slack = 1024

/** Touching costs a step, and looking at the newest few costs those few, however many names there are. */
export const make = (oldestFirst: Iterable<string>): RecencyOrder => {
  let places: Array<string | undefined> = []
  const placeOf = new Map<string, number>()

  const forget = (name: string) => {
    const place = placeOf.get(name)
    if (place === undefined) return
    places[place] = undefined
    placeOf.delete(name)
  }

  const closeRanks = () => {
    places = places.filter((name) => name !== undefined)
    for (const [place, name] of places.entries()) if (name !== undefined) placeOf.set(name, place)
  }

  const touch = (name: string) => {
    forget(name)
    placeOf.set(name, places.push(name) - 1)
    if (places.length > 2 * placeOf.size + slack) closeRanks()
  }

  for (const name of oldestFirst) touch(name)
  return {
    touch,
    forget,
    *newestFirst() {
      for (let place = places.length - 1; place >= 0; place--) {
        const name = places[place]
        if (name !== undefined) yield name
      }
    }
  }
}
