// Questions about IPv6 networks, between the /48 of a site and the /64 of a link.
(() => {
  "use strict";
  const { ipv6Text, working } = afterAccept.bits;
  const {
    highestIpv6, lettersAboveIpv6, lowestIpv6, maskIpv6, rowIpv6, whyBitsIpv6,
  } = afterAccept.subnet;

  const mistakes = {
    "kept-host-bits": "you gave the address itself, but its host bits have to be 0",
    "cut-at-group": "you put the border between two groups, but it is inside one",
    "cut-at-digit": "you put the border between two digits, but it is inside one",
    "one-bit-less": "you took one bit less for the network",
    "one-bit-more": "you took one bit more for the network",
    "gave-first": "you gave the first address, whose host bits are all 0",
    "left-one-out": "you left the last address out, but IPv6 has no broadcast",
    "took-two": "you took two away, but no link is lost",
    "bits-before": "you counted with the bits before the border, but those behind it are free",
    "decimal-as-hex": "you wrote the number in decimal, but a group is hexadecimal",
    "counted-from-1": "you counted from 1, but the first link is number 0",
    "next-group": "you put the number behind the /64, but it is in the fourth group",
  };

  // 2001:db8::/32, the block for documentation (RFC 3849).
  const documentation = 0x20010db8n << 96n;

  const address = ({ site, number }) => site | BigInt(number);
  const link = ({ site, prefix }, number) => lowestIpv6(site, prefix) | (BigInt(number) << 64n);
  const network = ({ site }, prefix) => ipv6Text(lowestIpv6(site, prefix));
  const last = ({ site }, prefix) => ipv6Text(highestIpv6(site, prefix));
  const links = (prefix) => 2n ** BigInt(64 - prefix);

  // The kinds of question: the text, the right answer, the typical wrong ones, and the working.
  const wanted = {
    network: {
      text: (asked) => `What is the network of ${ipv6Text(address(asked))}/${asked.prefix}?`,
      right: (asked) => network(asked, asked.prefix),
      slips: (asked) => [
        ...otherBorders((prefix) => network(asked, prefix), asked.prefix),
        ["kept-host-bits", ipv6Text(address(asked))],
      ],
      working: (asked) => rows(asked, [
        ["address", address(asked)],
        ["mask", maskIpv6(asked.prefix)],
        ["network", lowestIpv6(asked.site, asked.prefix)],
      ]) + working([["bits", whyBitsIpv6(address(asked), asked.prefix)]]),
    },
    last: {
      text: (asked) =>
        `Which address is the last in ${ipv6Text(address(asked))}/${asked.prefix}?`,
      right: (asked) => last(asked, asked.prefix),
      slips: (asked) => [
        ...otherBorders((prefix) => last(asked, prefix), asked.prefix),
        ["gave-first", network(asked, asked.prefix)],
        ["left-one-out", ipv6Text(highestIpv6(asked.site, asked.prefix) - 1n)],
      ],
      working: (asked) => rows(asked, [
        ["address", address(asked)],
        ["last", highestIpv6(asked.site, asked.prefix)],
      ]) + working([
        ["bits", whyBitsIpv6(address(asked), asked.prefix)],
        ["last",
          "All bits behind the border are 1. IPv6 has no broadcast, so this\n" +
            "address is like any other."],
      ]),
    },
    links: {
      text: ({ prefix }) => `How many /64 networks are in a /${prefix}?`,
      right: ({ prefix }) => String(links(prefix)),
      slips: ({ prefix }) => [
        ["one-bit-less", String(links(prefix) * 2n)],
        ["one-bit-more", String(links(prefix) / 2n)],
        ["took-two", String(links(prefix) - 2n)],
        ["bits-before", String(2n ** BigInt(prefix))],
      ],
      working: ({ prefix }) => working([["links",
        `A /${prefix} leaves 64 - ${prefix} = ${64 - prefix} bits for the number of a link:\n` +
          `2^${64 - prefix} = ${links(prefix)}. Each of them can be used.`]]),
    },
    link: {
      text: (asked) => `Which /64 of ${network(asked, asked.prefix)}/${asked.prefix} ` +
        `is number ${asked.number}, from 0 on?`,
      right: (asked) => ipv6Text(link(asked, asked.number)),
      slips: (asked) => [
        ["decimal-as-hex", ipv6Text(link(asked, parseInt(String(asked.number), 16)))],
        ["counted-from-1", ipv6Text(link(asked, asked.number - 1))],
        ["next-group",
          ipv6Text(lowestIpv6(asked.site, asked.prefix) | (BigInt(asked.number) << 48n))],
      ],
      working: (asked) => rows(asked, [
        ["network", lowestIpv6(asked.site, asked.prefix)],
        ["link", link(asked, asked.number)],
      ]) + working([["link",
        `${asked.number} is ${asked.number.toString(16)} in hexadecimal, ` +
          `and goes into the ${64 - asked.prefix} bits between\n` +
          `/${asked.prefix} and /64: at the end of the fourth group.`]]),
    },
  };

  const rows = ({ prefix }, named) => lettersAboveIpv6(prefix) +
    named.map(([name, address]) => rowIpv6(name, address, prefix)).join("");

  // Each question takes its numbers in a fixed order, the same as on the command line: the kind of
  // question, the prefix, the third and fourth group, and the number of the link or the last group.
  function draw(numbers) {
    const form = Object.keys(wanted)[numbers.below(4)];
    const step = form === "link" ? 4 * numbers.below(3)
      : form === "links" ? numbers.below(15) : 1 + numbers.below(15);
    const site = documentation | (BigInt(numbers.draw()) << 64n);
    const number = form === "link" ? 10 + numbers.below({ 0: 9990, 4: 990, 8: 90 }[step])
      : 1 + numbers.below(65535);
    const asked = { prefix: 48 + step, site, number };
    const { text, right, slips, working } = wanted[form];
    return {
      text: text(asked),
      kind: form === "links" ? "number" : "ipv6",
      right: right(asked),
      slips: slips(asked),
      working: () => working(asked),
    };
  }

  // The answers for a border in another place.
  function otherBorders(rightWith, prefix) {
    const [group, digit] = [48, prefix - (prefix % 4)];
    const slips = [["cut-at-group", rightWith(group)]];
    if (digit !== group && digit !== prefix) slips.push(["cut-at-digit", rightWith(digit)]);
    // If one bit less is the end of a digit, that is the likelier mistake.
    if (prefix - 1 !== digit && prefix - 1 !== group) {
      slips.push(["one-bit-less", rightWith(prefix - 1)]);
    }
    slips.push(["one-bit-more", rightWith(prefix + 1)]);
    return slips;
  }

  afterAccept.drills.ipv6 = { draw, mistakes };
})();
