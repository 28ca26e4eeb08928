// Questions about IPv4 networks, and the mistakes that answers show.
(() => {
  "use strict";
  const { dotted, working } = afterAccept.bits;
  const {
    addresses, firstHost, highest, hosts, lastHost, lettersAbove, mask, network, row, why,
  } = afterAccept.subnet;

  const mistakes = {
    "kept-host-bits": "you gave the address itself, but its host bits have to be 0",
    "cut-at-octet": "you put the border between two octets, but it is inside one",
    "one-bit-less": "you took one bit less for the network",
    "one-bit-more": "you took one bit more for the network",
    "gave-network": "you gave the network's own address, whose host bits are all 0",
    "gave-broadcast": "you gave the broadcast address, whose host bits are all 1",
    "gave-last": "you gave the last host, but the broadcast is the next address",
    "inverted": "you gave the bits of the host, but the mask has 1s for the network",
    "network-bits": "you counted with the bits of the network, but hosts have the others",
    "kept-both": "you counted the network's own address and the broadcast",
    "took-one": "you took off one address, but two addresses belong to no host",
    "like-a-30": "you counted it like a /30: a /31 and a /32 have no address to take off",
  };

  // The kinds of question: the text, the right answer for a prefix, the typical wrong answers, and
  // the parts of the working that explain the right one.
  const wanted = {
    mask: {
      text: (_, prefix) => `What is the mask of /${prefix}?`,
      right: (_, prefix) => dotted(mask(prefix)),
      slips: (_, prefix) => [["inverted", dotted(~mask(prefix))]],
      why: ["mask"],
    },
    network: {
      text: (address, prefix) => `What is the network address of ${dotted(address)}/${prefix}?`,
      right: (address, prefix) => dotted(network(address, prefix)),
      slips: (address, prefix) => [
        ["kept-host-bits", dotted(address)],
        ["gave-broadcast", dotted(highest(address, prefix))],
      ],
      why: ["network"],
    },
    first: {
      text: (address, prefix) =>
        `What is the first host in the network of ${dotted(address)}/${prefix}?`,
      right: (address, prefix) => dotted(firstHost(address, prefix)),
      slips: (address, prefix) => [
        ["kept-host-bits", dotted(address)],
        ["gave-network", dotted(network(address, prefix))],
      ],
      why: ["network", "first"],
    },
    last: {
      text: (address, prefix) =>
        `What is the last host in the network of ${dotted(address)}/${prefix}?`,
      right: (address, prefix) => dotted(lastHost(address, prefix)),
      slips: (address, prefix) => [
        ["gave-broadcast", dotted(highest(address, prefix))],
        ["gave-network", dotted(network(address, prefix))],
      ],
      why: ["network", "broadcast", "last"],
    },
    broadcast: {
      text: (address, prefix) => `What is the broadcast address of ${dotted(address)}/${prefix}?`,
      right: (address, prefix) => dotted(highest(address, prefix)),
      slips: (address, prefix) => [
        ["gave-network", dotted(network(address, prefix))],
        ["gave-last", dotted(lastHost(address, prefix))],
      ],
      why: ["network", "broadcast"],
    },
    hosts: {
      text: (_, prefix) => `How many hosts can a /${prefix} have?`,
      right: (_, prefix) => String(hosts(prefix)),
      slips: (_, prefix) => otherCounts(prefix),
      why: ["hosts"],
    },
  };

  // Each question takes its numbers in a fixed order, the same as on the command line: the kind of
  // question, the prefix, the first octet, and the rest of the address.
  function draw(numbers) {
    const form = Object.keys(wanted)[numbers.below(6)];
    // For first, last and broadcast, the network must have a broadcast.
    const prefixes = ["first", "last", "broadcast"].includes(form) ? 23 : 25;
    const prefix = 8 + numbers.below(prefixes);
    const first = 1 + numbers.below(223);
    const address = ((first << 24) | (numbers.draw() >>> 8)) >>> 0;
    return question(form, address, prefix);
  }

  function question(form, address, prefix) {
    const { text, right, slips } = wanted[form];
    const rightWith = (prefix) => right(address, prefix);
    return {
      text: text(address, prefix),
      kind: form === "hosts" ? "number" : "address",
      right: rightWith(prefix),
      slips: [...otherBorders(rightWith, prefix), ...slips(address, prefix)],
      working: () => explained(form, address, prefix),
    };
  }

  // The answers for a border in another place.
  function otherBorders(rightWith, prefix) {
    const octet = prefix - (prefix % 8);
    const slips = [["cut-at-octet", rightWith(octet)]];
    // If one bit less is the end of an octet, that is the likelier mistake.
    if (prefix - 1 !== octet) slips.push(["one-bit-less", rightWith(prefix - 1)]);
    // From /31 on, a network has other rules; confusing them is a separate mistake.
    if (prefix < 30) slips.push(["one-bit-more", rightWith(prefix + 1)]);
    return slips;
  }

  function otherCounts(prefix) {
    const all = addresses(prefix);
    const byNetworkBits = ["network-bits", String(2 ** prefix - 2)];
    if (prefix >= 31) return [byNetworkBits, ["like-a-30", String(Math.max(all - 2, 0))]];
    return [byNetworkBits, ["kept-both", String(all)], ["took-one", String(all - 1)]];
  }

  function explained(form, address, prefix) {
    const parts = wanted[form].why.map((name) => [name, why[name](address, prefix)]);
    if (form === "hosts") return working(parts);
    const own = form === "mask" ? "" : row("address", address, prefix);
    return lettersAbove(prefix) + own + row("mask", mask(prefix), prefix) + working(parts);
  }

  afterAccept.drills.subnet = { draw, mistakes };
})();
