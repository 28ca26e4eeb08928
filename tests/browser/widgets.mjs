// Uses each widget with the keyboard only, and answers a drill on the page with the answers that
// the command line gives for the same seed. On a phone every working fits its widget.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  BOOK, PROGRAM, STYLES, newPage, open, pages, retype, scrolledSideways, tabTo, withBrowser,
} from "./browser.mjs";

const seen = new Set();

await withBrowser(async (browser, problem) => {
  const page = await newPage(browser, 1280, problem);
  const uses = {
    "byte-widget": byte,
    "endianness-widget": endianness,
    "subnet-widget": subnet,
    "multicast-widget": multicast,
    "address-drill": drill,
    "side-by-side": sideBySide,
  };
  for (const name of pages) {
    // pages.mjs checks whether pages without a widget can be opened.
    const text = await (await fetch(`${BOOK}/${name}`)).text();
    if (!Object.keys(uses).some((element) => text.includes(`<${element}`))) continue;
    await open(page, name);
    for (const [element, use] of Object.entries(uses)) {
      for (const widget of await page.locator(element).all()) {
        seen.add(element);
        await use(page, widget);
      }
    }
    await fitsAPhone(page, name, (what) => problem(name, what));
  }
  for (const element of Object.keys(uses)) {
    if (!seen.has(element)) problem("the book", `there is no ${element}`);
  }
});

async function shows(widget, ...texts) {
  const shown = await widget.innerText();
  for (const text of texts) assert.ok(shown.includes(text), `${text} is not in:\n${shown}`);
}

async function byte(page, widget) {
  await shows(widget, "128 + 64 + 8 + 2 = 202", "1100 1010 = ca");
  await tabTo(page, widget, "button");
  await page.keyboard.press("Space");
  await shows(widget, "64 + 8 + 2 = 74", "0100 1010 = 4a");
  assert.equal(await widget.locator("[aria-pressed=true]").count(), 3);
  for (let bit = 0; bit < 7; bit += 1) {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
  }
  await shows(widget, "32 + 16 + 4 + 1 = 53", "0011 0101 = 35");
}

async function endianness(page, widget) {
  await tabTo(page, widget, "input[type=text]");
  await retype(page, "16909060");
  await tabTo(page, widget, "input[type=radio]");
  await page.keyboard.press("ArrowLeft");
  const type = await widget.locator(":checked").getAttribute("value");
  assert.notEqual(type, "u32", "an arrow key chooses another type");
  await page.keyboard.press("ArrowRight");
  await shows(widget, "htonl(16909060) = 67305985", "[0x01, 0x02, 0x03, 0x04]");
  await tabTo(page, widget, "button");
  await page.keyboard.press("Enter");
  await shows(widget, "htonl(67305985) = 16909060");
  await tabTo(page, widget, "input[type=text]");
  await retype(page, "99999999999");
  // A page has types to choose from, and no options.
  await shows(widget, "choose u64");
}

async function subnet(page, widget) {
  await tabTo(page, widget, "input[type=text]");
  await retype(page, "10.0.0.0/24");
  await shows(widget, "255.255.255.0", "10.0.0.255", "254");
  await tabTo(page, widget, "input[type=range]");
  await page.keyboard.press("ArrowRight");
  await shows(widget, "255.255.255.128", "10.0.0.127", "126");
  assert.equal(await widget.locator("input[type=text]").inputValue(), "10.0.0.0/25");
  await tabTo(page, widget, "input[type=text]");
  await retype(page, " 2001:db8::/48 ");
  await shows(widget, "2^80", "2^16, a /64 each", "documentation: 2001:db8::/32, RFC 3849");
  await tabTo(page, widget, "input[type=range]");
  await page.keyboard.press("ArrowRight");
  assert.equal(await widget.locator("input[type=text]").inputValue(), "2001:db8::/49");
  await tabTo(page, widget, "input[type=text]");
  await retype(page, "10.0.0.1/0.0.0.255");
  await shows(widget, "the prefix is 24");
}

async function multicast(page, widget) {
  await tabTo(page, widget, "input[type=text]");
  await retype(page, "239.202.20.30");
  await shows(widget, "239.202.20.30 → 01:00:5e:4a:14:1e", "224.74.20.30");
  await retype(page, "10.0.0.1");
  assert.equal(await page.locator(":focus").getAttribute("aria-invalid"), "true");
}

// Answers five questions. Before the first answer, nonsense is refused.
async function drill(page, widget) {
  const questions = answers(await widget.getAttribute("subject"), 7);
  await tabTo(page, widget, ".widget-footer input");
  await retype(page, "7");
  await page.keyboard.press("Enter");
  await tabTo(page, widget, "form input");
  for (const [number, { question, answer }] of questions.entries()) {
    assert.equal(await widget.locator(".widget-question").innerText(), `${number + 1}. ${question}`);
    if (number === 0) {
      await retype(page, "?");
      await page.keyboard.press("Enter");
      assert.notEqual(await widget.locator("form [role=alert]").innerText(), "");
    }
    await retype(page, answer);
    await page.keyboard.press("Enter");
    assert.equal(await widget.locator(".widget-verdict").innerText(), "Right.");
    await page.keyboard.press("Enter");
  }
  await shows(widget, `${questions.length} of ${questions.length} right`);
}

