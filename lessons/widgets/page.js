// How all widgets look and speak: fields, rows of bits, the working, and what is read aloud.
(() => {
  "use strict";

  // An element with attributes and children. Texts stay texts, whatever has been typed.
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

  // The page that is printed holds all chapters, so an id must not depend on the chapter alone.
  let ids = 0;
  const newId = (name) => `widget-${name}-${(ids += 1)}`;

  // A line of text with its label, and a place to say what is wrong with it.
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
        this.says(wrong.message);
        return undefined;
      }
    }

    says(wrong) {
      this.wrong.textContent = wrong;
      this.input.setAttribute("aria-invalid", String(wrong !== ""));
    }
  }

  // Speaks the result to a reader who is in the widget, once they pause: not at each key, and not
  // while a page is opened.
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

  // Bits or digits, each marked by what it is for: they break between groups alone. A group is a
  // list of [sign, kind]. Read aloud is what they mean, and not one digit after the other.
  function signs(groups, spoken) {
    const sign = ([text, kind]) => make("i", { class: kind }, text);
    const group = (signs) => make("span", {}, signs.map(sign));
    const attributes = { class: "widget-signs", role: "img", "aria-label": spoken };
    return make("span", attributes, groups.map(group));
  }

  // Names, and what each stands for: one or more values, which are texts or elements.
  function facts(rows) {
    const row = ([name, ...values]) => make("div", {}, make("dt", {}, name),
      values.filter((value) => value !== "").map((value) => make("dd", {}, value)));
    return make("dl", { class: "widget-facts" }, rows.map(row));
  }

  // The parts of a working. Prose is wrapped as the page wants it; a line with two spaces in a row
  // is a row of a calculation, and stays as it is.
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

  // The frame of a widget: its title, and what is in it, instead of what stood there for those who
  // have no JavaScript.
  function frame(widget, title, ...children) {
    const id = newId("title");
    widget.setAttribute("role", "group");
    widget.setAttribute("aria-labelledby", id);
    widget.replaceChildren(make("p", { id, class: "widget-title" }, title), ...children);
  }

  const button = (text, onclick) => make("button", { type: "button", onclick }, text);

  afterAccept.page = {
    make, newId, button, frame, Field, Speaker, Transcript, signs, facts, why,
  };
})();
