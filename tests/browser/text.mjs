// Checks the text of a page as a reader sees it: the first Tab leads to it; each box of a terminal
// names the terminal, and typed words differ from printed ones; the edge of a box fades where more
// of it is hidden.

import assert from "node:assert/strict";
import { THEMES, choose, newPage, open, tabTo, withBrowser } from "./browser.mjs";

const [PHONE, DESK] = [390, 1280];

await withBrowser(async (browser, problem) => {
  const page = await newPage(browser, DESK, problem);
  await open(page, "start/five-minutes.html");
  await skipToTheText(page);
  for (const theme of THEMES) {
    await choose(page, theme);
    await terminals(page);
  }
  await open(page, "styles/select.html");
  await folds(page);
  await page.setViewportSize({ width: PHONE, height: 900 });
  for (const name of ["start/five-minutes.html", "appendix/errno.html", "measuring/table.html"]) {
    await open(page, name);
    await fades(page);
  }
  await page.context().close();
});

async function skipToTheText(page) {
  await page.keyboard.press("Tab");
  const skip = page.locator(":focus");
  assert.equal(await skip.innerText(), "Skip to the text");
  assert.ok(await skip.evaluate((link) => isSeen(link)), "the link is seen");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.ok(await page.locator("main :focus").count(), "the next Tab is in the text");
}

async function terminals(page) {
  // Without its `font`, a tab has no height.
  const tabs = await page.locator("pre:has(> .language-console)").evaluateAll((boxes) =>
    boxes.map((box) => {
      const { content, display, color } = getComputedStyle(box, "::before");
      const code = box.querySelector("code").getBoundingClientRect();
      const height = code.top - box.getBoundingClientRect().top;
      return { name: JSON.parse(content), isSeen: display !== "none" && height > 10, color };
    }));
  assert.deepEqual(tabs.map(({ name }) => name), ["server", "client", "shell", "server"]);
  assert.ok(tabs.every(({ isSeen }) => isSeen), "each name has its place above the box");

  const session = page.locator(".language-console.client");
  const look = (part) => part.evaluate((part) => {
    const { color, fontWeight } = getComputedStyle(part);
    return `${color} ${fontWeight}`;
  });
  const printed = await look(session);
  const typed = session.locator(".typed");
  assert.deepEqual(
    await typed.allInnerTexts(),
    ["cargo run -- talk 127.0.0.1:2007", "hello", "is anybody there?", "^D"],
  );
  for (const part of await typed.all()) assert.notEqual(await look(part), printed);
  // A value that differs each time is underlined, and has no marks around it.
  const server = page.locator(".language-console.server").first();
  const line = (part) => part.evaluate((part) => getComputedStyle(part).textDecorationLine);
  const differs = await server.locator(".differs").all();
  assert.equal(differs.length, 2);
  for (const part of differs) assert.equal(await line(part), "underline");
  assert.doesNotMatch(await server.innerText(), /[‹›]/);
  // No text is lost or added between the parts.
  assert.match(await session.innerText(), /^\$ cargo run .*\nconnected to .*\n> hello\nhello\n/);
}

async function folds(page) {
  const button = page.getByRole("button", { name: /^Show all \d+ lines$/ }).first();
  const listing = page.locator("pre.folded").first();
  const height = () => listing.evaluate((listing) => listing.getBoundingClientRect().height);
  const [pre, code] = [await listing.elementHandle(), await listing.locator("code").elementHandle()];
  const isWhole = () => pre.evaluate((pre, code) => pre.clientHeight >= code.offsetHeight, code);
  const folded = await height();
  assert.equal(await isWhole(), false);
  await tabTo(page, page.locator("main"), "button.fold");
  await page.keyboard.press("Enter");
  assert.equal(await isWhole(), true, "all lines are shown");
  await page.getByRole("button", { name: "Show less", expanded: true }).click();
  assert.equal(await height(), folded);
  assert.ok(await button.isVisible());
}

async function fades(page) {
  const box = page.locator(".more-behind").first();
  const mask = () => box.evaluate((box) => getComputedStyle(box).maskImage);
  assert.match(await mask(), /rgba\(0, 0, 0, 0\)\)$/, "the right edge fades");
  // The element stays the same, although its class changes.
  const element = await box.elementHandle();
  await element.evaluate((box) => box.scrollTo({ left: box.scrollWidth, behavior: "instant" }));
  await page.waitForFunction((box) => !box.matches(".more-behind"), element);
  const atTheEnd = await element.evaluate((box) => getComputedStyle(box).maskImage);
  assert.match(atTheEnd, /rgba\(0, 0, 0, 0\), rgb\(0, 0, 0\)/, "the left edge fades");
}
