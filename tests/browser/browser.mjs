// A browser that opens the book, and collects all problems on its pages.

import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

// The address of the book, and that of Chromium: see chromium.mjs.
export const { BOOK, BROWSER, PROGRAM } = process.env;

// The number of styles.
export const STYLES = Number(process.env.STYLES);

// Themes of mdBook's menu: the light one and the dark one that it chooses by itself.
export const THEMES = ["light", "coal"];

// Runs `check(browser, problem)`, and fails if that has called `problem(where, what)`.
export async function withBrowser(check) {
  const browser = await chromium.connect(BROWSER, { timeout: PATIENCE });
  // Each problem with its places: many problems are on every page.
  const problems = new Map();
  const problem = (where, what) => {
    const places = problems.get(what) ?? problems.set(what, []).get(what);
    if (!places.includes(where)) places.push(where);
  };
  try {
    await check(browser, problem);
  } finally {
    await browser.close();
    // Also after a failed check: the problems may show the reason.
    for (const [what, [first, ...others]] of problems) {
      console.log(`${first}${others.length > 0 ? ` and ${others.length} more` : ""}: ${what}`);
    }
  }
  if (problems.size > 0) process.exitCode = 1;
}

// The time limit for everything, on a slow and busy machine.
export const PATIENCE = 120_000;

// A page in a window of this width. Errors on it are reported as problems.
export async function newPage(browser, width, problem, options = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(`globalThis.isSeen = ${isSeen};`);
  const page = await context.newPage();
  // Before the first page is open, an icon that an earlier window requested may still cause events.
  const say = (what) => {
    if (page.url() !== "about:blank") problem(new URL(page.url()).pathname, what);
  };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) say(`the console says: ${message.text()}`);
  });
  page.on("pageerror", (error) => say(`a script fails: ${error}`));
  page.on("requestfailed", (request) => {
    // If an icon still loads when the next page is opened, its request is aborted.
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

// Whether the reader sees an element: all of it is in the window, and no other element covers it.
// Every script in a page may call this.
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

// Chooses a theme in the same way as the menu.
export async function choose(page, theme) {
  await page.evaluate((theme) => document.getElementById(`mdbook-theme-${theme}`).click(), theme);
}

// Clicks and taps in the middle of a visible element: the topmost element there gets it.
export async function click(page, locator) {
  await page.mouse.click(...(await centre(locator)));
}

export async function tap(page, locator) {
  await page.touchscreen.tap(...(await centre(locator)));
}

// The options of `newPage` for a page with a touch screen.
export const FINGER = { hasTouch: true, isMobile: true };

export async function centre(locator) {
  const { x, y, width, height } = await locator.boundingBox();
  return [x + width / 2, y + height / 2];
}

// Waits until no animation runs, and for one more frame, so that actions at the end of an animation
// are done. Polling is safer than waiting for the animations' promises, since in a closed part they
// resolve only when it is rendered.
export async function settle(page) {
  const isStill = () => document.getAnimations().every(({ playState }) => playState !== "running");
  await page.waitForFunction(isStill);
  await page.evaluate(() => new Promise(requestAnimationFrame));
}

// The elements that are wider than their place, although they do not scroll. mdBook hides that: the
// boxes around the text cut off the rest.
export function scrolledSideways() {
  const around = "html, body, #mdbook-page-wrapper, .page, #mdbook-content, main";
  const isWide = (box) => box.scrollWidth > box.clientWidth;
  return [...document.querySelectorAll(around)].filter(isWide).map((box) => box.localName);
}

// The menu, which is the same on every page. menu.mjs checks it.
export const MENU = "#mdbook-sidebar";

// The rules of axe-core whose result depends on the theme.
export const COLOURS = ["color-contrast", "link-in-text-block"];

// The rules of axe-core whose result depends on the width of the window.
export const LAYOUT = ["scrollable-region-focusable", "target-size", "css-orientation-lock"];

// The violations that axe-core finds on a page, or in the part `context`, by all rules or by some.
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

// Presses Tab, or another key, until an element of `where` that matches `what` has the focus, as a
// reader without a mouse does.
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

// Types a text into the focused field, replacing its contents.
export async function retype(page, text) {
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}
