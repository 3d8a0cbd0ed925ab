#!/usr/bin/env node
import { NodeRuntime } from "@effect/platform-node"
import { run } from "./cli/Cli.ts"

NodeRuntime.runMain(run(process.argv), { disableErrorReporting: true })
