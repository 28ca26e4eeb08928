// The page of the relay in a browser: it does not play by itself, it plays when the keyboard starts
// it, for more than ten seconds and after the encoder's return, and it announces changes.
//
// The test that runs this script starts and ends the encoder: the script sends it lines on standard
// output, and the test answers by lines on standard input.

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BOOK, newPage, scrolledSideways, violations, withBrowser } from "./browser.mjs";

const { SCREENSHOTS, WIDTH } = process.env;

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Asks the test to do something, and waits until it is done.
async function please(what) {
  console.log(what);
  await answers.next();
}

await withBrowser(async (browser, problem) => {
  const page = await newPage(browser, Number(WIDTH), problem);
  const say = (what) => problem(`${WIDTH} wide`, what);
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));

  const look = async (name) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      (await page.evaluate(scrolledSideways)).forEach((what) => say(`${what} scrolls sideways`));
      (await violations(page)).forEach((what) => say(`${name} in ${colorScheme}: ${what}`));
      if (SCREENSHOTS) {
        const picture = `${SCREENSHOTS}/hls-relay-${name}-${WIDTH}-${colorScheme}.png`;
        await page.screenshot({ path: picture, fullPage: true });
      }
    }
  };
  const says = (text) =>
    page.waitForFunction((text) => document.getElementById("news").textContent.includes(text), text);

  await page.goto(BOOK, { waitUntil: "load" });
  // The page's policy blocks foreign scripts, so axe-core cannot be added with a script tag.
  await page.evaluate(await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8"));
  await says("Waiting");
  await look("waiting");
  await please("push");
  await says("On air");
  const { paused, time } = await page.evaluate(() => {
    const { paused, currentTime: time } = document.getElementById("video");
    return { paused, time };
  });
  if (!paused || time > 0) say("it plays by itself");
  if (asked.some((path) => path.startsWith("/segments/"))) say("it loads unplayed segments");

  // With the keyboard only.
  await page.keyboard.press("Tab");
  if ((await page.evaluate(() => document.activeElement.id)) !== "video") {
    say("the first stop of the Tab key is not the video");
  }
  await page.keyboard.press("Space");
  const plays = (seconds) => page.waitForFunction((seconds) => {
    const video = document.getElementById("video");
    return video.currentTime - video.played.start(0) >= seconds;
  }, seconds);
  await page.waitForFunction(() => document.getElementById("video").played.length > 0);
  await plays(10.5);
  await look("playing");
  const { width, frames, dropped } = await page.evaluate(() => {
    const video = document.getElementById("video");
    const { totalVideoFrames: frames, droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
    return { width: video.videoWidth, frames, dropped };
  });
  if (width !== 320) say(`the picture is ${width} wide`);
  if (frames - dropped < 50) say(`${frames} pictures were decoded, ${dropped} of them dropped`);
  const bitrate = await page.textContent("#bitrate");
  if (!/^\d+\.\d Mbit\/s$/.test(bitrate) || bitrate.startsWith("0.0")) say(`bitrate: ${bitrate}`);

  // The encoder is killed, and a new one starts with another clock.
  const before = await page.evaluate(() => document.getElementById("video").currentTime);
  await please("kill");
  await says("The encoder is gone");
  await please("push");
  await says("On air");
  await page.waitForFunction(
    (before) => document.getElementById("video").currentTime > before + 8, before,
  );
  console.log("done");
});
process.stdin.destroy();
