// Addresses, bits and bytes as text, which all widgets need.
//
// These are classic scripts, so that the book can be read from a file as well as from a server.
// Each puts its functions on one object, `afterAccept`, and a test holds them against the crate
// `addresses`: the same names, the same results, the same texts.
(() => {
  "use strict";

  // Types of numbers by their names in Rust. BigInt, since a u64 is more than a JavaScript number
  // keeps exactly.
  const types = ["u16", "u32", "u64", "i16", "i32", "i64"].map((name) => {
    const bits = Number(name.slice(1));
    const least = name.startsWith("i") ? -(1n << BigInt(bits - 1)) : 0n;
    return { name, bits, least, most: least + (1n << BigInt(bits)) - 1n };
  });

  const typeOf = (name) => types.find((type) => type.name === name);

  // The four bytes of an address, from left to right.
  const octets = (address) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);

  // JavaScript's << makes a signed number of 32 bits; >>> 0 makes it unsigned again.
  const fromOctets = ([a, b, c, d]) => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;

  const dotted = (address) => octets(address).join(".");

  // The digit of a bit, where bit 0 is the leftmost.
  const digit = (address, bit) => ((address << bit) >>> 31 === 1 ? "1" : "0");

  // A sign for each of 32 bits, by octets, and the border. It replaces a space where it can.
  function byOctets(border, sign) {
    let text = "";
    for (let bit = 0; bit < 32; bit += 1) {
      if (bit === border) {
        text += "|";
      } else if (bit > 0 && bit % 8 === 0) {
        text += " ";
      }
      text += sign(bit);
    }
    return border === 32 ? `${text}|` : text;
  }

  const bits = (address, border) => byOctets(border, (bit) => digit(address, bit));

  const binary = (byte) => byte.toString(2).padStart(8, "0");
  const hex = (byte) => byte.toString(16).padStart(2, "0");

  // 01 02 03 04
  const hexBytes = (bytes) => bytes.map(hex).join(" ");

  // 01:00:5e:4a:14:1e
  const macText = (mac) => mac.map(hex).join(":");

  // A number whose thousands are told apart: 16,777,214.
  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

  // 1 bit, 2 bits.
  function count(number, noun) {
    const plural = noun === "address" ? "es" : "s";
    return `${grouped(number)} ${noun}${number === 1 ? "" : plural}`;
  }

  const ordinal = (octet) => ["first", "second", "third", "fourth"][octet];

  // The working as text. Of each part it has what it explains, and the lines about it, aligned
  // behind.
  function working(parts) {
    const row = (name, line) => `  ${name.padEnd(10)} ${line}`.trimEnd() + "\n";
    const part = ([name, lines]) =>
      lines.split("\n").map((line, at) => row(at === 0 ? name : "", line)).join("");
    return parts.map(part).join("");
  }

  globalThis.afterAccept = {
    bits: {
      types, typeOf, octets, fromOctets, dotted, digit, byOctets, bits, binary, hex, hexBytes,
      macText, grouped, count, ordinal, working,
    },
  };
})();
