import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    // The tests share nothing but modules; loading those anew for each file would be most of the time.
    poolOptions: { forks: { isolate: false } },
    reporters: process.env.CI ? ["default", ["json", { outputFile: "test-results.json" }]] : ["default"]
  }
})
