// A printed page has no menus, uses light colours in dark themes too, opens closed parts, fits the
// width of an A4 sheet, cuts no row and fades no edge, and a cheat sheet fits one page.

import { choose, newPage, open, pages, withBrowser } from "./browser.mjs";

await withBrowser(async (browser, problem) => {
  // A4 with the margins of browsers: 210 mm less twice 10 mm, at 96 pixels an inch.
  const page = await newPage(browser, 718, problem);
  for (const name of pages) {
    await open(page, name);
    await choose(page, "coal");
    await page.emulateMedia({ media: "print" });
    for (const what of await page.evaluate(wrongOnPaper)) problem(name, what);
    await page.emulateMedia({ media: "screen" });
  }
});

function wrongOnPaper() {
  const wrong = [];
  const isSeen = (element) => element.checkVisibility({ contentVisibilityAuto: true });
  for (const menu of document.querySelectorAll("#mdbook-menu-bar, #mdbook-sidebar, nav, .buttons, .fold")) {
    if (isSeen(menu)) wrong.push(`a menu is shown: ${menu.id || menu.className}`);
  }
  for (const part of document.querySelectorAll("main details > :not(summary, .fold)")) {
    if (isSeen(part.parentElement) && !isSeen(part)) wrong.push(`not open: ${part.textContent.slice(0, 60)}`);
  }
  for (const listing of document.querySelectorAll("main pre")) {
    const code = listing.querySelector("code");
    if (isSeen(listing) && code && code.offsetHeight > listing.clientHeight + 1) {
      wrong.push(`folded: ${listing.textContent.trim().slice(0, 60)}`);
    }
  }
  // The end of a page must not cut a row in two, nor part a listing from the name of its file.
  for (const row of document.querySelectorAll("main tr, main blockquote, main figure")) {
    if (getComputedStyle(row).breakInside !== "avoid") wrong.push(`may be split: ${row.textContent.slice(0, 60)}`);
  }
  for (const source of document.querySelectorAll("main .source")) {
    if (getComputedStyle(source).breakBefore !== "avoid") wrong.push(`may stand alone: ${source.textContent.slice(0, 60)}`);
  }
  for (const box of document.querySelectorAll("main pre > code, .table-wrapper, .figures, figure.diagram")) {
    box.classList.add("more-behind");
    const { maskImage, overflowX } = getComputedStyle(box);
    if (maskImage !== "none" || overflowX !== "visible") wrong.push(`scrolls or fades: ${box.textContent.slice(0, 60)}`);
  }
  if (getComputedStyle(document.documentElement).backgroundColor !== "rgb(255, 255, 255)") {
    wrong.push("the ground is not white");
  }
  for (const sheet of document.querySelectorAll("main > .sheet")) {
    // 297 mm less twice 10 mm, beginning at the title of the page.
    const { top } = sheet.parentElement.getBoundingClientRect();
    const over = sheet.getBoundingClientRect().bottom - top - 1047;
    if (over > 0) wrong.push(`the sheet is ${Math.ceil(over)} pixels too long for a page`);
  }
  for (const box of document.querySelectorAll("main pre, main table, main svg, main p")) {
    if (isSeen(box) && box.getBoundingClientRect().right > innerWidth + 1) {
      wrong.push(`cut off at the side: ${box.textContent.trim().slice(0, 60)}`);
    }
  }
  return wrong;
}
