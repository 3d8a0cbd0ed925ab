import type { ComponentChildren } from "preact"
import { useEffect, useState } from "preact/hooks"
import { Activity } from "../parts/Activity.tsx"
import { Namespace } from "../parts/Namespace.tsx"
import { PluginState } from "../parts/PluginState.tsx"
import { Refusal } from "../parts/Refusal.tsx"
import { count, formatSpan } from "../pure/Format.ts"
import { hrefOf } from "../pure/Place.ts"
import { useActivity } from "../state/Activity.ts"
import type { Entry } from "../state/Listing.ts"
import { type Resource, useResource } from "../state/Resource.ts"
import type { Envelope } from "../state/World.ts"

interface Status {
  readonly uptime: number
  readonly worlds: number
  readonly plugins: number
  readonly version: string
}
interface Route {
  readonly route: string
  readonly description: string
}
interface Mounts {
  readonly mounts: ReadonlyArray<{ readonly name: string; readonly path: string; readonly mode: string }>
}

/** In the order in which people look for things. */
const order = ["home", "etc", "lib", "usr", "var", "boot"]

const about: Readonly<Record<string, string>> = {
  home: "what people and programs write",
  etc: "how this machine is set up",
  lib: "plugins",
  usr: "what belongs to everybody",
  var: "logs and caches",
  boot: "how it started; for operators"
}

/** The machine: what is on it, what it can do, what happens right now. */
export const Machine = () => {
  const activity = useActivity()
  const { deeds, refused, stamps } = activity
  const [tick, setTick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setTick((tick) => tick + 1), 10_000)
    return () => clearInterval(timer)
  }, [])
  const at = (namespace: string) => `${stamps[namespace] ?? 0}`
  const all = Object.values(stamps).join()
  const { problem, value: status } = useResource<Status>("/proc/status", `${tick} ${all}`)
  const active = useResource<ReadonlyArray<Route>>("/bin", at("lib"))
  const routes = active.value ?? []
  const has = (route: string) => routes.some((one) => one.route === route)
  const plugins = useResource<ReadonlyArray<Entry>>("/lib/?limit=100", at("lib"))
  const conf = useResource<ReadonlyArray<Entry>>("/etc/?limit=1000", at("etc"))
  const gpu = conf.value?.some(({ dir, name }) => !dir && name === "gpu.conf") === true
  const model = useResource<Envelope>(gpu ? "/etc/gpu.conf" : undefined, at("etc"))
  const mounted = useResource<Mounts>(has("mnt") ? "/mnt/" : undefined, `${tick} ${at("etc")} ${at("lib")}`)
  const devices = routes.filter(({ route }) => route.startsWith("dev/"))
  const backend = model.value?.stage_html
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line !== "" && !line.startsWith("#"))

  return (
    <main id="main" class="machine">
      <div class="hero">
        <h1>The machine</h1>
        {problem === undefined ? (
          <p>
            {status === undefined ? (
              "…"
            ) : (
              <>
                <b>{count(status.worlds, "world")}</b>
                <span>{count(status.plugins, "plugin")} running</span>
                <span>up {formatSpan(status.uptime)}</span>
                <span>version {status.version}</span>
              </>
            )}
          </p>
        ) : (
          <Refusal what="Its state" problem={problem} />
        )}
      </div>
      <section class="worlds">
        <h2>Worlds</h2>
        <ul class="tree">
          {order.map((name) => (
            <Namespace key={name} name={name} about={about[name] ?? ""} stamp={at(name)} open={name === "home"} />
          ))}
        </ul>
      </section>
      <div class="side">
        <Activity deeds={deeds} refused={refused} />
        <Group
          title="Plugins"
          none="None yet. PUT TypeScript to /lib/ and approve it."
          of={plugins}
          more={{ href: "/lib/", text: "all" }}
        >
          {plugins.value
            ?.filter(({ dir }) => !dir)
            .map(({ name, updated_at, version }) => (
              <li key={name}>
                <a href={hrefOf(`lib/${name}`)}>{name}</a>
                <PluginState path={`lib/${name}`} stamp={`${version} ${updated_at} ${at("lib")}`} />
              </li>
            ))}
        </Group>
        <Group title="Devices" none="None: plugins bring them." of={active}>
          {devices.map(({ description, route }) => (
            <li key={route}>
              <a href={`/${route}`}>/{route}</a>
              <span class="hint">{description}</span>
            </li>
          ))}
        </Group>
        <Group title="Model" none="None: /etc/gpu.conf names one." of={gpu ? model : conf}>
          {backend !== undefined && (
            <li>
              <a href="/etc/gpu.conf">{backend}</a>
            </li>
          )}
        </Group>
        {has("mnt") && (
          <Group title="Mounts" none="None: /etc/fstab declares them." of={mounted}>
            {mounted.value?.mounts.map(({ mode, name, path }) => (
              <li key={name}>
                <a href={`/mnt/${encodeURIComponent(name)}/`}>/mnt/{name}</a>
                <span class="hint">
                  {path} · {mode === "rw" ? "read and write" : "read only"}
                </span>
              </li>
            ))}
          </Group>
        )}
        <details class="group">
          <summary>
            <h2>Routes</h2> <span class="hint">{active.problem?.status ?? routes.length}</span>
          </summary>
          {active.problem !== undefined && <Refusal what="What is served" problem={active.problem} />}
          <ul>
            {routes.map(({ description, route }) => (
              <li key={route}>
                <code>/{route}</code>
                <span class="hint">{description}</span>
              </li>
            ))}
          </ul>
          <p class="hint">
            <a href="/docs">The typed API</a>
          </p>
        </details>
      </div>
    </main>
  )
}

/** What there is of something; that it cannot be had is another thing than that there is none. */
const Group = ({
  children,
  more,
  none,
  of: { problem, value },
  title
}: {
  readonly title: string
  readonly none: string
  readonly of: Resource<unknown>
  readonly more?: { readonly href: string; readonly text: string }
  readonly children: ComponentChildren
}) => {
  const empty = children === undefined || children === false || (Array.isArray(children) && children.length === 0)
  return (
    <section class="group">
      <h2>
        {title} {more !== undefined && !empty && <a href={more.href}>{more.text}</a>}
      </h2>
      {problem !== undefined ? (
        <Refusal what={title} problem={problem} />
      ) : empty ? (
        <p class="hint">{value === undefined ? "…" : none}</p>
      ) : (
        <ul>{children}</ul>
      )}
    </section>
  )
}
