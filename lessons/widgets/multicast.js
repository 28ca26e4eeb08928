// From a multicast group to the MAC address of its frames, and back to the groups.
(() => {
  "use strict";
  const {
    binary, byOctets, digit, dotted, fourDigits, fromOctets, hex, ipv6Groups, ipv6Text, macText,
    octets, working,
  } = afterAccept.bits;

  // 01:00:5e, a 0 bit, and the group's lower 23 bits (RFC 1112, section 6.4).
  function macOfGroup(group) {
    const [, second, third, fourth] = octets(group);
    return [0x01, 0x00, 0x5e, second & 0x7f, third, fourth];
  }

  // 33:33 and the group's lower 32 bits (RFC 2464, section 7).
  const macOfIpv6Group = (group) => [0x33, 0x33, ...octets(Number(BigInt.asUintN(32, group)))];

  const isIpv6 = ([first]) => first === 0x33;

  // The 32 IPv4 groups of a MAC address: one for each value of the 5 lost bits, which are between
  // the 1110 of every group and the 23 bits that are kept.
  function groupsOfMac([, , , ...kept]) {
    const group = (_, lost) => (0xe0000000 | (lost << 23) | fromOctets([0, ...kept])) >>> 0;
    return Array.from({ length: 32 }, group);
  }

  const lostBits = (group) => (group >>> 23) & 0b11111;

  // The last 32 bits of all IPv6 groups of a MAC address.
  const endOfIpv6Groups = ([, , ...end]) => fromOctets(end);

  // The kind of a bit of an IPv4 group: given, lost or kept.
  const fate = (bit) => (bit < 4 ? "given" : bit < 9 ? "lost" : "kept");

  // The MAC address of an IPv4 group, and the bits of the group that it contains.
  function mac(group) {
    const own = macOfGroup(group);
    const [a, b, ...lower] = own;
    const pairs = own.map(hex);
    // The group is aligned with the last four bytes of the MAC, so equal bits are in the same
    // column.
    const inBits = (value) => byOctets(9, (bit) => digit(value, bit));
    const marks = byOctets(9, (bit) => ({ given: "=", lost: "-", kept: "k" })[fate(bit)]);
    return `${dotted(group)} -> ${macText(own)}\n\n${" ".repeat(26)}${marks}\n` +
      `  group ${" ".repeat(18)}${inBits(group)}\n` +
      `  MAC   ${binary(a)} ${binary(b)} ${inBits(fromOctets(lower))}\n` +
      `        ${pairs.slice(0, 4).join("       ")}        ${pairs.slice(4).join("       ")}\n\n` +
      "  = as in every group: 1110     - lost     k kept: the lower 23 bits\n" +
      `\nwhy\n${working(whyMac(group))}`;
  }

  function whyMac(group) {
    const [, second, third, fourth] = octets(group);
    const kept = second & 0x7f;
    const inHex = [kept, third, fourth].map(hex).join(", ");
    return [
      ["block",
        "Ethernet's block for groups is 01:00:5e and then a 0 bit: 25 of 48\n" +
        "bits are given, and 23 are left (RFC 1112, section 6.4)."],
      ["kept",
        `The group's lower 23 bits: ${second} without its first bit is ${kept},\n` +
        `and ${kept}, ${third}, ${fourth} in hexadecimal are ${inHex}.`],
      ["lost",
        `32 bits without 1110 are 28: 28 - 23 = 5 are lost, here ${lostDigits(group)}.\n` +
        "So 2^5 = 32 groups share this MAC, and a host that hears one\n" +
        `looks into the packet for the group itself:\n${others(group).join("\n")}`],
    ];
  }

  const lostDigits = (group) => lostBits(group).toString(2).padStart(5, "0");

  // Some groups with the same MAC. The first one differs only in the last of the lost bits.
  function others(group) {
    const near = (group ^ (1 << 23)) >>> 0;
    const all = groupsOfMac(macOfGroup(group));
    const far = all.findLast((other) => other !== group && other !== near);
    return [near, far].map((other) => `${dotted(other).padEnd(16)} lost bits ${lostDigits(other)}`);
  }

  // The MAC address of an IPv6 group.
  function macOfIpv6(group) {
    const own = macOfIpv6Group(group);
    const groups = ipv6Groups(group).map(fourDigits);
    const [lost, kept] = [groups.slice(0, 6).join(":"), groups.slice(6).join(":")];
    return `${ipv6Text(group)} -> ${macText(own)}\n\n` +
      "        ==--:----:----:----:----:----|kkkk:kkkk\n" +
      `  group ${lost}|${kept}\n  MAC   ${"33:33".padStart(29)}|${kept}\n\n` +
      "  = every group's ff     - lost     k kept: the lower 32 bits\n" +
      `\nwhy\n${working(whyMacOfIpv6())}`;
  }

  const whyMacOfIpv6 = () => [
    ["block",
      "Ethernet's block for IPv6 groups is 33:33, 16 of 48 bits, so 32 are\n" +
      "left (RFC 2464, section 7)."],
    ["lost",
      "128 bits without ff are 120, of which 120 - 32 = 88 are lost. So\n" +
      "2^88 groups share a MAC, but few of them are in use: the 32\n" +
      "bits are the group's identifier (RFC 3307)."],
  ];

  // The groups whose frames are sent to a MAC address.
  function groups(mac) {
    return isIpv6(mac) ? ipv6GroupsOf(mac) : ipv4GroupsOf(mac);
  }

  function ipv4GroupsOf(mac) {
    const all = groupsOfMac(mac).map(dotted);
    const pair = (_, at) => {
      const [bits, zero] = [at.toString(2).padStart(4, "0"), all[2 * at].padEnd(16)];
      return `  ${bits}_      ${zero}  ${all[2 * at + 1]}\n`;
    };
    return `${macText(mac)} carries 32 groups\n\n  lost bits  ...0              ...1\n` +
      `${Array.from({ length: 16 }, pair).join("")}\nwhy\n${working(whyGroups(mac))}`;
  }

  function ipv6GroupsOf(mac) {
    const end = octetsToEnd(mac);
    return `${macText(mac)} carries the IPv6 groups that end in ${end}\n\n` +
      `  group ff__:____:____:____:____:____|${end}\n\n` +
      `  such as ${onTheLink(mac)}\n` +
      `\nwhy\n${working(whyGroups(mac))}`;
  }

  const octetsToEnd = (mac) => {
    const end = endOfIpv6Groups(mac);
    return `${fourDigits(end >>> 16)}:${fourDigits(end & 0xffff)}`;
  };

  // The first byte behind 33:33 of every solicited-node group, ff02::1:ff00:0/104.
  const isSolicited = ([, , first]) => first === 0xff;

  // A group of the MAC address that is in use, and who is in it.
  function onTheLink(mac) {
    const own = (0xff02n << 112n) | BigInt(endOfIpv6Groups(mac));
    if (!isSolicited(mac)) return `${ipv6Text(own)}, among the hosts of the link`;
    const [, , , high, middle, low] = mac.map(hex);
    return `${ipv6Text(own | (1n << 32n))}, ` +
      `the hosts whose address ends in ${high}:${middle}${low}`;
  }

  const whyGroups = (mac) => (isIpv6(mac) ? whyIpv6Groups(mac) : [
    ["bits",
      "A group begins with 1110. Then come 5 bits that the MAC does not\n" +
        "have, and then its lower 23. Each value of the 5 is another group:\n" +
        "four of them end the first octet, and the fifth leads the second,\n" +
        "which it makes 128 greater."],
  ]);

  function whyIpv6Groups(mac) {
    const bits = ["bits",
      "33:33 is followed by the lower 32 bits of the group (RFC 2464).\n" +
        "The 88 others behind ff are lost, so 2^88 groups share a MAC."];
    const neighbors = ["neighbors",
      "ff02::1:ff and the last 24 bits of an address: its solicited-node\n" +
        "group (RFC 4291, section 2.7.1). A host that wants the MAC of a\n" +
        "neighbor asks this group: few others have to listen."];
    return isSolicited(mac) ? [bits, neighbors] : [bits];
  }

  afterAccept.multicast = {
    macOfGroup, macOfIpv6Group, groupsOfMac, endOfIpv6Groups, lostBits, mac, macOfIpv6,
    groups,
  };

  if (!globalThis.customElements) return;
  const { facts, frame, make, signs, why, Field, Speaker, Transcript } = afterAccept.page;

  class MulticastWidget extends HTMLElement {
    connectedCallback() {
      if (this.group) return;
      const value = this.getAttribute("group") ?? "224.202.20.30";
      this.group = new Field("Multicast group", { value, oninput: () => this.showGroup() });
      this.mac = new Field("MAC address", { oninput: () => this.showMac() });
      this.result = make("div", { class: "widget-result" });
      this.groups = make("div", { class: "widget-result" });
      this.transcripts = { group: new Transcript(), mac: new Transcript() };
      this.speaker = new Speaker();
      frame(this, "Multicast group and MAC address",
        make("div", { class: "widget-controls" }, this.group.element),
        this.result, this.transcripts.group.element,
        make("p", { class: "widget-title" }, "And back: which groups have this MAC address"),
        make("div", { class: "widget-controls" }, this.mac.element),
        this.groups, this.transcripts.mac.element, this.speaker.element);
      this.showGroup();
    }

    showGroup() {
      const group = this.group.value(afterAccept.read.group);
      if (!group) {
        this.speaker.say(this.group.wrong.textContent);
        return;
      }
      const about = group.ipv6 === undefined ? aboutIpv4(group.ipv4) : aboutIpv6(group.ipv6);
      this.result.replaceChildren(
        make("p", { class: "widget-answer" }, about.name, " → ", make("b", {}, about.mac)),
        ...about.shown, why(about.why));
      this.transcripts.group.show(`mac ${about.name}`, about.text);
      // The part for the way back begins with the result of this one.
      this.mac.input.value = about.mac;
      this.showMac(group.ipv4);
      this.speaker.say(`Group ${about.name} goes to ${about.mac}.`);
    }

    showMac(own) {
      const mac = this.mac.value(afterAccept.read.macOfGroups);
      if (!mac) {
        this.speaker.say(this.mac.wrong.textContent);
        return;
      }
      const all = isIpv6(mac) ? ipv6List(mac) : ipv4List(mac, own);
      this.groups.replaceChildren(all, why(whyGroups(mac)));
      this.transcripts.mac.show(`groups ${macText(mac)}`, groups(mac));
      this.speaker.say(`${macText(mac)} carries ${isIpv6(mac)
        ? `the IPv6 groups that end in ${octetsToEnd(mac)}.`
        : `32 groups, ${dotted(groupsOfMac(mac)[0])} and others.`}`);
    }
  }

  function aboutIpv4(group) {
    return {
      name: dotted(group),
      mac: macText(macOfGroup(group)),
      shown: [legend([["given", "as in every group"], ["lost", "5 bits"], ["kept", "23 bits"]]),
        overlaid(group)],
      why: whyMac(group),
      text: mac(group),
    };
  }

  function aboutIpv6(group) {
    return {
      name: ipv6Text(group),
      mac: macText(macOfIpv6Group(group)),
      shown: [legend([["given", "as in every group"], ["lost", "88 bits"], ["kept", "32 bits"]]),
        facts([["group", ipv6Digits(group)]])],
      why: whyMacOfIpv6(),
      text: macOfIpv6(group),
    };
  }

  const legend = (keys) => make("p", { class: "widget-legend" }, keys.map(([kind, bits]) =>
    make("span", {}, make("i", { class: kind }, "0"), ` ${kind}: ${bits}`)));

  // Six columns, one for each byte of the MAC: the octets of the group are above the last four.
  function overlaid(group) {
    const own = macOfGroup(group);
    const column = (byte, at) => {
      const octet = at < 2 ? undefined : octets(group)[at - 2];
      const fates = Array.from({ length: 8 }, (_, bit) => fate(8 * (at - 2) + bit));
      const ofGroup = octet === undefined ? "" : coloured(octet, fates);
      const given = fates.map((fate) => (at < 2 || fate !== "kept" ? "given" : fate));
      return make("li", {},
        make("span", { class: "widget-place" }, octet === undefined ? "" : String(octet)),
        ofGroup, coloured(byte, given), make("b", {}, hex(byte)));
    };
    const label = "Bytes of the MAC address, and the octets of the group above";
    return make("ol", { class: "widget-overlay", "aria-label": label }, own.map(column));
  }

  function coloured(byte, fates) {
    const digits = binary(byte);
    const spoken = [...new Set(fates)].map((fate) =>
      `${fate} ${[...digits].filter((_, bit) => fates[bit] === fate).join("")}`);
    return signs([[...digits].map((digit, bit) => [digit, fates[bit]])], spoken.join(", "));
  }

  function ipv6Digits(group) {
    const fateOf = (group, at) => (group > 5 ? "kept" : group === 0 && at < 2 ? "given" : "lost");
    const digits = ipv6Groups(group).map(fourDigits);
    const marked = digits.map((digits, group) =>
      [...digits].map((digit, at) => [digit, fateOf(group, at)]));
    return signs(marked, `lost ${digits.slice(0, 6).join(":")}, kept ${digits.slice(6).join(":")}`);
  }

  function ipv4List(mac, own) {
    const item = (group) => {
      const attributes = group === own ? { "aria-current": "true" } : {};
      return make("li", attributes, dotted(group), " ",
        make("span", { "aria-label": `lost bits ${lostDigits(group)}`, role: "img" },
          lostDigits(group)));
    };
    return make("ol", { class: "widget-groups", "aria-label": `Groups of ${macText(mac)}` },
      groupsOfMac(mac).map(item));
  }

  function ipv6List(mac) {
    return facts([
      ["groups", `ff__:____:____:____:____:____:${octetsToEnd(mac)}`],
      ["such as", onTheLink(mac)],
    ]);
  }

  customElements.define("multicast-widget", MulticastWidget);
})();
