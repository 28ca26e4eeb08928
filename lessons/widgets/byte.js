// A byte whose bits you click: its sum, its decimal and its hexadecimal form.
(() => {
  "use strict";
  if (!globalThis.customElements) return;
  const { binary, hex } = afterAccept.bits;
  const { button, facts, frame, make, Speaker } = afterAccept.page;

  const WEIGHTS = [128, 64, 32, 16, 8, 4, 2, 1];

  class ByteWidget extends HTMLElement {
    connectedCallback() {
      if (this.buttons) return;
      this.value = Number(this.getAttribute("value") ?? "0");
      this.buttons = WEIGHTS.map((weight) => button("", () => this.flip(weight)));
      this.result = make("div", { class: "widget-result" });
      this.speaker = new Speaker();
      frame(this, "Click the bits",
        make("div", { class: "widget-bits" }, this.buttons), this.result, this.speaker.element);
      this.update();
    }

    flip(weight) {
      this.value ^= weight;
      this.update();
    }

    update() {
      const { value } = this;
      WEIGHTS.forEach((weight, place) => {
        const isSet = (value & weight) !== 0;
        const digit = make("b", { "aria-hidden": "true" }, isSet ? "1" : "0");
        this.buttons[place].replaceChildren(make("span", {}, String(weight)), digit);
        this.buttons[place].setAttribute("aria-pressed", String(isSet));
      });
      const weights = WEIGHTS.filter((weight) => (value & weight) !== 0);
      const sum = weights.length > 0 ? weights.join(" + ") : "0";
      this.result.replaceChildren(facts([
        ["decimal", value === Number(sum) ? sum : `${sum} = ${value}`],
        ["hexadecimal", `${binary(value).slice(0, 4)} ${binary(value).slice(4)} = ${hex(value)}`],
      ]));
      this.speaker.say(`${value}, in hexadecimal ${hex(value)}`);
    }
  }

  customElements.define("byte-widget", ByteWidget);
})();
