// Reads what people type, strictly, and shows them where it is wrong.
(() => {
  "use strict";
  const { types, fromOctets, octets } = afterAccept.bits;

  // The reason, and the text in three parts: before the wrong part, the wrong part, and after it.
  class Wrong extends Error {
    constructor(text, [start, end], why) {
      super(why);
      this.parts = [[0, start], [start, end], [end]].map((place) => escaped(text.slice(...place)));
    }
  }

  // Shows an invisible character as its number, like Rust's `escape_debug`.
  function escaped(text) {
    const short = { "\0": "\\0", "\t": "\\t", "\r": "\\r", "\n": "\\n" };
    const signs = Array.from(text, (sign, at) => {
      if (short[sign]) return short[sign];
      if (/["'\\]/.test(sign)) return `\\${sign}`;
      const alters = at === 0 && /\p{Grapheme_Extend}/u.test(sign);
      const unseen = sign !== " " && /[\p{C}\p{Z}]/u.test(sign);
      return alters || unseen ? `\\u{${sign.codePointAt(0).toString(16)}}` : sign;
    });
    return signs.join("");
  }

  const whole = (text) => [0, text.length];

  // The ranges of the pieces between the separators.
  function pieces(text, [start, end], separator) {
    let begin = start;
    return text.slice(start, end).split(separator).map((piece) => {
      const place = [begin, begin + piece.length];
      begin += piece.length + separator.length;
      return place;
    });
  }

  function ipv4(text) {
    noSpace(text);
    return ipv4In(text, whole(text));
  }

  // Refuses spaces, which come with copied text, before the rest of it is looked at.
  function noSpace(text) {
    const found = /[ \t\u00a0]+/.exec(text);
    if (!found) return;
    throw new Wrong(text, [found.index, found.index + found[0].length], "leave the space out");
  }

  function ipv4In(text, place) {
    const places = pieces(text, place, ".");
    const numbers = places.slice(0, 4).map((piece) => octetIn(text, piece));
    const [, end] = place;
    if (places.length < 4) {
      const why = `an IPv4 address has four numbers, and this has ${places.length}`;
      throw new Wrong(text, [end, end], why);
    }
    if (places.length > 4) {
      // The dot before the fifth number is too much as well.
      const tooMuch = [places[4][0] - 1, end];
      throw new Wrong(text, tooMuch, "an IPv4 address has four numbers, and no more");
    }
    return fromOctets(numbers);
  }

  function octetIn(text, place) {
    const piece = text.slice(...place);
    const wrong = (why) => new Wrong(text, place, why);
    if (piece === "") {
      throw wrong("a number is missing; an IPv4 address is written like 192.0.2.1");
    }
    if (!/^[0-9]+$/.test(piece)) {
      throw wrong("not a number; an IPv4 address is written like 192.0.2.1");
    }
    if (isOctalToSome(piece)) throw wrong(octal);
    if (Number(piece) > 255) throw wrong("one byte holds 0 to 255");
    return Number(piece);
  }

  // Whether a number of decimal digits begins with a 0 that is not all of it.
  const isOctalToSome = (digits) => /^0./.test(digits);

  // C, and programs made in it, read such a number as octal: 010 is 8 to them.
  const octal =
    "some programs take a number that begins with 0 for an octal one; leave the 0 out";

  // Reads ADDRESS/PREFIX of either kind, as { ipv4, prefix } or { ipv6, prefix }.
  function addressAndPrefix(text) {
    noSpace(text);
    const slash = text.indexOf("/");
    const end = slash < 0 ? text.length : slash;
    const read = addressIn(text, [0, end]);
    const bits = read.ipv6 === undefined ? 32 : 128;
    return { ...read, prefix: prefixBehind(text, end, bits) };
  }

  // Reads the prefix behind an address that ends here.
  function prefixBehind(text, end, bits) {
    if (end < text.length) return prefixIn(text, [end + 1, text.length], bits);
    throw new Wrong(text, [end, end], `a network has a prefix: write ${text}/24, for example`);
  }

  function prefixIn(text, place, bits) {
    const piece = text.slice(...place);
    const isNumber = /^[0-9]+$/.test(piece);
    if (isNumber && isOctalToSome(piece)) throw new Wrong(text, place, octal);
    if (isNumber && Number(piece) <= bits) return Number(piece);
    const kind = bits === 32 ? "IPv4" : "IPv6";
    const why = (bits === 32 ? insteadOfMask(piece) : null) ??
      `the prefix of an ${kind} address is a number from 0 to ${bits}`;
    throw new Wrong(text, place, why);
  }

  // The prefix to write instead of a mask; null if the text is not an address.
  function insteadOfMask(text) {
    const inBits = (address) => octets(address).map(afterAccept.bits.binary).join("");
    let mask;
    try {
      mask = inBits(ipv4(text));
    } catch {
      return null;
    }
    const count = (digit) => mask.split(digit).length - 1;
    if (/^1*0*$/.test(mask)) return `this is a mask; the prefix is ${count("1")}`;
    if (/^0*1*$/.test(mask)) {
      return "this is the opposite of a mask, which access lists of routers call a wildcard; " +
        `the prefix is ${count("0")}`;
    }
    return "a mask is ones and then zeros, and this has a 1 behind a 0; " +
      "write a prefix, a number from 0 to 32";
  }

  // An address of either kind, as { ipv4 } or { ipv6 }.
  function address(text) {
    noSpace(text);
    return addressIn(text, whole(text));
  }

  function ipv6(text) {
    const read = address(text);
    if (read.ipv6 !== undefined) return read.ipv6;
    throw new Wrong(text, whole(text), "this is an address of IPv4; one of IPv6 has colons");
  }

  function addressIn(text, place) {
    return text.slice(...place).includes(":")
      ? { ipv6: ipv6In(text, place) } : { ipv4: ipv4In(text, place) };
  }

  function ipv6In(text, place) {
    const own = text.slice(...place);
    const [, end] = place;
    const groups = ipv6Groups(own);
    if (groups) return groups.reduce((address, group) => (address << 16n) | BigInt(group), 0n);
    for (const piece of pieces(text, place, ":")) {
      const group = text.slice(...piece);
      if (piece[1] === end && group.includes(".")) {
        ipv4In(text, piece);
      } else if (!/^[0-9a-f]{0,4}$/i.test(group)) {
        const why = "a group of an IPv6 address is one to four hexadecimal digits";
        throw new Wrong(text, piece, why);
      }
    }
    const gap = own.indexOf("::");
    const second = gap < 0 ? -1 : own.indexOf("::", gap + 1);
    if (second >= 0) {
      throw new Wrong(text, [second, second + 2], "only one :: can stand for groups that are 0");
    }
    throw new Wrong(text, place, "an IPv6 address has eight groups, or fewer and one ::");
  }

  // The eight groups of an IPv6 address; null if the text is not one.
  function ipv6Groups(text) {
    const halves = text.split("::");
    if (halves.length > 2) return null;
    const [before, after] = halves.map((half, at) => {
      // The end of the address may be written as an IPv4 address.
      const isLast = at === halves.length - 1;
      return half === "" ? [] : half.split(":").flatMap((group, at, { length }) => {
        if (isLast && at === length - 1 && group.includes(".")) return groupsOfIpv4(group);
        return /^[0-9a-f]{1,4}$/i.test(group) ? [parseInt(group, 16)] : [null];
      });
    });
    const zeros = 8 - before.length - (after?.length ?? 0);
    // Two colons replace one or more groups; without them there must be eight.
    const fits = after ? zeros >= 1 : zeros === 0;
    const groups = fits ? [...before, ...Array(zeros).fill(0), ...(after ?? [])] : [null];
    return groups.includes(null) ? null : groups;
  }

  function groupsOfIpv4(text) {
    try {
      const address = ipv4(text);
      return [address >>> 16, address & 0xffff];
    } catch {
      return [null];
    }
  }

  // Reads a number, in decimal, or in hexadecimal after 0x.
  function number(text) {
    noSpace(text);
    const unsigned = text.replace(/^-/, "");
    const digits = unsigned.replace(/^0[xX]/, "");
    const isHex = digits !== unsigned;
    const begin = text.length - digits.length;
    if (digits === "") throw new Wrong(text, [begin, begin], "a number is missing");
    let at = begin;
    for (const sign of digits) {
      if (!(isHex ? /[0-9a-f]/i : /[0-9]/).test(sign)) {
        throw new Wrong(text, [at, at + sign.length], whyNoDigit(sign, isHex, digits));
      }
      at += sign.length;
    }
    if (!isHex && isOctalToSome(digits)) throw new Wrong(text, [begin, text.length], octal);
    const magnitude = BigInt(isHex ? `0x${digits}` : digits);
    if (magnitude >= 1n << 127n) {
      throw new Wrong(text, whole(text), "this needs more than 64 bits");
    }
    return unsigned === text ? magnitude : -magnitude;
  }

  function whyNoDigit(sign, isHex, digits) {
    if (isHex) return "a hexadecimal number is made of 0 to 9 and a to f";
    // 96e7 may be meant as 96 x 10^7 or as hexadecimal.
    if (/^[0-9]+e[0-9]+$/i.test(digits)) {
      return `not a decimal digit; 0x${digits} is hexadecimal, ` +
        "and a power of ten is written out, with its zeros";
    }
    return /[0-9a-f]/i.test(sign)
      ? "not a decimal digit; a hexadecimal number begins with 0x"
      : "a number is made of 0 to 9; write 16909060, or 0x01020304";
  }

  // Reads a number that the type holds. The advice names a type that holds it: where a page shows
  // types to choose from, it is not to add an option to a command.
  function integer(text, type, advise = (name) => `try --as ${name}`) {
    const value = number(text);
    const holds = ({ least, most }) => least <= value && value <= most;
    if (holds(type)) return value;
    const fitting = types.find(holds);
    const advice = fitting ? advise(fitting.name) : "it needs more than 64 bits";
    const why = `${type.name} holds ${type.least} to ${type.most}; ${advice}`;
    throw new Wrong(text, whole(text), why);
  }

  // Reads the number with which a drill is answered.
  function answer(text) {
    const value = number(text);
    const { least, most } = afterAccept.bits.typeOf("i64");
    if (least <= value && value <= most) return value;
    throw new Wrong(text, whole(text), "no answer needs as many bits as this");
  }

  // Reads the seed of a drill.
  function seed(text) {
    const value = number(text);
    if (0n <= value && value < 1n << 32n) return Number(value);
    throw new Wrong(text, whole(text), "a seed is a number from 0 to 4294967295");
  }

  // Reads bytes: pairs of hexadecimal digits, between spaces.
  const bytes = (text) => pairs(text, " ");

  // Reads a MAC address: six pairs of hexadecimal digits, between colons or hyphens.
  function mac(text) {
    const read = pairs(text, text.includes("-") ? "-" : ":");
    if (read.length === 6) return read;
    const why = `a MAC address has six bytes, and this has ${read.length}; ` +
      "write 01:00:5e:4a:14:1e, for example";
    throw new Wrong(text, [text.length, text.length], why);
  }

  function pairs(text, separator) {
    return pieces(text, whole(text), separator).map((place) => {
      const pair = text.slice(...place);
      if (/^[0-9a-f]{2}$/i.test(pair)) return parseInt(pair, 16);
      throw new Wrong(text, place, "a byte is two hexadecimal digits, like 5e");
    });
  }

  // Reads a multicast group of either kind.
  function group(text) {
    const read = address(text);
    if (read.ipv6 === undefined && read.ipv4 >>> 28 !== 0b1110) {
      const why = "not a multicast group: their first number is 224 to 239";
      throw new Wrong(text, [0, text.indexOf(".")], why);
    }
    if (read.ipv6 !== undefined && read.ipv6 >> 120n !== 0xffn) {
      const why = "not a multicast group: those of IPv6 begin with ff";
      throw new Wrong(text, [0, text.indexOf(":")], why);
    }
    return read;
  }

  // Reads a MAC address that carries multicast groups.
  function macOfGroups(text) {
    const read = mac(text);
    const [a, b, c, high] = read;
    if (a === 0x33 && b === 0x33) return read;
    // All pairs of digits have the same length, so counting gives the place of the error.
    if (a !== 0x01 || b !== 0x00 || c !== 0x5e) {
      const why = "not a multicast group of IP: they begin with 01:00:5e or 33:33";
      throw new Wrong(text, [0, 8], why);
    }
    if (high > 0x7f) {
      const why = "not an IPv4 group: after 01:00:5e a byte is at most 7f";
      throw new Wrong(text, [9, 11], why);
    }
    return read;
  }

  afterAccept.read = {
    Wrong, ipv4, ipv6, address, addressAndPrefix, number, integer, answer, seed, bytes, mac, group,
    macOfGroups,
  };
})();
