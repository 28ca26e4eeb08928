// Opens and closes the menu, the table of contents at the side, in every way that a reader has: by
// mouse, finger and key, at the width of a phone, a tablet and a desk. What counts is what the
// reader sees. While the menu is open, its links are there and can be followed. While it is closed,
// nothing of it is left, and the page stands in its place.
//
// With SCREENSHOTS in the environment it leaves pictures of both in that directory.

import {
  FINGER, THEMES, choose, click, newPage, open, scrolledSideways, settle, tabTo, tap,
  violations, withBrowser,
} from "./browser.mjs";

const { SCREENSHOTS } = process.env;

const [PHONE, TABLET, DESK] = [390, 800, 1280];

const BUTTON = "button[title='Toggle Table of Contents']";
const LINKS = "#mdbook-sidebar li.chapter-item a[href]:not(.header-in-summary)";

// The menu has to be scrolled to this chapter, and it has code that is wider than a phone.
const CHAPTER = "styles/thread.html";

// How to press the button, how to come to a link of the open menu, and how to follow it.
const byMouse = {
  press: (page) => click(page, page.locator(BUTTON)),
  reach: async () => {},
  follow: click,
};
const byFinger = {
  options: FINGER,
  press: (page) => tap(page, page.locator(BUTTON)),
  reach: async () => {},
  follow: tap,
};
const byKey = (key) => ({
  press: async (page) => {
    const button = page.locator(BUTTON);
    const hasFocus = await button.evaluate((button) => button === document.activeElement);
    if (!hasFocus) await tabTo(page, page.locator("#mdbook-menu-bar"), BUTTON);
    await page.keyboard.press(key);
  },
  // The menu stands before its button.
  reach: async (page, link) => {
    const address = await link.getAttribute("href");
    await tabTo(page, page.locator("#mdbook-sidebar"), `[href="${address}"]`, "Shift+Tab");
  },
  // Space follows no link.
  follow: (page) => page.keyboard.press("Enter"),
});
const WAYS = {
  mouse: byMouse,
  finger: byFinger,
  Enter: byKey("Enter"),
  Space: byKey("Space"),
};

await withBrowser(async (browser, problem) => {
  for (const width of [PHONE, TABLET, DESK]) {
    for (const [name, way] of Object.entries(WAYS)) {
      const page = await newPage(browser, width, problem, way.options);
      const say = (when) => (what) => problem(`${when} by ${name}, ${width} wide`, what);
      await use(page, width, way, say);
      await page.context().close();
    }
    await look(browser, width, problem);
  }
});

// Opens the menu and closes it, loads the page anew, follows a chapter and goes back.
async function use(page, width, { press, reach, follow }, problem) {
  // Where there is room for the menu beside the page, it is open at first, and later as it was last.
  const isDesk = width === DESK;
  let isOpen = isDesk;
  let isSound = true;
  const see = async (when) => {
    const found = await wrong(page, isOpen);
    found.forEach(problem(when));
    isSound &&= found.length === 0;
  };
  const turn = async (when) => {
    await press(page);
    isOpen = !isOpen;
    await see(`${isOpen ? "opened" : "closed"} ${when}`);
  };
  const arrive = async (when) => {
    isOpen = isDesk && isOpen;
    await see(when);
  };

  await open(page, CHAPTER);
  await arrive("loaded");
  for (const when of ["first", "then", "again"]) await turn(when);
  await page.reload();
  await arrive("loaded anew");
  await turn("after that");
  await page.reload();
  await arrive("loaded once more");

  if (!isOpen) await turn("to choose a chapter");
  // Where nothing can be chosen, there is no more to see.
  if (!isSound) return;
  const links = page.locator(LINKS);
  const current = await links.evaluateAll((all) => all.findIndex((link) => link.matches(".active")));
  const next = links.nth(current + 1);
  const address = await next.evaluate((link) => link.href);
  await reach(page, next);
  const canBeFollowed = await next.evaluate((link) => isSeen(link));
  if (!canBeFollowed) problem("to choose a chapter")("the next one is not seen in the menu");
  await follow(page, next);
  await page.waitForURL(address, { waitUntil: "load" });
  await arrive("in the next chapter");
  await turn("there");
  await page.goBack({ waitUntil: "load" });
  await arrive("back again");
  await turn("back again");
}

