// Networks: an address, a prefix, and what follows from AND, OR and NOT.
(() => {
  "use strict";
  const {
    bits, byOctets, count, digit, dotted, fromOctets, grouped, ipv6Text, octets, ordinal, working,
  } = afterAccept.bits;

  // The mask of a prefix: that many ones, and zeros for the rest. In JavaScript a shift by 32 bits
  // shifts nothing, so /0 is a special case.
  const mask = (prefix) => (prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);

  // The network's own address: all host bits are 0.
  const network = (address, prefix) => (address & mask(prefix)) >>> 0;

  // The highest address: all host bits are 1.
  const highest = (address, prefix) => (address | ~mask(prefix)) >>> 0;

  // A /31 (RFC 3021) and a /32 have no broadcast, and all their addresses are for hosts.
  const hasBroadcast = (prefix) => prefix <= 30;
  const broadcast = (address, prefix) => (hasBroadcast(prefix) ? highest(address, prefix) : null);
  const taken = (prefix) => (hasBroadcast(prefix) ? 1 : 0);
  const firstHost = (address, prefix) => network(address, prefix) + taken(prefix);
  const lastHost = (address, prefix) => highest(address, prefix) - taken(prefix);
  const addresses = (prefix) => 2 ** (32 - prefix);
  const hosts = (prefix) => addresses(prefix) - 2 * taken(prefix);

  // Ranges with a special purpose. If one range lies in another, the smaller one comes first.
  const special = [
    [[0, 0, 0, 0], 32, "this host, while it has no address", 1122],
    [[0, 0, 0, 0], 8, "this network, for hosts without address", 791],
    [[10, 0, 0, 0], 8, "private", 1918],
    [[100, 64, 0, 0], 10, "shared, inside of a provider", 6598],
    [[127, 0, 0, 0], 8, "loopback", 1122],
    [[169, 254, 0, 0], 16, "link-local", 3927],
    [[172, 16, 0, 0], 12, "private", 1918],
    [[192, 0, 0, 0], 29, "IPv4 behind an IPv6 network", 7335],
    [[192, 0, 0, 8], 32, "a dummy, as a sender of ICMP errors", 7600],
    [[192, 0, 0, 9], 32, "the nearest PCP server", 7723],
    [[192, 0, 0, 10], 32, "the nearest TURN server", 8155],
    [[192, 0, 0, 170], 31, "how a host finds NAT64", 8880],
    [[192, 0, 0, 0], 24, "protocol assignments", 6890],
    [[192, 0, 2, 0], 24, "documentation", 5737],
    [[192, 31, 196, 0], 24, "AS112, for senseless DNS questions", 7535],
    [[192, 52, 193, 0], 24, "multicast tunnels (AMT)", 7450],
    [[192, 88, 99, 2], 32, "6a44 relays", 6751],
    [[192, 88, 99, 0], 24, "6to4 relays, given up", 7526],
    [[192, 168, 0, 0], 16, "private", 1918],
    [[192, 175, 48, 0], 24, "AS112, for senseless DNS questions", 7534],
    [[198, 18, 0, 0], 15, "benchmarks", 2544],
    [[198, 51, 100, 0], 24, "documentation", 5737],
    [[203, 0, 113, 0], 24, "documentation", 5737],
    [[224, 0, 0, 0], 4, "multicast", 5771],
    [[255, 255, 255, 255], 32, "limited broadcast", 919],
    [[240, 0, 0, 0], 4, "reserved", 1112],
  ].map(([begin, prefix, purpose, rfc]) => ({ begin: fromOctets(begin), prefix, purpose, rfc }));

  // The purpose for which an address is reserved, and the RFC that says so.
  function range(address) {
    const found = special.find(({ begin, prefix }) => network(address, prefix) === begin);
    if (!found) return ["public", ""];
    const { begin, prefix, purpose, rfc } = found;
    return [purpose, `${dotted(begin)}/${prefix}, RFC ${rfc}`];
  }

  // The class that the address had until 1993, and its prefix compared with this one.
  function naturalClass(address, prefix) {
    const ones = Math.clz32(~address);
    const natural = [8, 16, 24][ones];
    const says = natural === undefined ? "never had networks"
      : prefix > natural ? `part of a former /${natural}`
      : prefix < natural ? `several former /${natural} networks`
      : `a former /${natural}`;
    return ["ABCDE"[Math.min(ones, 4)], says];
  }

  function hostsInShort(prefix) {
    const free = 32 - prefix;
    return hasBroadcast(prefix) ? `2^${free} - 2` : `2^${free}: every address is for a host`;
  }

  const noBroadcast = (prefix) => (prefix === 31 ? "RFC 3021" : "no other host is there");

  // Everything about the network of an address and its prefix, as text.
  function subnet(address, prefix) {
    const note = (name, value, note) =>
      `  ${name.padEnd(10)} ${value.padEnd(16)} ${note}`.trimEnd() + "\n";
    const rows = addressRows(address, prefix).map(([name, value]) =>
      value === null ? note(name, "none", noBroadcast(prefix)) : row(name, value, prefix));
    return `${dotted(address)}/${prefix}\n\n${lettersAbove(prefix)}${rows.join("")}` +
      note("hosts", grouped(hosts(prefix)), hostsInShort(prefix)) +
      note("range", ...range(address)) +
      note("class", ...naturalClass(address, prefix)) +
      `\nwhy\n${working(whyAll(address, prefix))}`;
  }

  const addressRows = (address, prefix) => [
    ["address", address],
    ["mask", mask(prefix)],
    ["network", network(address, prefix)],
    ["first", firstHost(address, prefix)],
    ["last", lastHost(address, prefix)],
    ["broadcast", broadcast(address, prefix)],
  ];

  // A named address, in numbers and in bits.
  const row = (name, address, prefix) =>
    `  ${name.padEnd(10)} ${dotted(address).padEnd(16)} ${bits(address, prefix)}\n`;

  // The meaning of each bit of the rows below.
  const lettersAbove = (prefix) =>
    `${" ".repeat(30)}${byOctets(prefix, (bit) => (bit < prefix ? "n" : "h"))}\n`;

  const whyAll = (address, prefix) =>
    Object.entries(why).map(([name, lines]) => [name, lines(address, prefix)]);

  // Why each result is so, in the order in which one follows from the other.
  const why = {
    mask(_, prefix) {
      const ones = `${count(prefix, "one")}, then ${count(32 - prefix, "zero")}.\n`;
      if (prefix % 8 === 0) return `${ones}Each octet is all ones, 255, or all zeros, 0.`;
      const octet = octetOf(mask(prefix), prefix >> 3);
      const weights = [128, 64, 32, 16, 8, 4, 2].slice(0, prefix % 8);
      const sum = weights.length > 1 ? `${weights.join(" + ")} = ` : "";
      return `${ones}Its ${ordinal(prefix >> 3)} octet is ${octet.toString(2)}:\n${sum}${octet}.`;
    },

    network(address, prefix) {
      const begin = "address AND mask: under a 1 a bit stays, under a 0 it becomes 0.\n";
      const octet = prefix >> 3;
      if (prefix === 0) return `${begin}The border is before all octets: none is left.`;
      if (prefix === 32) return `${begin}The border is after all octets: each stays.`;
      if (prefix % 8 === 0) {
        return `${begin}The border is after the ${ordinal(octet - 1)} octet: ` +
          "up to there each stays,\nand what follows becomes 0.";
      }
      const line = (operation, value) => {
        const cut = 8 * octet + (prefix % 8);
        const inBits = bits(value, cut).split(" ")[octet];
        const number = String(octetOf(value, octet)).padStart(3);
        return `    ${operation.padStart(3)} ${number}   ${inBits}\n`;
      };
      const step = 2 ** (8 - (prefix % 8));
      const [own, first] = [address, network(address, prefix)].map((at) => octetOf(at, octet));
      return `${begin}The border cuts the ${ordinal(octet)} octet:\n` +
        line("", address) + line("AND", mask(prefix)) + line("=", network(address, prefix)) +
        `In short: a /${prefix} begins at every multiple of ` +
        `256 - ${octetOf(mask(prefix), octet)} = ${step} there;\n` +
        `${first} = ${first / step} x ${step} is the last multiple up to ${own}.`;
    },

    first(address, prefix) {
      if (!hasBroadcast(prefix)) return "the lowest address: no host bit is taken for the network.";
      const own = dotted(network(address, prefix));
      return `network + 1, since ${own} itself stands for the network.`;
    },

    last(address, prefix) {
      if (!hasBroadcast(prefix)) return "the highest address: none is taken for a broadcast.";
      return `broadcast - 1, since ${dotted(highest(address, prefix))} belongs to no host.`;
    },

    broadcast(address, prefix) {
      if (prefix === 32) return "There is one address, and no other host to hear.";
      if (prefix === 31) {
        return "Two addresses are the two ends of one link: what one sends is\n" +
          "for the other (RFC 3021).";
      }
      const begin = `network OR NOT mask: the ${count(32 - prefix, "host bit")} become 1.\n`;
      const octet = prefix >> 3;
      if (prefix === 0) return `${begin}Each octet becomes 255.`;
      if (prefix === 24) return `${begin}The fourth octet becomes 255.`;
      if (prefix % 8 === 0) return `${begin}From the ${ordinal(octet)} octet on, each becomes 255.`;
      const [own, last] = [network, highest].map((end) => octetOf(end(address, prefix), octet));
      const rest = octet === 3 ? "." : ",\nand what follows becomes 255.";
      return `${begin}In the ${ordinal(octet)} octet: ${own} + ${last - own} = ${last}${rest}`;
    },

    hosts(_, prefix) {
      if (prefix === 32) return "2^0 = 1 address, and it is the host's.";
      if (prefix === 31) {
        return "2^1 = 2 addresses, and both are for hosts: a network of two\n" +
          "ends needs no broadcast (RFC 3021).";
      }
      const free = 32 - prefix;
      return `32 - ${prefix} = ${count(free, "bit")} are left: ` +
        `2^${free} = ${grouped(addresses(prefix))} addresses,\n` +
        `less the network's own and the broadcast: ${grouped(hosts(prefix))}.`;
    },
  };

  const octetOf = (address, octet) => octets(address)[octet];

  // IPv6: the same idea with 128 bits, which only a BigInt holds.
  const maskIpv6 = (prefix) => BigInt.asUintN(128, -1n << BigInt(128 - prefix));
  const lowestIpv6 = (address, prefix) => address & maskIpv6(prefix);
  const highestIpv6 = (address, prefix) => address | BigInt.asUintN(128, ~maskIpv6(prefix));

  const specialIpv6 = [
    ["::", 128, "unspecified", 4291],
    ["::1", 128, "loopback", 4291],
    ["::ffff:0:0", 96, "IPv4-mapped", 4291],
    ["64:ff9b::", 96, "NAT64", 6052],
    ["64:ff9b:1::", 48, "NAT64, inside of a network", 8215],
    ["100::", 64, "discarded", 6666],
    ["100:0:0:1::", 64, "a dummy that is sent nowhere", 9780],
    ["2001::", 32, "Teredo tunnels", 4380],
    ["2001:1::1", 128, "the nearest PCP server", 7723],
    ["2001:1::2", 128, "the nearest TURN server", 8155],
    ["2001:1::3", 128, "the nearest DNS-SD registrar", 9665],
    ["2001:2::", 48, "benchmarks", 5180],
    ["2001:3::", 32, "multicast tunnels (AMT)", 7450],
    ["2001:4:112::", 48, "AS112, for senseless DNS questions", 7535],
    ["2001:10::", 28, "ORCHID, given up", 4843],
    ["2001:20::", 28, "ORCHIDv2: hashes, not places", 7343],
    ["2001:30::", 28, "identities of drones", 9374],
    ["2001::", 23, "protocol assignments", 2928],
    ["2001:db8::", 32, "documentation", 3849],
    ["2002::", 16, "6to4", 3056],
    ["2620:4f:8000::", 48, "AS112, for senseless DNS questions", 7534],
    ["3fff::", 20, "documentation", 9637],
    ["5f00::", 16, "segment routing", 9602],
    ["fc00::", 7, "unique local", 4193],
    ["fe80::", 10, "link-local", 4291],
    ["ff00::", 8, "multicast", 4291],
  ].map(([begin, prefix, purpose, rfc]) =>
    ({ begin: afterAccept.read.address(begin).ipv6, prefix, purpose, rfc }));

  function rangeIpv6(address) {
    const found = specialIpv6.find(({ begin, prefix }) => lowestIpv6(address, prefix) === begin);
    if (!found) return address >> 125n === 1n ? "public" : "unassigned";
    const { begin, prefix, purpose, rfc } = found;
    return `${purpose}: ${ipv6Text(begin)}/${prefix}, RFC ${rfc}`;
  }

  // Everything about the network of an IPv6 address and its prefix, as text.
  function subnetIpv6(address, prefix) {
    const row = ([name, value]) => `  ${name.padEnd(10)} ${value}\n`;
    const rows = addressRowsIpv6(address, prefix).map(([name, value]) =>
      rowIpv6(name, value, prefix));
    return `${ipv6Text(address)}/${prefix}\n\n${lettersAboveIpv6(prefix)}` +
      `${rows.join("")}${factsIpv6(address, prefix).map(row).join("")}` +
      `\nwhy\n${working(whyIpv6(address, prefix))}`;
  }

  const addressRowsIpv6 = (address, prefix) => [
    ["address", address],
    ["mask", maskIpv6(prefix)],
    ["first", lowestIpv6(address, prefix)],
    ["last", highestIpv6(address, prefix)],
  ];

  const factsIpv6 = (address, prefix) => [
    ["network", `${ipv6Text(lowestIpv6(address, prefix))}/${prefix}`],
    ["addresses", `2^${128 - prefix}`],
    ["links", prefix < 64 ? `2^${64 - prefix}, a /64 each`
      : prefix === 64 ? "1, as large as every link is" : "a part of one, whose size is /64"],
    ["range", rangeIpv6(address)],
  ];

  const whyIpv6 = (address, prefix) => [
    ["bits", whyBitsIpv6(address, prefix)],
    ["hosts",
      "They are not counted: a link has 2^64 addresses, whatever it needs.\n" +
        "There is no broadcast, so the last address is like any other. The\n" +
        "first belongs to every router on it (RFC 4291, section 2.6.1)."],
  ];

  // Why the border is in this place, in hexadecimal digits.
  function whyBitsIpv6(address, prefix) {
    const begin = `The same idea as in IPv4, with ${count(prefix, "bit")} for the network and\n` +
      `128 - ${prefix} = ${128 - prefix} for what is in it. ` +
      "A hexadecimal digit is four bits:\n";
    const [digits, cut] = [prefix >> 2, prefix % 4];
    if (cut === 0) return `${begin}/${prefix} is ${digits} of 32 digits.`;
    const line = (operation, value) => {
      const digit = Number((value >> BigInt(124 - 4 * digits)) & 0xfn);
      const inBits = digit.toString(2).padStart(4, "0");
      return `    ${operation.padStart(3)} ${digit.toString(16)}   ` +
        `${inBits.slice(0, cut)}|${inBits.slice(cut)}`;
    };
    return [
      `${begin}/${prefix} is ${digits} digits and ${count(cut, "bit")} of the next one, ` +
        "which is marked x:",
      line("", address),
      line("AND", maskIpv6(prefix)),
      line("=", lowestIpv6(address, prefix)),
    ].join("\n");
  }

  const hexDigits = (address) => address.toString(16).padStart(32, "0");

  // All 32 digits, with the border if it is between two of them.
  const allDigits = (address, border) => byDigits(border, (at) => hexDigits(address)[at]);

  // The meaning of each digit: n for the network, h for the rest, x if the border cuts it.
  const lettersIpv6 = (border) => byDigits(border, (at) => kindOfDigit(at, border)[0]);

  // The letters above the rows of rowIpv6.
  const lettersAboveIpv6 = (prefix) => `${" ".repeat(13)}${lettersIpv6(prefix)}\n`;

  // An address with its name, and with the border of a prefix.
  const rowIpv6 = (name, address, prefix) =>
    `  ${name.padEnd(10)} ${allDigits(address, prefix)}\n`;

  const kindOfDigit = (at, border) =>
    4 * at + 4 <= border ? "network" : 4 * at >= border ? "host" : "x";

  function byDigits(border, sign) {
    let text = "";
    for (let at = 0; at < 32; at += 1) {
      if (4 * at === border) {
        text += "|";
      } else if (at > 0 && at % 4 === 0) {
        text += ":";
      }
      text += sign(at);
    }
    return border === 128 ? `${text}|` : text;
  }

  afterAccept.subnet = {
    mask, network, highest, broadcast, firstHost, lastHost, addresses, hosts, subnet, subnetIpv6,
    row, lettersAbove, why, maskIpv6, lowestIpv6, highestIpv6, rowIpv6, lettersAboveIpv6,
    whyBitsIpv6,
  };

  if (!globalThis.customElements) return;
  const { facts, frame, make, newId, signs, Field, Speaker, Transcript } = afterAccept.page;

  class SubnetWidget extends HTMLElement {
    connectedCallback() {
      if (this.field) return;
      const value = this.getAttribute("network") ?? "200.201.145.128/26";
      this.field = new Field("Address and prefix", { value, oninput: () => this.update() });
      const id = newId("prefix");
      this.slider = make("input", {
        id, type: "range", min: "0", max: "32", oninput: () => this.slide(),
      });
      const slider = make("div", { class: "widget-slider" },
        make("label", { for: id }, "Prefix"), this.slider);
      this.result = make("div", { class: "widget-result" });
      this.transcript = new Transcript();
      this.speaker = new Speaker();
      frame(this, "A network and its bits",
        make("div", { class: "widget-controls" }, this.field.element, slider),
        this.result, this.transcript.element, this.speaker.element);
      this.update();
    }

    slide() {
      this.field.input.value = `${this.address}/${this.slider.value}`;
      this.update();
    }

    update() {
      const network = this.field.value(afterAccept.read.addressAndPrefix);
      if (network) {
        this.show(network);
      } else {
        this.speaker.say(this.field.wrong.textContent);
      }
    }

    show({ ipv4, ipv6, prefix }) {
      // The slider cuts a value that is above its end.
      this.slider.max = ipv6 === undefined ? "32" : "128";
      this.slider.value = prefix;
      if (ipv6 === undefined) {
        this.showIpv4(ipv4, prefix);
      } else {
        this.showIpv6(ipv6, prefix);
      }
    }

    showIpv4(address, prefix) {
      this.address = dotted(address);
      this.slider.setAttribute("aria-valuetext", `/${prefix}, mask ${dotted(mask(prefix))}`);
      this.result.replaceChildren(
        legend(prefix, 32),
        facts(addressRows(address, prefix).map(([name, value]) =>
          value === null ? [name, "none", noBroadcast(prefix)]
            : [name, dotted(value), coloured(value, prefix)])),
        facts([
          ["hosts", grouped(hosts(prefix)), hostsInShort(prefix)],
          ["range", ...range(address)],
          ["class", ...naturalClass(address, prefix)],
        ]),
        afterAccept.page.why(whyAll(address, prefix)),
      );
      this.transcript.show(`subnet ${dotted(address)}/${prefix}`, subnet(address, prefix));
      const ends = [firstHost, lastHost].map((end) => dotted(end(address, prefix)));
      this.speaker.say(`Network ${dotted(network(address, prefix))}/${prefix}, ` +
        `${count(hosts(prefix), "host")}, ${ends.join(" to ")}.`);
    }

    showIpv6(address, prefix) {
      this.address = ipv6Text(address);
      this.slider.setAttribute("aria-valuetext", `/${prefix}`);
      this.result.replaceChildren(
        legend(prefix, 128),
        facts(addressRowsIpv6(address, prefix).map(([name, value]) =>
          [name, colouredIpv6(value, prefix)])),
        facts(factsIpv6(address, prefix)),
        afterAccept.page.why(whyIpv6(address, prefix)),
      );
      this.transcript.show(`subnet ${this.address}/${prefix}`, subnetIpv6(address, prefix));
      this.speaker.say(`Network ${ipv6Text(lowestIpv6(address, prefix))}/${prefix}, ` +
        `2^${128 - prefix} addresses.`);
    }
  }

  function legend(prefix, size) {
    const key = (kind, bits) =>
      make("span", {}, make("i", { class: kind }, kind[0]), ` ${kind}: ${count(bits, "bit")}`);
    return make("p", { class: "widget-legend" }, key("network", prefix), key("host", size - prefix));
  }

  // The digits of an IPv6 address by groups. One that the border cuts is marked as both.
  function colouredIpv6(address, prefix) {
    const kind = (at) => (4 * at === prefix ? "host border" : kindOfDigit(at, prefix));
    const mark = (at) => (kind(at) === "x" ? "network host" : kind(at));
    const groups = Array.from({ length: 8 }, (_, group) =>
      [0, 1, 2, 3].map((at) => [hexDigits(address)[4 * group + at], mark(4 * group + at)]));
    return signs(groups, allDigits(address, prefix).replace("|", ", then "));
  }

  // The bits of an address by octets, each marked as the network's or the host's.
  function coloured(address, prefix) {
    const kind = (bit) => (bit < prefix ? "network" : bit === prefix ? "host border" : "host");
    const sign = (bit) => [digit(address, bit), kind(bit)];
    const groups = [0, 8, 16, 24].map((first) =>
      Array.from({ length: 8 }, (_, at) => sign(first + at)));
    const [own, others] = bits(address, prefix).split("|").map((bits) => bits.trim());
    return signs(groups, `network ${own || "none"}, host ${others || "none"}`);
  }

  customElements.define("subnet-widget", SubnetWidget);
})();
