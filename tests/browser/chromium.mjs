// Starts Chromium, prints its address for the scripts, and keeps it until the test ends it: a start
// for each script would take longer than some scripts do.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { PATIENCE } from "./browser.mjs";

const profile = await mkdtemp(join(tmpdir(), "after-accept-browser-"));
const server = await chromium.launchServer({
  executablePath: process.env.CHROMIUM,
  host: "127.0.0.1",
  timeout: PATIENCE,
  handleSIGINT: false,
  handleSIGTERM: false,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    `--crash-dumps-dir=${profile}`,
  ],
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await server.close();
    await rm(profile, { recursive: true, force: true });
  });
}
console.log(`listening on ${server.wsEndpoint()}`);