// What is wrong with what the reader sees of an open or a closed menu.
async function wrong(page, isOpen) {
  // A finger's press is heard a moment after it has ended.
  await page.getByRole("button", { name: "Toggle Table of Contents", expanded: isOpen }).waitFor();
  await settle(page);
  const sideways = await page.evaluate(scrolledSideways);
  return [
    ...sideways.map((what) => `${what} scrolls sideways`),
    ...(await page.evaluate(isOpen ? wrongIfOpen : wrongIfClosed, { BUTTON, LINKS })),
  ];
}

function wrongIfOpen({ BUTTON, LINKS }) {
  const wrong = [];
  const expect = (isRight, otherwise) => { if (!isRight) wrong.push(otherwise); };
  const menu = document.getElementById("mdbook-sidebar");
  const links = [...document.querySelectorAll(LINKS)];
  const { length } = links.filter(isSeen);
  expect(length >= 10, `${length} chapters are seen in the menu`);
  expect(links.every(({ tabIndex }) => tabIndex === 0), "the menu is open, but Tab passes its links");
  expect(menu.ariaHidden === "false", "the menu is open, but hidden from a screen reader");
  expect(isSeen(document.querySelector(BUTTON)), "the button that closes the menu is not seen");

  // Between them is the strip by which the edge is dragged.
  const { left, right } = document.getElementById("mdbook-page-wrapper").getBoundingClientRect();
  const gap = left - menu.getBoundingClientRect().right;
  expect(gap >= 0 && gap <= 10, `the page begins ${gap} pixels from the menu`);
  // A narrower window has no room for both: there the page stands aside.
  if (innerWidth >= 620) {
    expect(right === document.documentElement.clientWidth, `the page ends at ${right}`);
    expect(isSeen(document.querySelector("main h1")), "the page is not seen beside the menu");
  }
  return wrong;
}

function wrongIfClosed({ BUTTON }) {
  const wrong = [];
  const expect = (isRight, otherwise) => { if (!isRight) wrong.push(otherwise); };
  const menu = document.getElementById("mdbook-sidebar");
  const { clientWidth } = document.documentElement;
  const isVisible = (part) => part.checkVisibility({ visibilityProperty: true });
  const isInWindow = (part) => {
    const { left, right } = part.getBoundingClientRect();
    return isVisible(part) && right > 0 && left < clientWidth;
  };
  const takesFocus = (link) => isVisible(link) && link.tabIndex >= 0;
  const parts = [menu, ...menu.querySelectorAll("*")];
  expect(!parts.some(isInWindow), "something of the closed menu is left in the window");
  expect(![...menu.querySelectorAll("a[href]")].some(takesFocus), "Tab leads into the closed menu");
  expect(menu.ariaHidden === "true", "the menu is closed, but not to a screen reader");
  expect(isSeen(document.querySelector(BUTTON)), "the button that opens the menu is not seen");

  const { left, right } = document.getElementById("mdbook-page-wrapper").getBoundingClientRect();
  const isInPlace = left === 0 && right === clientWidth;
  expect(isInPlace, `the page stands from ${left} to ${right}, not from 0 to ${clientWidth}`);
  expect(scrollX === 0, `the window is scrolled ${scrollX} pixels aside`);
  expect(isSeen(document.querySelector("main h1")), "the page is not seen");
  return wrong;
}

// axe-core has nothing to say either, in each theme.
async function look(browser, width, problem) {
  const page = await newPage(browser, width, problem);
  await open(page, CHAPTER);
  for (const state of width === DESK ? ["open", "closed"] : ["closed", "open"]) {
    for (const theme of THEMES) {
      await choose(page, theme);
      await settle(page);
      const say = (what) => problem(`${state} in ${theme}, ${width} wide`, what);
      (await violations(page)).forEach(say);
      if (SCREENSHOTS) {
        await page.screenshot({ path: `${SCREENSHOTS}/menu-${width}-${theme}-${state}.png` });
      }
    }
    await byMouse.press(page);
  }
  await page.context().close();
}
