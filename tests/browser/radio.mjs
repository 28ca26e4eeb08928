// A radio on the page of the relay: sound without a picture.

import { BOOK, newPage, withBrowser } from "./browser.mjs";

await withBrowser(async (browser, problem) => {
  const page = await newPage(browser, 390, problem);
  await page.goto(BOOK, { waitUntil: "load" });
  await page.waitForFunction(() => document.getElementById("news").textContent.includes("On air"));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.waitForFunction(() => {
    const { played, currentTime, webkitAudioDecodedByteCount: decoded } = document.getElementById("video");
    return played.length > 0 && currentTime - played.start(0) > 3 && decoded > 10_000;
  });
  console.log("done");
});
