// Opens and closes the menu, the table of contents at the side, in every way: by mouse, finger and
// key, at the width of a phone, a tablet and a desktop. The test checks only what the reader sees.
// While the menu is open, its links are visible and can be followed. While it is closed, no part of
// it is visible, and the page takes its place.
//
// With SCREENSHOTS in the environment it saves pictures of both states in that directory.

import {
  FINGER, THEMES, centre, choose, click, newPage, open, scrolledSideways, settle, tabTo, tap,
  violations, withBrowser,
} from "./browser.mjs";

const { SCREENSHOTS } = process.env;

const [PHONE, TABLET, DESK] = [390, 800, 1280];

const BUTTON = "button[title='Toggle Table of Contents']";
const LINKS = "#mdbook-sidebar li.chapter-item a[href]:not(.header-in-summary)";

// The menu has to be scrolled to this chapter. It is short, since it is opened a hundred times.
const CHAPTER = "bugs/greeter.html";

// A chapter that begins with code that is wider than a phone.
const WIDE = "styles/thread.html";

// How to press the button, how to reach a link of the open menu, and how to follow it.
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
  // In the order of Tab, the menu comes before its button.
  reach: async (page, link) => {
    const address = await link.getAttribute("href");
    await tabTo(page, page.locator("#mdbook-sidebar"), `[href="${address}"]`, "Shift+Tab");
  },
  // Space does not follow links.
  follow: (page) => page.keyboard.press("Enter"),
});
const WAYS = {
  mouse: byMouse,
  finger: byFinger,
  Enter: byKey("Enter"),
  Space: byKey("Space"),
  // mdBook hides the panel after it has moved out of the window; with reduced motion nothing moves.
  "mouse without motion": { ...byMouse, options: { reducedMotion: "reduce" } },
};

await withBrowser(async (browser, problem) => {
  // All at the same time, since most of the time is spent waiting for animations to end.
  await Promise.all([PHONE, TABLET, DESK].flatMap((width) => [
    ...Object.entries(WAYS).map(async ([name, way]) => {
      const page = await newPage(browser, width, problem, way.options);
      const say = (when) => (what) => problem(`${when} by ${name}, ${width} wide`, what);
      await use(page, width, way, say);
      await page.context().close();
    }),
    look(browser, width, problem),
  ]));
  await swipe(browser, problem);
  await drag(browser, problem);
});

// Opens the menu and closes it, reloads the page, follows a link to a chapter and goes back.
async function use(page, width, { press, reach, follow }, problem) {
  // If there is room for the menu beside the page, it is open at first, and later as the reader
  // left it.
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
  // If no link can be followed, there is nothing more to check.
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

// The problems with the open or closed menu as the reader sees it.
async function wrong(page, isOpen) {
  // A tap takes effect a moment after the finger is lifted.
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

  // Between them is the handle for dragging the edge.
  const { left, right } = document.getElementById("mdbook-page-wrapper").getBoundingClientRect();
  const gap = left - menu.getBoundingClientRect().right;
  expect(gap >= 0 && gap <= 10, `the page begins ${gap} pixels from the menu`);
  // A narrower window has no room for both: there the page moves aside.
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

// axe-core finds no violations either, in each theme.
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

// mdBook opens the menu at a swipe from the edge and closes it at a swipe back. But a swipe that
// scrolls a box in the page does nothing else.
async function swipe(browser, problem) {
  const page = await newPage(browser, PHONE, problem, FINGER);
  const see = async (when, isOpen) =>
    (await wrong(page, isOpen)).forEach((what) => problem(`${when}, ${PHONE} wide`, what));
  const touch = await page.context().newCDPSession(page);
  // mdBook accepts only quick swipes. With this clock every swipe is quick, even on a slow machine.
  await page.addInitScript(() => { Date.now = () => 0; });
  const move = async (from, to, y) => {
    await page.evaluate(() => {
      globalThis.isOver = false;
      for (const end of ["touchend", "touchcancel"]) {
        addEventListener(end, () => { globalThis.isOver = true; });
      }
    });
    const send = (type, ...touchPoints) =>
      touch.send("Input.dispatchTouchEvent", { type, touchPoints });
    await send("touchStart", { x: from, y });
    await send("touchMove", { x: to, y });
    await send("touchEnd");
    await page.waitForFunction(() => globalThis.isOver);
  };

  await open(page, WIDE);
  // Chromium takes the same swipe for "go back", after mdBook has handled it.
  await page.addStyleTag({ content: "html { overscroll-behavior-x: none; }" });
  for (const when of ["first", "again"]) {
    const [, y] = await centre(page.locator("main h1"));
    await move(20, 260, y);
    await see(`opened by a swipe ${when}`, true);
    await move(260, 20, y);
    await see(`closed by a swipe ${when}`, false);
  }

  const box = page.locator("main pre > code[tabindex='0']").first();
  await box.evaluate((box) => {
    box.scrollIntoView({ block: "center" });
    box.scrollLeft = 1000;
  });
  const [, y] = await centre(box);
  await move(20, 260, y);
  await page.waitForFunction((box) => box.scrollLeft === 0, await box.elementHandle());
  await page.evaluate(() => scrollTo(0, 0));
  await see("a box scrolled by a swipe", false);
  await page.context().close();
}

// The reader can drag the edge of the menu: to any width, or until the menu closes.
async function drag(browser, problem) {
  const page = await newPage(browser, DESK, problem);
  const see = async (when, isOpen) =>
    (await wrong(page, isOpen)).forEach((what) => problem(when, what));
  const dragTo = async (x) => {
    const [from, y] = await centre(page.locator("#mdbook-sidebar-resize-handle"));
    await page.mouse.move(from, y);
    await page.mouse.down();
    await page.mouse.move(x, y, { steps: 5 });
    await page.mouse.up();
  };
  await open(page, CHAPTER);
  await dragTo(450);
  await see("the edge dragged away", true);
  const { width } = await page.locator("#mdbook-sidebar").boundingBox();
  if (width !== 450) problem("the edge dragged away", `the menu is ${width} pixels wide, not 450`);
  await dragTo(5);
  await see("the edge dragged out of the window", false);
  await byMouse.press(page);
  await see("opened after that", true);
  await page.context().close();
}
