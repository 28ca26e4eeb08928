// Opens every page, at the width of a desktop and of a phone, in a light and a dark theme: there
// are no errors, no requests to other hosts, no sideways scrolling, and no violations that axe-core
// finds, which checks whether people with disabilities can use a page.
//
// With SCREENSHOTS in the environment it saves a picture of each page in that directory.

import {
  COLOURS, MENU, THEMES, choose, newPage, open, pages, scrolledSideways, violations, withBrowser,
} from "./browser.mjs";

const { SCREENSHOTS, WIDTH } = process.env;

await withBrowser(async (browser, problem) => {
  const page = await newPage(browser, Number(WIDTH), problem);
  for (const name of pages) {
    await open(page, name);
    for (const theme of THEMES) {
      await choose(page, theme);
      const say = (what) => problem(`${name} in ${theme}, ${WIDTH} wide`, what);
      (await page.evaluate(scrolledSideways)).forEach((what) => say(`${what} scrolls sideways`));
      // Rules that do not depend on the theme need not be checked in the second one.
      const rules = theme === THEMES[0] ? undefined : COLOURS;
      (await violations(page, { exclude: [MENU] }, rules)).forEach(say);
      if (SCREENSHOTS) {
        const picture = `${name.replaceAll("/", "-").replace(".html", "")}-${WIDTH}-${theme}.png`;
        await page.screenshot({ path: `${SCREENSHOTS}/${picture}`, fullPage: true });
      }
    }
  }
});
