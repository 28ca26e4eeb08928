// The relay's playlist is replaced by one that names an endless stream: hls.js refuses it, the page
// says so, and nothing plays.

import { BOOK, newPage, withBrowser } from "./browser.mjs";

const { PLAYLIST } = process.env;

await withBrowser(async (browser, problem) => {
  const page = await newPage(browser, 1280, problem);
  await page.route("**/stream.m3u8", (route) =>
    route.fulfill({ contentType: "audio/x-mpegurl", body: PLAYLIST }));
  await page.goto(BOOK, { waitUntil: "load" });
  await page.keyboard.press("Tab");
  await page.waitForFunction(() =>
    document.getElementById("news").textContent.startsWith("The playlist cannot be understood."));
  await page.keyboard.press("Space");
  // The page tries again after each answer of the relay.
  await page.waitForResponse("**/status.json");
  await page.waitForResponse("**/stream.m3u8");
  const { currentTime, readyState } = await page.evaluate(() => {
    const { currentTime, readyState } = document.getElementById("video");
    return { currentTime, readyState };
  });
  if (currentTime > 0 || readyState > 0) problem("the page", "plays the endless playlist");
  console.log("done");
});