// Opens each part of each widget in a narrow window: nothing is wider than its place but the output
// of the command line, whose edge fades where more of it is hidden.
async function fitsAPhone(page, name, say) {
  const { width, height } = page.viewportSize();
  await page.setViewportSize({ width: 390, height });
  // Open anew, since the menu beside a wide page stays open when the window shrinks.
  await open(page, name);
  await page.evaluate(() => {
    for (const part of document.querySelectorAll("main details")) part.open = true;
  });
  for (const drill of await page.locator("address-drill").all()) {
    const seeds = Array.from({ length: 12 }, (_, seed) => String(seed));
    (await drill.evaluate(cutOffInDrill, seeds)).forEach(say);
  }
  const transcripts = page.locator(".widget-transcript > pre:visible");
  for (const transcript of await transcripts.all()) {
    const isCut = (box) => box.scrollWidth > box.clientWidth;
    if (!(await transcript.evaluate(isCut))) continue;
    const isMarked = (box) => box.matches(".more-behind") && getComputedStyle(box).maskImage !== "none";
    await page.waitForFunction(isMarked, await transcript.elementHandle());
  }
  (await page.evaluate(scrolledSideways)).forEach((what) => say(`${what} scrolls sideways at 390`));
  await page.setViewportSize({ width, height });
}

// The lines of workings that are hidden, or are broken at a place that no row expects.
function cutOffInDrill(drill, seeds) {
  const wrong = [];
  for (const seed of seeds) {
    drill.start(seed);
    drill.tell(null);
    drill.working.open = true;
    const shown = [...drill.working.querySelectorAll("pre, p")].filter((part) => part.checkVisibility());
    if (shown.length === 0) wrong.push(`seed ${seed}: no working is seen`);
    for (const part of shown) {
      if (part.scrollWidth > part.clientWidth) wrong.push(`seed ${seed}: cut off: ${part.textContent}`);
      // Only a long sum may go on in the next line.
      const broken = part.clientHeight;
      part.style.whiteSpace = "pre";
      const whole = part.clientHeight;
      part.style.whiteSpace = "";
      if (part.localName === "pre" && broken > whole && !/ = .* x 256/.test(part.textContent)) {
        wrong.push(`seed ${seed}: broken: ${part.textContent}`);
      }
    }
  }
  return wrong;
}

// The command line's questions for a seed, and the right answers that it prints for empty lines.
function answers(subject, seed) {
  const options = ["addresses", "drill", subject, "--seed", String(seed), "--count", "5"];
  const said = execFileSync(PROGRAM, options, { input: "\n".repeat(5), encoding: "utf8" });
  const questions = [...said.matchAll(/^\d+ of 5 +(.*(?:\n.+)*?)\nIt is (.*)\.$/gm)];
  assert.equal(questions.length, 5, said);
  return questions.map(([, question, answer]) => ({ question: question.replace(/\s+/g, " "), answer }));
}

// Every pair of styles can be chosen, and each column is the whole source of its style. The choice
// is in the address, and an address with two styles and an item shows them.
async function sideBySide(page, widget) {
  const selects = widget.locator("select");
  const chosen = () => selects.evaluateAll((all) => all.map(({ value }) => value));
  const fragment = () => new URL(page.url()).hash;
  await selects.first().waitFor();
  const [, other] = await chosen();
  await tabTo(page, widget, "select");
  await page.keyboard.press("Home");
  assert.deepEqual(await chosen(), ["iterative", other]);
  assert.equal(fragment(), `#iterative-beside-${other}`);
  await tabTo(page, widget, "select");
  await page.keyboard.press("Home");
  assert.deepEqual(await chosen(), [other, "iterative"], "what is chosen twice changes sides");

  const names = await selects.first().locator("option").allInnerTexts();
  assert.equal(names.length, STYLES);
  for (const pair of names.flatMap((left) => names.map((right) => [left, right]))) {
    if (pair[0] === pair[1]) continue;
    const address = pair.join("-beside-");
    await page.evaluate((address) => { location.hash = address; }, address);
    await widget.locator(`[id="${address}:serve"]`).waitFor();
    assert.deepEqual(await chosen(), pair);
    for (const [place, { shown, kept }] of (await widget.evaluate(columns)).entries()) {
      assert.ok(Object.keys(kept).length > 3, `${pair[place]} has items`);
      assert.deepEqual(shown, kept, `${pair[place]} in ${address}`);
    }
  }

  await page.goto("about:blank");
  await open(page, "styles/side-by-side.html#select-beside-fork:start");
  const item = widget.locator('[id="select-beside-fork:start"]');
  await item.waitFor();
  await shows(item, "only in fork", "fork_child()?");
  const isAbove = (item) => Math.abs(item.getBoundingClientRect().top) < 200;
  await page.waitForFunction(isAbove, await item.elementHandle());
}

// The items of each column with their texts, as shown and as stored.
function columns(widget) {
  return ["left", "right"].map((side, place) => {
    const shown = {};
    for (const row of widget.querySelectorAll(".side-row")) {
      const blocks = [...row.querySelectorAll(".side-part")].map((part) => part.children[place]);
      const lines = blocks.flatMap((block) => [...block.querySelectorAll("pre > [style]")]);
      const text = lines.map((line) => `${line.textContent}\n`).join("");
      if (text) shown[row.querySelector("summary b").textContent] = text;
    }
    const items = widget.data.styles[widget[side]];
    return { shown, kept: Object.fromEntries(items.map(({ name, text }) => [name, text])) };
  });
}
