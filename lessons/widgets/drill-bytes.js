// Questions about byte order, and the mistakes that answers show.
(() => {
  "use strict";
  const { typeOf, hexBytes } = afterAccept.bits;
  const { bytes, number, swapped, cNames, reading, writing, toNetwork } = afterAccept.endianness;

  const mistakes = {
    "wrong-order": "you took the bytes the wrong way round",
    "not-swapped": "you changed nothing, which is right only on a big-endian machine",
    "swapped-halves": "you swapped the 16-bit halves, and left the bytes in each as they were",
    "swapped-in-halves": "you swapped the bytes of each 16-bit half, and left the halves in place",
    "reversed-digits": "you reversed the hexadecimal digits, but a byte is two digits",
    "reversed-bits": "you reversed the bits, but the bits of a byte keep their order",
    "added": "you added the bytes, but each counts 256 times as much as the next",
    "hex-as-decimal": "you read the hexadecimal digits as decimal ones",
    "decimal-as-hex": "you wrote each byte in decimal, but the question asks for hexadecimal",
    "sign": "you took the highest bit for a sign, but an unsigned number has none",
    "no-sign": "you forgot the sign",
    "sign-and-magnitude":
      "you took the highest bit for a minus sign; in two's complement it is -2^15",
    "ones-complement": "you inverted the bits but did not add 1",
  };

  // Each question takes its numbers in a fixed order, the same as on the command line: the form,
  // the type, the byte order, and each byte, the most significant first.
  function draw(numbers) {
    const form = [read, write, convert][numbers.below(3)];
    const names = form === convert ? ["u16", "u32"] : ["u16", "u32", "i16"];
    const type = typeOf(names[numbers.below(names.length)]);
    const order = ["big", "little"][numbers.below(2)];
    // A u32 has small bytes, so that you can compute it by hand.
    const limit = type.name === "u32" ? 16 : 256;
    const drawn = Array.from({ length: type.bits / 8 }, () => numbers.below(limit));
    return form(number(drawn, type, "big"), type, order);
  }

  // From bytes to the number.
  function read(value, type, order) {
    const seen = bytes(value, type, order);
    const answer = (bytes) => String(number(bytes, type, "big"));
    const slips = [
      ["wrong-order", answer(seen)],
      ...rearranged(seen, answer),
      ["added", String(seen.reduce((sum, byte) => sum + byte, 0))],
      ...wrongSign(value, type),
    ];
    const digits = hexAsDecimal(seen);
    if (digits) slips.push(["hex-as-decimal", String(number(digits, type, order))]);
    if (value < 0n) slips.push(["sign-and-magnitude", String(type.least - value)]);
    return {
      text: `Which ${type.name} is ${hexBytes(seen)}, read as ${order} endian?`,
      kind: "number",
      right: String(value),
      slips,
      working: () => reading(seen, type, order),
    };
  }

  // From a number to its bytes.
  function write(value, type, order) {
    const right = bytes(value, type, order);
    const seen = bytes(value, type, "big");
    const place = order === "big" ? "on the wire" : "in little-endian memory";
    const slips = [["wrong-order", hexBytes(seen)], ...rearranged(seen, hexBytes)];
    const digits = decimalAsHex(right);
    if (digits) slips.push(["decimal-as-hex", hexBytes(digits)]);
    if (value < 0n) {
      slips.push(["no-sign", hexBytes(bytes(-value, type, order))]);
      // The inverted bits of 5 are those of -6; one more is -5.
      slips.push(["ones-complement", hexBytes(bytes(value - 1n, type, order))]);
    }
    return {
      text: `What are the hex bytes of the ${type.name} ${value} ${place}?`,
      kind: "bytes",
      right: hexBytes(right),
      slips,
      working: () => writing(value, type, order),
    };
  }

  // The result of htons or htonl on a little-endian machine.
  function convert(value, type) {
    const right = swapped(value, type);
    const seen = bytes(value, type, "big");
    const answer = (bytes) => String(number(bytes, type, "big"));
    const slips = [["not-swapped", answer(seen)], ...rearranged(seen, answer)];
    return {
      text: `What is ${cNames(type)[0]}(${value}) on a little-endian machine?`,
      kind: "number",
      right: String(right),
      slips: [...slips, ...wrongSign(right, type)],
      working: () => toNetwork(value, type),
    };
  }

  // The text that the reader sees, changed in the ways of typical mistakes.
  function rearranged(seen, answer) {
    const reversed = (change) => answer(seen.map(change).reverse());
    const slips = [
      ["wrong-order", reversed((byte) => byte)],
      ["reversed-digits", reversed((byte) => ((byte << 4) | (byte >> 4)) & 0xff)],
      ["reversed-bits", reversed(reversedBits)],
    ];
    if (seen.length === 4) {
      const [a, b, c, d] = seen;
      slips.push(["swapped-halves", answer([c, d, a, b])]);
      slips.push(["swapped-in-halves", answer([b, a, d, c])]);
    }
    return slips;
  }

  function reversedBits(byte) {
    let reversed = 0;
    for (let bit = 0; bit < 8; bit += 1) reversed |= ((byte >> bit) & 1) << (7 - bit);
    return reversed;
  }

  // The right number with a sign that it should not have, or without the sign that it should have.
  function wrongSign(right, type) {
    const all = 1n << BigInt(type.bits);
    if (right < 0n) return [["no-sign", String(right + all)]];
    return right >= all / 2n ? [["sign", String(right - all)]] : [];
  }

  // The bytes if their hexadecimal digits are read as decimal ones, or none if a digit is not
  // decimal.
  function hexAsDecimal(bytes) {
    const isDecimal = (byte) => byte >> 4 < 10 && (byte & 15) < 10;
    return bytes.every(isDecimal) && bytes.map((byte) => 10 * (byte >> 4) + (byte & 15));
  }

  // The bytes if decimal digits stand in place of hexadecimal ones, if two are enough for each.
  function decimalAsHex(bytes) {
    const write = (byte) => 16 * Math.floor(byte / 10) + (byte % 10);
    return bytes.every((byte) => byte < 100) && bytes.map(write);
  }

  afterAccept.drills = { bytes: { draw, mistakes } };
})();
