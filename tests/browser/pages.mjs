// Opens every page, at the width of a desktop and of a phone, in a light and a dark theme: there
// are no errors, no requests to other hosts, no sideways scrolling, and no violations that axe-core
// finds, which checks whether people with disabilities can use a page.
//
// With SCREENSHOTS in the environment it saves a picture of each page in that directory.

import {
  COLOURS, LAYOUT, MENU, THEMES, choose, newPage, open, pages, scrolledSideways, violations,
  withBrowser,
} from "./browser.mjs";

const { SCREENSHOTS, WIDTH } = process.env;
const IS_DESKTOP = Number(WIDTH) >= 1000;
// The number of pages to check at the same time: a renderer uses one processor.
const LANES = 2;

await withBrowser(async (browser, problem) => {
  const queue = pages.values();
  await Promise.all(Array.from({ length: LANES }, async () => {
    const page = await newPage(browser, Number(WIDTH), problem);
    for (const name of queue) await check(page, name, problem);
  }));
});

async function check(page, name, problem) {
  await open(page, name);
  for (const theme of THEMES) {
    await choose(page, theme);
    const say = (what) => problem(`${name} in ${theme}, ${WIDTH} wide`, what);
    (await page.evaluate(scrolledSideways)).forEach((what) => say(`${what} scrolls sideways`));
    const rules = rulesFor(name, theme);
    if (rules?.length !== 0) (await violations(page, { exclude: [MENU] }, rules)).forEach(say);
    if (SCREENSHOTS) {
      const picture = `${name.replaceAll("/", "-").replace(".html", "")}-${WIDTH}-${theme}.png`;
      await page.screenshot({ path: `${SCREENSHOTS}/${picture}`, fullPage: true });
    }
  }
}

// The rules that are not checked elsewhere: all of them (`undefined`) once for each page, those
// about colours in each theme, and those about the layout at each width. No colour of a text
// depends on the width (tests/book_theme.rs). What mdBook puts around the text is the same on each
// page, so on the phone all rules are checked on the first page.
function rulesFor(name, theme) {
  const isFirstTheme = theme === THEMES[0];
  if (IS_DESKTOP || name === pages[0]) return isFirstTheme ? undefined : COLOURS;
  return isFirstTheme ? LAYOUT : [];
}
