// Addresses, bits and bytes as text, for all widgets.
//
// These are classic scripts, so that the book can be opened as a file as well as from a server.
// Each adds its functions to one object, `afterAccept`, and a test compares them with the crate
// `addresses`: the same names, results and texts.
(() => {
  "use strict";

  // Integer types by their names in Rust. BigInt, since a JavaScript number cannot hold every u64
  // exactly.
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

  // A character for each of 32 bits, by octets, with the border in place of a space where possible.
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

  // The address as text, shortened according to RFC 5952: the longest run of two or more zeros is
  // left out. An address that stands for one of IPv4 ends like it.
  function ipv6Text(address) {
    if (address >> 32n === 0xffffn) return `::ffff:${dotted(Number(address & 0xffffffffn))}`;
    const groups = ipv6Groups(address).map((group) => group.toString(16));
    const runs = groups.map((_, at) => groups.slice(at).findIndex((group) => group !== "0"))
      .map((length, at) => (length < 0 ? 8 - at : length));
    const longest = Math.max(...runs);
    if (longest < 2) return groups.join(":");
    const begin = runs.indexOf(longest);
    const [before, after] = [groups.slice(0, begin), groups.slice(begin + longest)];
    return `${before.join(":")}::${after.join(":")}`;
  }

  const ipv6Groups = (address) =>
    Array.from({ length: 8 }, (_, at) => Number((address >> BigInt(112 - 16 * at)) & 0xffffn));

  const fourDigits = (group) => group.toString(16).padStart(4, "0");

  // A number with separated thousands: 16,777,214.
  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

  // 1 bit, 2 bits.
  function count(number, noun) {
    const plural = noun === "address" ? "es" : "s";
    return `${grouped(number)} ${noun}${number === 1 ? "" : plural}`;
  }

  const ordinal = (octet) => ["first", "second", "third", "fourth"][octet];

  // The working as text: for each part its name, and the lines about it, aligned after the name.
  function working(parts) {
    const row = (name, line) => `  ${name.padEnd(10)} ${line}`.trimEnd() + "\n";
    const part = ([name, lines]) =>
      lines.split("\n").map((line, at) => row(at === 0 ? name : "", line)).join("");
    return parts.map(part).join("");
  }

  globalThis.afterAccept = {
    bits: {
      types, typeOf, octets, fromOctets, dotted, digit, byOctets, bits, binary, hex, hexBytes,
      macText, ipv6Text, ipv6Groups, fourDigits, grouped, count, ordinal, working,
    },
  };
})();
