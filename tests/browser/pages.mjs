// Opens every page, at the width of a desk and of a phone, in a light and a dark theme: nothing
// fails, nothing is asked of another host, nothing scrolls sideways, and axe-core, which looks for
// what people who see or hear or move otherwise stumble over, has nothing to say.
//
// With SCREENSHOTS in the environment it leaves a picture of each in that directory.

import { fileURLToPath } from "node:url";
import { THEMES, choose, newPage, open, pages, withBrowser } from "./browser.mjs";

const AXE = fileURLToPath(import.meta.resolve("axe-core/axe.min.js"));
const { SCREENSHOTS, WIDTH } = process.env;

await withBrowser(async (browser, problem) => {
  const page = await newPage(browser, Number(WIDTH), problem);
  for (const name of pages) {
    await open(page, name);
    await page.addScriptTag({ path: AXE });
    for (const theme of THEMES) {
      await choose(page, theme);
      const say = (what) => problem(`${name} in ${theme}, ${WIDTH} wide`, what);
      (await page.evaluate(scrolledSideways)).forEach((what) => say(`${what} scrolls sideways`));
      (await page.evaluate(violations)).forEach(say);
      if (SCREENSHOTS) {
        const picture = `${name.replaceAll("/", "-").replace(".html", "")}-${WIDTH}-${theme}.png`;
        await page.screenshot({ path: `${SCREENSHOTS}/${picture}`, fullPage: true });
      }
    }
  }
});

// What is wider than its place, though it is no box that scrolls in itself. mdBook hides that it
// is: the boxes around the text cut off what sticks out.
function scrolledSideways() {
  const around = "html, body, #mdbook-page-wrapper, .page, #mdbook-content, main";
  const isWide = (box) => box.scrollWidth > box.clientWidth;
  return [...document.querySelectorAll(around)].filter(isWide).map((box) => box.localName);
}

async function violations() {
  const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)}: ${node.failureSummary.replaceAll("\n", " ")}`));
}
