// Two styles side by side: their sources in two columns, item by item, with marked differences.
//
// `cargo run -p side-by-side` makes the data, which is loaded only on a page with this element.
// Until then, and if it cannot be loaded, the page shows the version without JavaScript.
(() => {
  "use strict";
  const { make, newId, frame, Speaker } = afterAccept.page;

  // The choice is in the address, so that a link can name it: `#fork-beside-thread`, or with an
  // item, `#fork-beside-thread:wait`.
  const address = (left, right, item = "") =>
    `${left}-beside-${right}${item && `:${item.replaceAll(" ", "-")}`}`;

  function read(fragment, styles) {
    const [pair, item] = fragment.replace(/^#/, "").split(/:(.*)/s);
    const [left, right, ...more] = pair.split("-beside-");
    const areStyles = [left, right].every((name) => Object.hasOwn(styles, name));
    const isPair = areStyles && left !== right && more.length === 0;
    return isPair ? { left, right, item } : null;
  }

  // Loads the sources. They are a script, and not fetched as data, so that the book can be opened
  // from a disk without a server.
  let loading;
  const load = () => (loading ??= new Promise((resolve, reject) => {
    afterAccept.sideBySide.data = resolve;
    document.head.append(make("script", {
      src: `${path_to_root}widgets/side-by-side-data.js`,
      onerror: () => reject(new Error("the sources cannot be loaded")),
    }));
  }));

  // The items of two styles in rows: `{ left, right, steps }`. The data compares them in the order
  // of the styles, so this swaps them if the reader chose the other order.
  function rows({ styles, pairs }, left, right) {
    const names = Object.keys(styles);
    const turned = names.indexOf(left) > names.indexOf(right);
    const [one, other] = turned ? [right, left] : [left, right];
    return pairs[`${one} ${other}`].map(([first, second, steps]) => {
      const row = {
        left: styles[one][first],
        right: styles[other][second],
        steps: steps.map(([same, left, right]) => ({ same, left, right })),
      };
      if (!turned) return row;
      const turn = ({ same, left, right }) => ({ same, left: right, right: left });
      return { left: row.right, right: row.left, steps: row.steps.map(turn) };
    });
  }

  // The lines of an item, without the end of the last one.
  const lines = ({ text }) => text.split("\n").slice(0, -1);

  // Whether the two items of a row are the same, differ, or only one exists.
  function kind({ left, right }) {
    if (left === undefined) return "right";
    if (right === undefined) return "left";
    return left.text === right.text ? "same" : "differs";
  }

  // The parts of a row: lines that both items have, or lines of each that differ, with the ranges
  // of the words that differ.
  function parts(row) {
    const unmarked = (item) => lines(item).map((text) => ({ text, marks: [] }));
    switch (kind(row)) {
      case "left": return [{ left: unmarked(row.left), right: [] }];
      case "right": return [{ left: [], right: unmarked(row.right) }];
    }
    const [left, right] = [lines(row.left), lines(row.right)];
    const take = (from, marks) => marks.map((marks) => ({ text: from.shift(), marks }));
    return row.steps.flatMap((step) => {
      const same = left.splice(0, step.same);
      right.splice(0, step.same);
      const parts = same.length > 0 ? [{ same: same.map((text) => ({ text, marks: [] })) }] : [];
      const differs = step.left.length + step.right.length > 0;
      return differs ? [...parts, { left: take(left, step.left), right: take(right, step.right) }] : parts;
    });
  }

  // A line. If it is too long for its column, it continues below its own indentation.
  function line({ text, marks }) {
    const pieces = [];
    let at = 0;
    for (let place = 0; place < marks.length; place += 2) {
      const [begin, end] = [marks[place], marks[place + 1]];
      pieces.push(text.slice(at, begin), make("mark", {}, text.slice(begin, end)));
      at = end;
    }
    pieces.push(text.slice(at));
    const indent = text.search(/\S|$/);
    const isComment = text.trimStart().startsWith("//");
    return make("span", { style: `--indent: ${indent}`, class: isComment && "side-comment" }, ...pieces);
  }

  // Lines of one style; screen readers say which style they belong to.
  function block(style, list) {
    if (list.length === 0) return make("pre", { class: "side-nothing" });
    return make("pre", { class: `side-own side-${style}` },
      make("span", { class: "widget-unseen" }, `${style}: `), list.map(line));
  }

  function part({ same, left, right }, styles) {
    if (!same) {
      const sides = [block(styles.left, left), block(styles.right, right)];
      return make("div", { class: "side-part" }, sides);
    }
    const both = make("span", { class: "widget-unseen" }, "both: ");
    // The second column would repeat the first.
    return make("div", { class: "side-part" },
      make("pre", {}, both, same.map(line)),
      make("pre", { class: "side-again", "aria-hidden": "true" }, same.map(line)));
  }

  const named = (style) => make("span", { class: `style-${style}` }, style);

  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  // The note of a row, beside its name.
  function about(row, styles) {
    switch (kind(row)) {
      case "same": return [`the same in both, ${count(lines(row.left).length, "line")}`];
      case "differs": return ["differs"];
      case "left": return ["only in ", named(styles.left)];
      case "right": return ["only in ", named(styles.right)];
    }
  }

  const nameOf = ({ left, right }) => (left ?? right).name;

  class SideBySide extends HTMLElement {
    connectedCallback() {
      load().then((data) => this.begin(data)).catch((error) => console.error(error));
    }

    begin(data) {
      // A moved element is connected again.
      if (this.data) return;
      this.data = data;
      this.selects = {
        left: this.select("One style", "left", "right"),
        right: this.select("Another", "right", "left"),
      };
      this.speaker = new Speaker();
      this.result = make("div", { class: "widget-result" });
      frame(this, "Two styles, side by side",
        make("div", { class: "widget-controls" },
          Object.values(this.selects).map(({ element }) => element)),
        this.result, this.speaker.element);
      this.show({ left: "fork", right: "thread" });
      this.follow();
      window.addEventListener("hashchange", () => this.follow());
    }

    // Shows the styles and the item that the address names.
    follow() {
      const chosen = read(location.hash, this.data.styles);
      if (!chosen) return;
      if (chosen.left !== this.left || chosen.right !== this.right) this.show(chosen);
      const row = document.getElementById(address(chosen.left, chosen.right, chosen.item)) ?? this;
      if (row !== this) row.open = true;
      row.scrollIntoView();
    }

    // If the reader chooses the style of the other side, the two sides change places.
    select(label, side, otherSide) {
      const id = newId("style");
      const onchange = ({ target }) => {
        const other = target.value === this[otherSide] ? this[side] : this[otherSide];
        this.show({ [side]: target.value, [otherSide]: other });
        history.replaceState(null, "", `#${address(this.left, this.right)}`);
        this.speaker.say(this.summary.textContent);
      };
      const input = make("select", { id, onchange },
        Object.keys(this.data.styles).map((name) => make("option", { value: name }, name)));
      const element = make("div", { class: "widget-field" }, make("label", { for: id }, label), input);
      return { input, element };
    }

    show({ left, right }) {
      Object.assign(this, { left, right, id: address(left, right) });
      this.selects.left.input.value = left;
      this.selects.right.input.value = right;
      const all = rows(this.data, left, right);
      const many = (wanted) => all.filter((row) => kind(row) === wanted).length;
      this.summary = make("p", { class: "side-summary" },
        `${all.length} items: ${many("same")} the same, ${many("differs")} that differ, `,
        `${many("left")} only in `, named(left), `, ${many("right")} only in `, named(right), ".");
      this.result.replaceChildren(this.summary, this.contents(all), ...all.map((row) => this.row(row)));
    }

    // The list of the items with their signs, as links.
    contents(all) {
      const entry = (row) => {
        const only = { left: this.left, right: this.right }[kind(row)];
        const [said, sign] = { same: ["the same", "="], differs: ["differs", "≠"] }[kind(row)]
          ?? [`only in ${only}`, ""];
        const href = `#${address(this.left, this.right, nameOf(row))}`;
        return make("li", {},
          make("span", { class: `side-sign side-${only}`, "aria-hidden": "true" }, sign),
          make("span", { class: "widget-unseen" }, `${said}: `),
          make("a", { href }, nameOf(row)));
      };
      return make("details", { class: "side-contents" },
        make("summary", {}, "The items"), make("ul", {}, all.map(entry)));
    }

    row(row) {
      const what = kind(row);
      const file = (side) => make("p", { class: "side-file" },
        ...(row[side] ? [named(this[side]), " ", make("span", {}, row[side].file)] : []));
      return make("details", {
        id: address(this.left, this.right, nameOf(row)),
        class: `side-row side-is-${what}`,
        open: what !== "same",
      },
        make("summary", {}, make("b", {}, nameOf(row)), " ", make("span", {}, ...about(row, this))),
        make("div", { class: "side-part" }, file("left"), file("right")),
        parts(row).map((each) => part(each, this)));
    }
  }

  afterAccept.sideBySide = {};
  customElements.define("side-by-side", SideBySide);
})();
