#!/usr/bin/env node
import "./layers/YoungGeneration.ts"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { run } from "./cli/Cli.ts"

NodeRuntime.runMain(run(process.argv), { disableErrorReporting: true, disablePrettyLogger: true })
