// A browser that opens the book, and takes down whatever goes wrong on its pages.

import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

// Where the book is served, and where Chromium listens: see chromium.mjs.
export const { BOOK, BROWSER, PROGRAM } = process.env;

// Themes of mdBook's menu: a light one and a dark one, as it chooses them by itself.
export const THEMES = ["light", "coal"];

// Runs `check(browser, problem)`, and fails if it has called `problem(where, what)`.
export async function withBrowser(check) {
  const browser = await chromium.connect(BROWSER, { timeout: PATIENCE });
  // What is wrong, and where: many a fault is on every page.
  const problems = new Map();
  const problem = (where, what) => {
    const places = problems.get(what) ?? problems.set(what, []).get(what);
    if (!places.includes(where)) places.push(where);
  };
  try {
    await check(browser, problem);
  } finally {
    await browser.close();
    // Also where the check has broken off: they may tell why.
    for (const [what, [first, ...others]] of problems) {
      console.log(`${first}${others.length > 0 ? ` and ${others.length} more` : ""}: ${what}`);
    }
  }
  if (problems.size > 0) process.exitCode = 1;
}

// How long anything may take on a slow machine with other things to do.
export const PATIENCE = 120_000;

// A page of a window that is so wide. What fails on it is a problem.
export async function newPage(browser, width, problem, options = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(`globalThis.isSeen = ${isSeen};`);
  const page = await context.newPage();
  // Before the first page is open, there may be news of an icon that a window before this one asked for.
  const say = (what) => {
    if (page.url() !== "about:blank") problem(new URL(page.url()).pathname, what);
  };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) say(`the console says: ${message.text()}`);
  });
  page.on("pageerror", (error) => say(`a script fails: ${error}`));
  page.on("requestfailed", (request) => {
    // An icon that is still under way when the next page is opened is given up.
    const { errorText } = request.failure();
    if (errorText !== "net::ERR_ABORTED") say(`cannot be loaded: ${request.url()}: ${errorText}`);
  });
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && origin !== BOOK) say(`asks another host: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) say(`${response.status()} for ${response.url()}`);
  });
  return page;
}

// Whether the reader sees an element: the whole of it is in the window, and nothing lies upon it.
// Whatever runs in a page may ask.
function isSeen(element) {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const isInside = left >= 0 && top >= 0 && right <= clientWidth && bottom <= clientHeight;
  const uppermost = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const isShown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  return isInside && isShown && element.contains(uppermost);
}

// The names of all pages: the arguments of the script.
export const pages = process.argv.slice(2);

export async function open(page, name) {
  await page.goto(`${BOOK}/${name}`, { waitUntil: "load" });
}

// Chooses a theme as the menu does it.
export async function choose(page, theme) {
  await page.evaluate((theme) => document.getElementById(`mdbook-theme-${theme}`).click(), theme);
}

// A click and a tap in the middle of what is seen: whatever lies there gets it.
export async function click(page, locator) {
  await page.mouse.click(...(await centre(locator)));
}

export async function tap(page, locator) {
  await page.touchscreen.tap(...(await centre(locator)));
}

// What `newPage` has to be told for a page that can be tapped.
export const FINGER = { hasTouch: true, isMobile: true };

export async function centre(locator) {
  const { x, y, width, height } = await locator.boundingBox();
  return [x + width / 2, y + height / 2];
}

// Waits until nothing moves any more, and until the next frame: what is done at the end of a movement
// is done by then. Asking again is safer than to wait for the movements, since in a part that is
// closed they end only when somebody looks.
export async function settle(page) {
  const isStill = () => document.getAnimations().every(({ playState }) => playState !== "running");
  await page.waitForFunction(isStill);
  await page.evaluate(() => new Promise(requestAnimationFrame));
}

// What is wider than its place, though it is no box that scrolls in itself. mdBook hides that it
// is: the boxes around the text cut off what sticks out.
export function scrolledSideways() {
  const around = "html, body, #mdbook-page-wrapper, .page, #mdbook-content, main";
  const isWide = (box) => box.scrollWidth > box.clientWidth;
  return [...document.querySelectorAll(around)].filter(isWide).map((box) => box.localName);
}

// The menu, which is the same on every page. menu.mjs looks at it.
export const MENU = "#mdbook-sidebar";

// The rules of axe-core whose verdict depends on the theme.
export const COLOURS = ["color-contrast", "link-in-text-block"];

// What axe-core finds on a page, or on the part of it that `context` names, by all rules or by some.
export async function violations(page, context = "html", rules = undefined) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.addScriptTag({ path: AXE });
  return page.evaluate(async ([context, runOnly]) => {
    const options = { resultTypes: ["violations"], ...(runOnly && { runOnly }) };
    const { violations } = await globalThis.axe.run(context, options);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 200)}: ${node.failureSummary.replaceAll("\n", " ")}`));
  }, [context, rules]);
}

const AXE = fileURLToPath(import.meta.resolve("axe-core/axe.min.js"));

// Presses Tab, or another key, until an element of `where` that matches `what` has the focus, as
// whoever has no mouse gets there.
export async function tabTo(page, where, what, key = "Tab") {
  for (let presses = 0; presses < 400; presses += 1) {
    await page.keyboard.press(key);
    const isThere = await where.evaluate(
      (where, what) => where.contains(document.activeElement) && document.activeElement.matches(what),
      what,
    );
    if (isThere) return;
  }
  throw new Error(`${key} does not lead to ${what}`);
}

// Types a text into the field that has the focus, in place of what is there.
export async function retype(page, text) {
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}
