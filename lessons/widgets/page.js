// The common parts of all widgets: fields, rows of bits, the working, and spoken results.
(() => {
  "use strict";

  // An element with attributes and children. Text is never interpreted as HTML, whatever was typed.
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) {
        element.addEventListener(name.slice(2), value);
      } else if (value !== false && value !== undefined) {
        element.setAttribute(name, value === true ? "" : value);
      }
    }
    element.append(...children.flat());
    return element;
  }

  // The page for printing contains all chapters, so an id must be unique in the whole book.
  let ids = 0;
  const newId = (name) => `widget-${name}-${(ids += 1)}`;

  // A text field with its label, and a place for an error message.
  class Field {
    constructor(label, attributes = {}) {
      const [id, wrongId] = [newId("field"), newId("wrong")];
      this.input = make("input", {
        id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
        "aria-describedby": wrongId, ...attributes,
      });
      this.label = make("label", { for: id }, label);
      this.wrong = make("p", { id: wrongId, class: "widget-wrong" });
      this.element = make("div", { class: "widget-field" }, this.label, this.input, this.wrong);
    }

    // The result of `read` for the text; undefined, with a message shown, if the text is wrong.
    value(read) {
      try {
        const value = read(this.input.value.trim());
        this.says("");
        return value;
      } catch (wrong) {
        if (!(wrong instanceof afterAccept.read.Wrong)) throw wrong;
        const [before, part, after] = wrong.parts;
        this.says(`${wrong.message}:`, make("code", { class: "widget-typed" },
          before, make("mark", {}, part), after));
        return undefined;
      }
    }

    says(wrong, ...where) {
      this.wrong.replaceChildren(...[wrong].filter((text) => text !== ""), ...where);
      this.input.setAttribute("aria-invalid", String(wrong !== ""));
    }
  }

  // Speaks the result to a reader who is in the widget, after a pause: not at each key, and not
  // while the page opens.
  class Speaker {
    constructor() {
      this.element = make("p", { class: "widget-unseen", role: "status" });
    }

    say(text) {
      clearTimeout(this.timer);
      if (!this.element.parentElement?.contains(document.activeElement)) return;
      this.timer = setTimeout(() => { this.element.textContent = text; }, 1000);
    }
  }

  // Bits or digits, each marked by its kind; lines break only between groups. A group is a list of
  // [sign, kind]. Screen readers get the meaning, not one digit after the other.
  function signs(groups, spoken) {
    const sign = ([text, kind]) => make("i", { class: kind }, text);
    const group = (signs) => make("span", {}, signs.map(sign));
    const attributes = { class: "widget-signs", role: "img", "aria-label": spoken };
    return make("span", attributes, groups.map(group));
  }

  // Names with their values: each has one or more, which are texts or elements.
  function facts(rows) {
    const row = ([name, ...values]) => make("div", {}, make("dt", {}, name),
      values.filter((value) => value !== "").map((value) => make("dd", {}, value)));
    return make("dl", { class: "widget-facts" }, rows.map(row));
  }

  // The parts of a working. Prose wraps with the page; a line with two adjacent spaces is a row of
  // a calculation, and keeps its form.
  function why(parts) {
    const explained = ([name, lines]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, ...paragraphs(lines)));
    return make("dl", { class: "widget-why" }, parts.map(explained));
  }

  function paragraphs(lines) {
    const found = [];
    for (const line of lines.split("\n")) {
      const tag = line.includes("  ") ? "pre" : "p";
      const last = found.at(-1);
      if (last?.tag === tag) {
        last.text += (tag === "pre" ? "\n" : " ") + line;
      } else {
        found.push({ tag, text: line });
      }
    }
    return found.map(({ tag, text }) => make(tag, {}, text));
  }

  // The parts of a working for a narrow window: prose wraps, and a row of a calculation keeps its
  // columns. A row that is too wide goes on below.
  function narrow(text) {
    const found = [];
    const rest = text.split("\n");
    while (rest.length > 0) {
      // Rows under a ruler belong together.
      const ruler = RULERS.find(({ ruler }) => ruler.test(rest[0]));
      const end = ruler ? rest.findIndex((line) => !ruler.row.test(line)) : 1;
      const lines = rest.splice(0, end < 0 ? rest.length : end);
      found.push(ruler ? { tag: "pre", text: ruler.folded(lines).join("\n") } : part(lines[0]));
    }
    return joined(found).map(({ tag, label = "", text }) =>
      make(tag, {}, label ? make("b", {}, `${label}: `) : "", text));
  }

  // The rulers of wide rows, and how these rows are folded.
  const RULERS = [
    {
      // The bits of an IPv4 address go below its name and its value.
      ruler: /^ {30}n/,
      row: /^ {30}n|^ {2}\S+ +[\d.]+ +[01 |]+$/,
      folded: (lines) => lines.flatMap((line) =>
        [line.slice(0, 30).trim().replace(/ +/, " "), line.slice(30)].filter((part) => part !== "")),
    },
    {
      // The digits of an IPv6 address go below its name.
      ruler: /^ {13}n{4}:/,
      row: /^ {13}n{4}:|^ {2}\S+ +[\da-f:|]{39,40}$/,
      folded: (lines) => lines.flatMap((line) =>
        [line.slice(2, 13).trim(), line.slice(13)].filter((part) => part !== "")),
    },
    {
      // The last three bytes of a MAC address go below the first three.
      ruler: /^ {26}=/,
      row: /^ {26}=|^ {2}group|^ {2}MAC|^ {8}[\da-f]{2} /,
      folded: (lines) => [
        ...lines.map((line) => line.slice(2, 35)), "",
        ...lines.map((line) => line.slice(2, 8) + line.slice(35)),
      ],
    },
  ];

  // One line of a working: a name and its explanation, more of that, or a row of a calculation.
  function part(line) {
    const [name, text] = [line.slice(2, 13).trim(), line.slice(13)];
    const isProse = (text) => /^\S[^|]*$/.test(text) && /[a-z]{3}/i.test(text) && !text.includes("  ");
    if (/^ {2}\S/.test(line) && /^\S+$/.test(name) && isProse(text)) {
      return { tag: "p", label: name, text };
    }
    if (name === "" && isProse(text)) return { tag: "p", text, goesOn: true };
    if (isProse(line.trim())) return { tag: "p", text: line.trim() };
    // The legend of a ruler.
    if (/^ {2}= /.test(line)) return { tag: "pre", text: line.trim().split(/ {3,}/).join("\n") };
    return { tag: "pre", text: name === "" ? text : line.replace(/^ {2}/, "") };
  }

  function joined(parts) {
    const found = [];
    for (const part of parts) {
      const last = found.at(-1);
      const isMore = last?.tag === part.tag && (part.tag === "pre" || part.goesOn);
      if (isMore) last.text += (part.tag === "pre" ? "\n" : " ") + part.text;
      else found.push({ ...part });
    }
    const trimmed = found.map((part) => ({ ...part, text: part.text.trimEnd() }));
    return trimmed.filter(({ text }) => text !== "");
  }

  // The output of the command line for the same question.
  class Transcript {
    constructor() {
      const label = "On the command line";
      this.text = make("pre", { tabindex: "0", role: "group", "aria-label": label });
      const summary = make("summary", {}, "The same on the command line");
      this.element = make("details", { class: "widget-transcript" }, summary, this.text);
    }

    show(command, text) {
      this.text.textContent = `$ after-accept addresses ${command}\n${text}`;
    }
  }

  // The frame of a widget: its title and its contents, in place of the version for readers without
  // JavaScript.
  function frame(widget, title, ...children) {
    const id = newId("title");
    widget.setAttribute("role", "group");
    widget.setAttribute("aria-labelledby", id);
    widget.replaceChildren(make("p", { id, class: "widget-title" }, title), ...children);
  }

  const button = (text, onclick) => make("button", { type: "button", onclick }, text);

  afterAccept.page = {
    make, newId, button, frame, Field, Speaker, Transcript, signs, facts, why, narrow,
  };
})();
