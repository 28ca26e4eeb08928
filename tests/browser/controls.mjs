// Uses the other controls around a page, by mouse, finger and key: themes, search, the links to the
// next and previous chapter, print and help. The test checks only what the reader sees.

import assert from "node:assert/strict";
import { BOOK, FINGER, click, newPage, open, pages, settle, tabTo, tap, withBrowser } from "./browser.mjs";

const [PHONE, DESK] = [390, 1280];

// This chapter has code that is wider than a phone.
const CHAPTER = "styles/thread.html";
const NEXT = pages[pages.indexOf(CHAPTER) + 1];

const WAYS = [
  { width: PHONE, options: FINGER, press: tap },
  { width: DESK, options: {}, press: click },
];

await withBrowser(async (browser, problem) => {
  for (const { width, options, press } of WAYS) {
    const page = await newPage(browser, width, problem, options);
    for (const use of [themes, search, neighbours, print]) {
      await open(page, CHAPTER);
      await use(page, press);
    }
    await page.context().close();
  }
  const page = await newPage(browser, DESK, problem);
  for (const use of [themesByKey, searchFindsTheChapter, searchByKey, neighboursByKey, help]) {
    await open(page, CHAPTER);
    await use(page);
  }
  await page.context().close();
});

function isShown(locator) {
  return locator.evaluate((element) => isSeen(element));
}

// Presses a visible element.
async function pressSeen(page, press, locator) {
  await locator.waitFor();
  await settle(page);
  assert.ok(await isShown(locator), `${locator} is seen`);
  await press(page, locator);
}

function ground(page) {
  return page.locator(".page-wrapper").evaluate((page) => getComputedStyle(page).backgroundColor);
}

async function themes(page, press) {
  const list = page.locator("#mdbook-theme-list");
  const before = await ground(page);
  await pressSeen(page, press, page.locator("#mdbook-theme-toggle"));
  await list.waitFor();
  for (const theme of await list.locator("button").all()) {
    assert.ok(await isShown(theme), `${theme} can be chosen`);
  }
  await pressSeen(page, press, list.getByText("Coal"));
  await page.waitForFunction(() => document.documentElement.matches(".coal"));
  await settle(page);
  const after = await ground(page);
  assert.notEqual(after, before, "another theme has another ground");
  await pressSeen(page, press, page.locator("main h1"));
  await list.waitFor({ state: "hidden" });
  await page.reload();
  assert.equal(await ground(page), after, "the theme stays");
}

async function themesByKey(page) {
  const list = page.locator("#mdbook-theme-list");
  const bar = page.locator("#mdbook-menu-bar");
  const before = await ground(page);
  await tabTo(page, bar, "#mdbook-theme-toggle");
  await page.keyboard.press("Enter");
  await list.waitFor();
  await page.keyboard.press("End");
  assert.equal(await page.locator(":focus").innerText(), "Ayu");
  await page.keyboard.press("Enter");
  await settle(page);
  assert.notEqual(await ground(page), before, "another theme has another ground");
  await page.keyboard.press("Escape");
  await list.waitFor({ state: "hidden" });
  assert.ok(await page.locator("#mdbook-theme-toggle:focus").isVisible(), "the focus goes back");
}

async function search(page, press) {
  await pressSeen(page, press, page.locator("#mdbook-search-toggle"));
  const result = await find(page, "backlog");
  await arrive(page, result, () => pressSeen(page, press, result));
}

// The section that teaches a word comes before the one that only explains it.
async function searchFindsTheChapter(page) {
  await page.keyboard.press("/");
  const result = await find(page, "zombie");
  assert.match(await result.innerText(), /^Processes and signals/);
}

async function searchByKey(page) {
  await page.keyboard.press("/");
  const result = await find(page, "backlog");
  assert.ok(await isShown(result), "the first result is seen");
  await arrive(page, result, () => page.keyboard.press("Enter"));
}

// The first result for a word.
async function find(page, word) {
  const field = page.locator("#mdbook-searchbar:focus");
  await field.waitFor();
  assert.ok(await isShown(field), "the field is seen");
  await page.keyboard.type(word);
  await page.getByText(`results for '${word}'`).waitFor();
  return page.locator("#mdbook-searchresults a").first();
}

// The page of the result highlights the word.
async function arrive(page, result, follow) {
  const address = await result.evaluate((link) => link.href);
  await follow();
  await page.waitForURL(address, { waitUntil: "load" });
  assert.notEqual(await page.locator("main mark").count(), 0, `nothing is marked in ${address}`);
}

async function neighbours(page, press) {
  const turn = async (name, to) => {
    const link = page.getByRole("link", { name });
    await link.scrollIntoViewIfNeeded();
    await pressSeen(page, press, link);
    await page.waitForURL(`${BOOK}/${to}`, { waitUntil: "load" });
  };
  await turn("Next chapter", NEXT);
  await turn("Previous chapter", CHAPTER);
  // If the menu leaves room for these links, they stand at the sides.
  const menu = page.getByRole("button", { name: "Toggle Table of Contents", expanded: true });
  if (await menu.count() === 0) return;
  await pressSeen(page, press, menu);
  await turn("Next chapter", NEXT);
  await turn("Previous chapter", CHAPTER);
}

async function neighboursByKey(page) {
  await page.keyboard.press("ArrowRight");
  await page.waitForURL(`${BOOK}/${NEXT}`, { waitUntil: "load" });
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(`${BOOK}/${CHAPTER}`, { waitUntil: "load" });

  // If a box is wider than its place, the same key scrolls it.
  await page.setViewportSize({ width: PHONE, height: 900 });
  await tabTo(page, page.locator("main"), "pre > code");
  await page.keyboard.press("ArrowRight");
  const hasMoved = (chapter) =>
    document.activeElement.scrollLeft > 0 || !location.pathname.endsWith(chapter);
  await page.waitForFunction(hasMoved, CHAPTER);
  assert.equal(page.url(), `${BOOK}/${CHAPTER}`);
  await page.setViewportSize({ width: DESK, height: 900 });
}

// The whole book on one page, which is printed at once.
async function print(page, press) {
  await page.addInitScript(() => {
    globalThis.print = () => { globalThis.isPrinted = true; };
  });
  await pressSeen(page, press, page.getByRole("link", { name: "Print this book" }));
  await page.waitForURL(`${BOOK}/print.html`);
  await page.waitForFunction(() => globalThis.isPrinted);
}

async function help(page) {
  const popup = page.locator("#mdbook-help-popup");
  await page.keyboard.press("?");
  await popup.waitFor();
  assert.ok(await isShown(popup), "help is seen");
  await page.keyboard.press("Escape");
  await popup.waitFor({ state: "hidden" });
}
