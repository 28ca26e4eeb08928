// Opens a page with plots, and switches each style off and on: its lines, its rows and the rest of the
// page are what the reader sees then. A style has at least LEAST of them.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { BOOK, CHROMIUM, LEAST, PAGE } = process.env;

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  // A page of the book, or a file.
  await page.goto(new URL(PAGE, BOOK && `${BOOK}/`).href);
  const seen = (name) => page.evaluate((name) => {
    const parts = [...document.querySelectorAll(`g.style-${name}, tbody tr:has(> .style-${name})`)];
    return parts.map((part) => part.getClientRects().length > 0);
  }, name);
  // The label of each style is its sign and its name.
  const labels = (await page.locator(".legend label").allInnerTexts()).map((text) => text.trim());
  const nameOf = (label) => label.split(" ").at(-1);
  const box = (label) => page.getByRole("checkbox", { name: label, exact: true });
  assert.ok(labels.length > 1);
  const shown = new Map();
  for (const label of labels) shown.set(label, await box(label).isChecked());
  assert.ok([...shown.values()].filter(Boolean).length > 1, "some styles are shown at first");
  const expectShown = async (when) => {
    for (const [label, isShown] of shown) {
      const parts = await seen(nameOf(label));
      assert.ok(parts.length >= Number(LEAST), label);
      assert.ok(parts.every((isSeen) => isSeen === isShown), `${label} ${when}`);
    }
  };
  await expectShown("at first");
  for (const label of labels) {
    for (const when of ["once", "twice"]) {
      await box(label).focus();
      await page.keyboard.press("Space");
      shown.set(label, !shown.get(label));
      await expectShown(`after ${label} was switched ${when}`);
    }
  }
} finally {
  await browser.close();
}
