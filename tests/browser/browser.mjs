// A browser that opens the book, and takes down whatever goes wrong on its pages.

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
  }
  for (const [what, [first, ...others]] of problems) {
    console.log(`${first}${others.length > 0 ? ` and ${others.length} more` : ""}: ${what}`);
  }
  if (problems.size > 0) process.exitCode = 1;
}

// How long anything may take on a slow machine with other things to do.
export const PATIENCE = 120_000;

// A page of a window that is so wide. What fails on it is a problem.
export async function newPage(browser, width, problem, options = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const say = (what) => problem(new URL(page.url()).pathname, what);
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

// The names of all pages: the arguments of the script.
export const pages = process.argv.slice(2);

export async function open(page, name) {
  await page.goto(`${BOOK}/${name}`, { waitUntil: "load" });
}

// Chooses a theme as the menu does it.
export async function choose(page, theme) {
  await page.evaluate((theme) => document.getElementById(`mdbook-theme-${theme}`).click(), theme);
}

// Presses Tab until an element of `where` that matches `what` has the focus, as whoever has no mouse
// gets there.
export async function tabTo(page, where, what) {
  for (let presses = 0; presses < 400; presses += 1) {
    await page.keyboard.press("Tab");
    const isThere = await where.evaluate(
      (where, what) => where.contains(document.activeElement) && document.activeElement.matches(what),
      what,
    );
    if (isThere) return;
  }
  throw new Error(`Tab does not lead to ${what}`);
}

// Types a text into the field that has the focus, in place of what is there.
export async function retype(page, text) {
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}
