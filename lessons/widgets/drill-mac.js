// Questions about the MAC addresses of multicast groups, and the mistakes that answers show.
(() => {
  "use strict";
  const { dotted, ipv6Text, macText, octets } = afterAccept.bits;
  const { mac, macOfGroup, macOfIpv6, macOfIpv6Group } = afterAccept.multicast;

  const mistakes = {
    "kept-24th-bit": "you kept the 24th bit, but only the lower 23 bits are copied",
    "lost-another-bit": "you dropped two bits of the second octet, but only the first is dropped",
    "decimal-as-hex": "you wrote the octets in decimal, but a MAC address is hexadecimal",
    "no-group-bit": "you left out the bit that makes it a group: the first byte is 01",
    "rule-of-ipv6": "you used the rule of IPv6: 33:33 and 32 bits",
    "rule-of-ipv4": "you used the rule of IPv4: 01:00:5e and 23 bits",
    "first-bits": "you took the first 32 bits of the group, but the last 32 are kept",
    "only-24-bits": "you kept 24 bits after ff, as in a solicited-node group; 32 are kept",
  };

  // Each question takes its numbers in a fixed order, the same as on the command line: the kind;
  // then the first octet and the rest, or the scope and the last 32 bits.
  function draw(numbers) {
    if (numbers.below(4) === 0) {
      const scope = [0x1n, 0x2n, 0x5n, 0xen][numbers.below(4)];
      return aboutIpv6(((0xff00n | scope) << 112n) | BigInt(numbers.draw()));
    }
    const first = 224 + numbers.below(16);
    return aboutIpv4(((first << 24) | (numbers.draw() >>> 8)) >>> 0);
  }

  const question = (group, right, slips, working) => ({
    text: `What is the MAC address for packets to the group ${group}?`,
    kind: "mac",
    right: macText(right),
    slips: slips.map(([mistake, mac]) => [mistake, macText(mac)]),
    working,
  });

  function aboutIpv4(group) {
    const [first, second, third, fourth] = octets(group);
    const right = macOfGroup(group);
    const kept = right.slice(3);
    const slips = [
      ["kept-24th-bit", [0x01, 0x00, 0x5e, second, third, fourth]],
      ["lost-another-bit", [0x01, 0x00, 0x5e, second & 0x3f, third, fourth]],
      ["no-group-bit", [0x00, 0x00, 0x5e, ...kept]],
      ["rule-of-ipv6", [0x33, 0x33, first, second, third, fourth]],
    ];
    if (kept.every((byte) => byte < 100)) {
      const asHex = (byte) => 16 * Math.floor(byte / 10) + (byte % 10);
      slips.push(["decimal-as-hex", [0x01, 0x00, 0x5e, ...kept.map(asHex)]]);
    }
    return question(dotted(group), right, slips, () => mac(group));
  }

  function aboutIpv6(group) {
    const begin = octets(Number(group >> 96n));
    const right = macOfIpv6Group(group);
    const [x, y, z] = right.slice(3);
    const slips = [
      ["first-bits", [0x33, 0x33, ...begin]],
      ["only-24-bits", [0x33, 0x33, 0xff, x, y, z]],
      ["rule-of-ipv4", [0x01, 0x00, 0x5e, x & 0x7f, y, z]],
    ];
    return question(ipv6Text(group), right, slips, () => macOfIpv6(group));
  }

  afterAccept.drills.mac = { draw, mistakes };
})();
