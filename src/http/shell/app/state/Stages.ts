/** The pages that show markup which this page hands them; their names outlive the build (build.mjs). */
export const stages = { alive: "/app/stage-alive.html", quiet: "/app/stage-quiet.html" } as const
