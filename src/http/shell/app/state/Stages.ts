// The build puts the names of the two pages here (build.mjs).
declare const STAGE_ALIVE: string
declare const STAGE_QUIET: string

/** The pages that show markup which this page hands them. */
export const stages = { alive: STAGE_ALIVE, quiet: STAGE_QUIET } as const
