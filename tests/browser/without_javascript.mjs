// Without JavaScript, each widget is a worked example in a table, and each question can still be
// answered. Two styles side by side are the differences between each style and the one before. The
// menu opens, and its links lead to the chapters.

import { BOOK, STYLES, click, newPage, open, pages, withBrowser } from "./browser.mjs";

const WIDGETS = [
  "byte-widget", "endianness-widget", "subnet-widget", "multicast-widget", "address-drill",
];

await withBrowser(async (browser, problem) => {
  // Without motion: without a script, the test could not wait for its end.
  const options = { javaScriptEnabled: false, reducedMotion: "reduce" };
  const page = await newPage(browser, 390, problem, options);
  const seen = new Set();
  for (const name of pages) {
    await open(page, name);
    for (const element of WIDGETS) {
      for (const widget of await page.locator(element).all()) {
        seen.add(element);
        await openAll(widget);
        const table = widget.locator("table").first();
        if (!(await table.isVisible())) problem(name, `${element} shows no table`);
        if ((await table.locator("tbody tr").count()) < 2) problem(name, `${element} is empty`);
      }
    }
    for (const widget of await page.locator("side-by-side").all()) {
      seen.add("side-by-side");
      await openAll(widget);
      const differences = widget.locator("details");
      if ((await differences.count()) !== STYLES - 1) problem(name, "not each style has its differences");
      for (const difference of await differences.all()) {
        for (const [element, sign] of [["ins", "+"], ["del", "-"]]) {
          const line = difference.locator(element).first();
          const isShown = (await line.isVisible()) && (await line.innerText()).startsWith(sign);
          if (!isShown) problem(name, `no line with ${sign}`);
        }
      }
    }
    for (const question of await page.locator(".question").all()) {
      await openAll(question);
      const explained = await question.locator("details > p").evaluateAll((all) =>
        all.filter((paragraph) => paragraph.checkVisibility()).length);
      const choices = await question.locator("details").count();
      if (explained < choices) problem(name, `${choices} choices, ${explained} explained`);
    }
  }
  await menu(page, problem);
  for (const element of [...WIDGETS, "side-by-side"]) {
    if (!seen.has(element)) problem("the book", `there is no ${element}`);
  }
});

async function openAll(where) {
  for (const summary of await where.locator("details > summary").all()) await summary.click();
}

// The table of contents is a page in a frame, which is outside of the window until the label is
// pressed.
async function menu(page, problem) {
  const [first, second] = pages;
  await open(page, first);
  const link = page.frameLocator("#mdbook-sidebar iframe").locator(`a[href="${second}"]`);
  const isInside = async () => {
    const box = await link.boundingBox();
    return box !== null && box.x >= 0 && box.x + box.width <= 390;
  };
  if (await isInside()) problem(first, "the menu is open at first");
  await click(page, page.locator("#mdbook-sidebar-toggle"));
  if (!(await isInside())) problem(first, "the menu does not open");
  await click(page, link);
  await page.waitForURL(`${BOOK}/${second}`);
}
