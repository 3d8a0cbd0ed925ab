import { useEffect } from "preact/hooks"
import { Collection } from "./pages/Collection.tsx"
import { Machine } from "./pages/Machine.tsx"
import { ShapedPage } from "./pages/Shaped.tsx"
import { WorldPage } from "./pages/World.tsx"
import { Failure } from "./parts/Failure.tsx"
import { Header } from "./parts/Header.tsx"
import { Notices } from "./parts/Notices.tsx"
import { Outdated } from "./parts/Outdated.tsx"
import { type Place, placeOf } from "./pure/Place.ts"
import { checkProgramSometimes } from "./state/Program.ts"
import { address, firstProblem } from "./state/Router.ts"
import { Problem } from "./state/Session.ts"
import { useStore } from "./state/Store.ts"

/** The application: one header, and the page of the place that the address names. */
export const App = () => {
  const { pathname } = useStore(address)
  const place = placeOf(pathname)
  const title = place.kind === "machine" || place.kind === "elsewhere" ? "elastik" : `${nameOf(place)} · elastik`
  useEffect(() => {
    document.title = title
  }, [title])
  useEffect(checkProgramSometimes, [pathname])
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header place={place} />
      <Outdated />
      <Page place={place} />
      <Notices />
    </>
  )
}

const nameOf = (place: Exclude<Place, { kind: "machine" | "elsewhere" }>): string =>
  `/${place.kind === "shaped" ? "shaped/" : ""}${place.path}${place.kind === "collection" ? "/" : ""}`

const Page = ({ place }: { readonly place: Place }) => {
  const refused = firstProblem()
  // A missing world has a page of its own, and whoever may not see something can sign in there.
  if (refused !== undefined && (place.kind === "machine" || place.kind === "shaped" || place.kind === "elsewhere")) {
    return <Failure problem={new Problem(refused.status, refused.title, refused.detail)} page />
  }
  switch (place.kind) {
    case "machine":
      return <Machine />
    case "collection":
      return <Collection key={place.path} path={place.path} />
    case "world":
      return <WorldPage key={place.path} path={place.path} />
    case "shaped":
      return <ShapedPage key={place.path} path={place.path} />
    case "elsewhere":
      return <Failure problem={new Problem(404, "Nothing is here", "Nothing is served at this address.")} page />
  }
}
