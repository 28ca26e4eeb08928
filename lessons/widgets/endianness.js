// Byte order: which byte of a number comes first, in memory and on the wire.
(() => {
  "use strict";
  const { types, typeOf, binary, hex, hexBytes } = afterAccept.bits;

  // The bytes of a number in their order, like `to_be_bytes` and `to_le_bytes`.
  function bytes(number, type, order) {
    const byte = (_, significance) => Number((number >> BigInt(8 * significance)) & 0xffn);
    const little = Array.from({ length: type.bits / 8 }, byte);
    return order === "big" ? little.reverse() : little;
  }

  // The number that bytes form, like `from_be_bytes` and `from_le_bytes`.
  function number(bytes, type, order) {
    const big = order === "big" ? bytes : [...bytes].reverse();
    const unsigned = big.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
    // The highest bit of a signed number counts below zero.
    return unsigned > type.most ? unsigned - (1n << BigInt(type.bits)) : unsigned;
  }

  // The number that you get if you read the bytes in the wrong order: 255 as a u16 becomes 65280.
  const swapped = (value, type) => number(bytes(value, type, "big"), type, "little");

  // The same bits as an unsigned number, which C's functions take.
  const unsigned = (value, type) => BigInt.asUintN(type.bits, value);

  const cNames = ({ bits }) =>
    ({ 16: ["htons", "ntohs"], 32: ["htonl", "ntohl"], 64: ["htobe64", "be64toh"] })[bits];

  // A number in memory and on the wire, on a little-endian machine.
  function working(value, type) {
    const row = (label, order, name) =>
      `  ${label.padEnd(23)} ${hexBytes(bytes(value, type, order))}  ${name}\n`;
    const places = Array.from({ length: type.bits / 8 }, (_, at) => `+${at}`).join(" ");
    return `${value} as ${type.name}\n\n${weights(value, type)}` +
      `\nits bytes, by address     ${places}\n` +
      row("big endian", "big", "to_be_bytes") +
      row("little endian", "little", "to_le_bytes") +
      row("this machine's (little)", "little", "to_ne_bytes") +
      row("on the wire (big)", "big", "to_be_bytes") +
      `\nin C, on this machine\n${inC(value, type)}` +
      `\nin Rust, on any machine\n${inRust(value, type)}`;
  }

  function inC(value, type) {
    const wide = unsigned(value, type);
    const sent = unsigned(swapped(value, type), type);
    const [toNetwork, toHost] = cNames(type);
    const call = (call, result) => `  ${call.padEnd(30)} = ${result}\n`;
    const sign = wide === value ? "" : `  ${value} is ${wide} to functions that take no sign\n`;
    return sign + call(`${toNetwork}(${wide})`, sent) + call(`${toHost}(${sent})`, wide);
  }

  function inRust(value, type) {
    const wire = bytes(value, type, "big");
    const list = wire.map((byte) => `0x${hex(byte)}`).join(", ");
    const call = (name, result) => `  ${`${type.name}::${name}(wire)`.padEnd(24)} = ${result}`;
    return `  let wire: [u8; ${wire.length}] = [${list}];\n` +
      `${call("from_be_bytes", value)}\n` +
      `${call("from_le_bytes", swapped(value, type))}  (read the wrong way round)\n`;
  }

  // A number as bits, and as bytes of eight bits each.
  function weights(value, type) {
    const big = bytes(value, type, "big");
    const columns = (cell) => `  ${big.map((byte) => cell(byte).padStart(8)).join(" ")}`;
    return `its bits, the most significant first\n${columns(binary)}\n` +
      `${columns(hex)}  hex\n${columns(String)}  dec\n${sum(value, type)}`;
  }

  // A number as the sum of its bytes, each multiplied by its weight.
  function sum(value, type) {
    const wide = unsigned(value, type);
    const big = bytes(value, type, "big");
    const terms = big.map((byte, at) => {
      const power = big.length - 1 - at;
      return `${byte}${["", " x 256"][power] ?? ` x 256^${power}`}`;
    });
    let text = `  ${wide} = ${terms.slice(0, 4).join(" + ")}\n`;
    if (terms.length > 4) {
      text += `  ${"+".padStart(String(wide).length + 2)} ${terms.slice(4).join(" + ")}\n`;
    }
    if (wide !== value) {
      text += `  ${value} = ${wide} - 2^${type.bits}\n` +
        `  since the first of its ${type.bits} bits is 1 (two's complement)\n`;
    }
    return text;
  }

  // Why these bytes, read in this order, are this number.
  const reading = (seen, type, order) =>
    orderOf(seen, order) + weights(number(seen, type, order), type);

  // Why this number, written in this order, is these bytes.
  const writing = (value, type, order) =>
    weights(value, type) + orderOf(bytes(value, type, order), order);

  function orderOf(seen, order) {
    const end = order === "big" ? "first" : "last";
    return `${order} endian: the ${end} of ${hexBytes(seen)} is the most significant\n`;
  }

  // Why htons or htonl returns this number on a little-endian machine.
  function toNetwork(value, type) {
    const row = (label, result) => `${label.padEnd(27)} ${result}\n`;
    return weights(value, type) +
      row("in little-endian memory", hexBytes(bytes(value, type, "little"))) +
      row("in network byte order", hexBytes(bytes(value, type, "big"))) +
      row("which that machine reads as", swapped(value, type));
  }

  afterAccept.endianness = {
    bytes, number, swapped, unsigned, cNames, working, reading, writing, toNetwork,
  };

  if (!globalThis.customElements) return;
  const { button, facts, frame, make, newId, Field, Speaker, Transcript } = afterAccept.page;

  class EndiannessWidget extends HTMLElement {
    connectedCallback() {
      if (this.field) return;
      const value = this.getAttribute("number") ?? "16909060";
      this.field = new Field("Number", { value, oninput: () => this.update() });
      this.chooser = typeChooser(this.getAttribute("type") ?? "u32", () => this.update());
      this.result = make("div", { class: "widget-result" });
      this.transcript = new Transcript();
      this.speaker = new Speaker();
      const swap = button("Swap the bytes", () => this.swap());
      frame(this, "Byte order",
        make("div", { class: "widget-controls" }, this.field.element, this.chooser, swap),
        this.result, this.transcript.element, this.speaker.element);
      this.update();
    }

    get type() {
      return typeOf(this.chooser.querySelector(":checked").value);
    }

    swap() {
      const value = this.read();
      if (value === undefined) return;
      this.field.input.value = swapped(value, this.type);
      this.update();
    }

    read() {
      return this.field.value((text) =>
        afterAccept.read.integer(text, this.type, (name) => `choose ${name}`));
    }

    update() {
      const { type } = this;
      const value = this.read();
      if (value === undefined) {
        this.speaker.say(this.field.wrong.textContent);
        return;
      }
      const [memory, wire] = ["little", "big"].map((order) => bytes(value, type, order));
      const wrong = swapped(value, type);
      this.result.replaceChildren(
        make("div", { class: "widget-orders" },
          row("In memory, little endian", memory, "little"),
          row("On the wire, big endian", wire, "big")),
        facts(calls(value, type)),
      );
      this.transcript.show(`bytes ${value} --as ${type.name}`, working(value, type));
      this.speaker.say(`${value} as ${type.name}: in memory ${hexBytes(memory)}, ` +
        `on the wire ${hexBytes(wire)}; read the wrong way round it is ${wrong}.`);
    }
  }

  function typeChooser(chosen, onchange) {
    const name = newId("type");
    const choice = (type) => make("label", {},
      make("input", { type: "radio", name, value: type, checked: type === chosen, onchange }),
      make("span", {}, type));
    return make("fieldset", { class: "widget-choice" },
      make("legend", {}, "Type"), types.map(({ name }) => choice(name)));
  }

  // The bytes by address, each with its weight: equal weights have equal colours.
  function row(title, bytes, order) {
    const last = bytes.length - 1;
    const cell = (byte, at) => {
      const power = order === "big" ? last - at : at;
      const share = `${Math.round((100 * power) / last)}%`;
      return make("li", { style: `--share: ${share}` },
        make("span", { class: "widget-place" }, `+${at}`),
        make("b", {}, hex(byte)),
        make("span", {}, binary(byte)),
        make("span", {}, weight(power)));
    };
    const id = newId("order");
    return make("div", {},
      make("p", { id }, title),
      make("ol", { class: "widget-bytes", "aria-labelledby": id }, bytes.map(cell)));
  }

  const weight = (power) => (power === 0 ? "× 1" : `× 256${["", "", ..."²³⁴⁵⁶⁷"][power]}`);

  // The same in C and in Rust.
  function calls(value, type) {
    const code = (language, text) =>
      make("span", {}, make("b", {}, language), make("code", {}, text));
    const [toNetworkName, toHostName] = cNames(type);
    const [wide, wrong] = [unsigned(value, type), swapped(value, type)];
    const sent = unsigned(wrong, type);
    const given = value < 0n ? `(uint${type.bits}_t)${value}` : value;
    const literal = value < 0n ? `(${value}_${type.name})` : `${value}_${type.name}`;
    const list = bytes(value, type, "big").map((byte) => `0x${hex(byte)}`).join(", ");
    return [
      ["onto the wire",
        code("C", `${toNetworkName}(${given}) = ${sent}`),
        code("Rust", `${literal}.to_be_bytes() = [${list}]`)],
      ["from the wire",
        code("C", `${toHostName}(${sent}) = ${wide}`),
        code("Rust", `${type.name}::from_be_bytes(wire) = ${value}`)],
      ["the wrong way round",
        code("C", `without ${toHostName}: ${type.least < 0n ? wrong : sent}`),
        code("Rust", `${type.name}::from_le_bytes(wire) = ${wrong}`)],
    ];
  }

  customElements.define("endianness-widget", EndiannessWidget);
})();
