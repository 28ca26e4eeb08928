// Opens the page of a comparison, and switches a style off and on: its lines, its rows and the rest of
// the page are what the reader sees then.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { CHROMIUM, PAGE } = process.env;

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  await page.goto(`file://${PAGE}`);
  const seen = (name) => page.evaluate((name) => {
    const parts = [...document.querySelectorAll(`g.style-${name}, tbody tr:has(> .style-${name})`)];
    return parts.map((part) => part.getClientRects().length > 0);
  }, name);
  const styles = await page.locator("fieldset label").allInnerTexts();
  assert.ok(styles.length > 1);
  for (const style of styles.map((text) => text.trim().split(" ").at(-1))) {
    const box = page.getByRole("checkbox", { name: style });
    const others = styles.map((text) => text.trim().split(" ").at(-1)).filter((other) => other !== style);
    assert.ok((await seen(style)).length > 10 && (await seen(style)).every(Boolean));
    await box.focus();
    await page.keyboard.press("Space");
    assert.ok(!(await seen(style)).some(Boolean), `${style} is hidden`);
    for (const other of others) assert.ok((await seen(other)).every(Boolean), `${other} stays`);
    await page.keyboard.press("Space");
    assert.ok((await seen(style)).every(Boolean), `${style} is back`);
  }
} finally {
  await browser.close();
}
