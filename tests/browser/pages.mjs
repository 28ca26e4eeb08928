// Opens every page, at the width of a desk and of a phone, in a light and a dark theme: nothing
// fails, nothing is asked of another host, nothing scrolls sideways, and axe-core, which looks for
// what people who see or hear or move otherwise stumble over, has nothing to say.
//
// With SCREENSHOTS in the environment it leaves a picture of each in that directory.

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
      // What does not depend on the theme is the same in the second one.
      const rules = theme === THEMES[0] ? undefined : COLOURS;
      (await violations(page, { exclude: [MENU] }, rules)).forEach(say);
      if (SCREENSHOTS) {
        const picture = `${name.replaceAll("/", "-").replace(".html", "")}-${WIDTH}-${theme}.png`;
        await page.screenshot({ path: `${SCREENSHOTS}/${picture}`, fullPage: true });
      }
    }
  }
});
