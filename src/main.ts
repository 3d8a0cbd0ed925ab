#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { run } from "./cli/Cli.ts"

NodeRuntime.runMain(run(process.argv), { disableErrorReporting: true, disablePrettyLogger: true })
