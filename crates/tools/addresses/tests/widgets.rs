//! The book's widgets: their JavaScript computes and says the same as this crate.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use addresses::byte_order::{self, Integer, Order};
use addresses::drill::{Numbers, Question, Subject, Verdict, judge};
use addresses::multicast::Mac;
use addresses::read::{self, Address, Wrong};
use addresses::{ipv6, multicast, subnet, working};
use proptest::prelude::*;
use rquickjs::{CatchResultExt, Context, Runtime};

/// The scripts in the order in which a page loads them.
const SCRIPTS: [&str; 11] = [
    "bits",
    "read",
    "page",
    "endianness",
    "subnet",
    "multicast",
    "drill-bytes",
    "drill-subnet",
    "drill-ipv6",
    "drill-mac",
    "drill",
];

/// The widgets' functions, in an engine without a page.
struct Widgets {
    context: Context,
}

impl Widgets {
    /// `helpers` are functions of the test itself, which make one text of the things to compare.
    fn load(helpers: &str) -> Widgets {
        let runtime = Runtime::new().expect("an engine");
        let context = Context::full(&runtime).expect("a context");
        let widgets = Widgets { context };
        for name in SCRIPTS {
            widgets.run(&lesson(&format!("{name}.js")));
        }
        widgets.run("const { bits, read, endianness, subnet, multicast, drill } = afterAccept;");
        // An error has the same reason and the same place, here as in the crate.
        widgets.run(
            "const told = (read, ...given) => {
               try { return read(...given); } catch (wrong) {
                 if (wrong instanceof afterAccept.read.Wrong) {
                   return `wrong ${wrong.message}: ${wrong.parts.join('|')}`;
                 }
                 throw wrong;
               }
             };",
        );
        widgets.run(helpers);
        widgets
    }

    fn run(&self, script: &str) {
        self.context.with(|context| {
            let done: Result<(), _> = context.eval(script).catch(&context);
            done.unwrap_or_else(|error| panic!("{error}\n{script}"));
        });
    }

    /// The result of a function for these texts.
    fn call(&self, function: &str, given: &[&str]) -> String {
        self.context.with(|context| {
            let function: rquickjs::Function = context.eval(function).expect("a function");
            let mut arguments = rquickjs::function::Args::new(context.clone(), given.len());
            for text in given {
                arguments.push_arg(*text).expect("a text");
            }
            let said: Result<String, _> = function.call_arg(arguments).catch(&context);
            said.unwrap_or_else(|error| panic!("{error}\n{given:?}"))
        })
    }
}

fn lesson(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../lessons/widgets");
    std::fs::read_to_string(folder.join(file)).expect("it is readable")
}

fn check(cases: u32, property: impl FnOnce(&mut proptest::test_runner::TestRunner)) {
    let config = ProptestConfig::with_cases(cases);
    property(&mut proptest::test_runner::TestRunner::new(config));
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

fn told<T>(read: Result<T, Wrong>, show: impl FnOnce(T) -> String) -> String {
    let shown = |wrong: Wrong| format!("wrong {}: {}", wrong.why(), wrong.parts().join("|"));
    read.map_or_else(shown, show)
}

// Byte order.

/// An integer of any type. Small ones and the ends come up as often as others.
fn integers() -> impl Strategy<Value = (i128, Integer)> {
    let integer = (0..Integer::ALL.len()).prop_map(|at| Integer::ALL[at]);
    (any::<u64>(), 0..64, 0..4, integer).prop_map(|(number, shift, end, integer)| {
        let above = i128::from(number >> shift) & (integer.most() - integer.least());
        let number = match end {
            0 => integer.least() + above,
            1 => integer.most() - above,
            _ => above.min(integer.most()),
        };
        (number, integer)
    })
}

#[test]
fn bytes_of_a_number_are_the_same() {
    let widgets = Widgets::load(
        "const about = (text, name) => {
           const type = bits.typeOf(name);
           const number = read.integer(text, type);
           const { bytes, swapped, working, reading, writing, toNetwork } = endianness;
           const [big, little] = ['big', 'little'].map((order) => bytes(number, type, order));
           return [
             bits.hexBytes(big), bits.hexBytes(little),
             endianness.number(big, type, 'big'), endianness.number(big, type, 'little'),
             swapped(number, type), working(number, type), toNetwork(number, type),
             reading(big, type, 'big'), reading(big, type, 'little'),
             writing(number, type, 'big'), writing(number, type, 'little'),
           ].join('\\n');
         };",
    );
    let expected = |number: i128, integer: Integer| {
        let [big, little] =
            [Order::Big, Order::Little].map(|order| byte_order::bytes(number, integer, order));
        [
            hex(&big),
            hex(&little),
            byte_order::number(&big, integer, Order::Big).to_string(),
            byte_order::number(&big, integer, Order::Little).to_string(),
            byte_order::swapped(number, integer).to_string(),
            working::bytes(number, integer, Order::Little),
            working::to_network(number, integer),
            working::reading(&big, integer, Order::Big),
            working::reading(&big, integer, Order::Little),
            working::writing(number, integer, Order::Big),
            working::writing(number, integer, Order::Little),
        ]
        .join("\n")
    };
    check(4000, |runner| {
        let same = runner.run(&integers(), |(number, integer)| {
            let said = widgets.call("about", &[&number.to_string(), integer.name()]);
            prop_assert_eq!(said, expected(number, integer));
            Ok(())
        });
        same.unwrap();
    });
    assert!(widgets.call("about", &["255", "u16"]).contains("65280"));
}

// Networks.

#[test]
fn a_network_and_its_working_are_the_same() {
    let widgets = Widgets::load(
        "const about = (text) => {
           const { ipv4: address, prefix } = read.addressAndPrefix(text);
           const ends = ['network', 'firstHost', 'lastHost', 'highest', 'broadcast'];
           return [
             subnet.mask(prefix), ...ends.map((end) => subnet[end](address, prefix) ?? 'none'),
             subnet.addresses(prefix), subnet.hosts(prefix), subnet.subnet(address, prefix),
           ].join('\\n');
         };",
    );
    let same = |address: u32, prefix: u8| {
        let network = format!("{}/{prefix}", Ipv4Addr::from_bits(address));
        let broadcast = subnet::broadcast(address, prefix);
        let expected = [
            subnet::mask(prefix).to_string(),
            subnet::network(address, prefix).to_string(),
            subnet::first_host(address, prefix).to_string(),
            subnet::last_host(address, prefix).to_string(),
            subnet::highest(address, prefix).to_string(),
            broadcast.map_or("none".to_owned(), |address| address.to_string()),
            subnet::addresses(prefix).to_string(),
            subnet::hosts(prefix).to_string(),
            working::subnet(address, prefix),
        ];
        prop_assert_eq!(widgets.call("about", &[&network]), expected.join("\n"));
        Ok(())
    };
    check(4000, |runner| {
        let addresses = (any::<u32>(), 0..=32_u8);
        let all_same = runner.run(&addresses, |(address, prefix)| same(address, prefix));
        all_same.unwrap();
    });
    // Every prefix, and every special range with the addresses before and after it.
    for row in addresses::special::IPV4 {
        let (begin, prefix) = (row.range.address(), row.range.prefix());
        let end = subnet::highest(begin, prefix);
        for address in [begin, begin.wrapping_sub(1), end, end.wrapping_add(1)] {
            for prefix in 0..=32 {
                same(address, prefix).unwrap();
            }
        }
    }
}

#[test]
fn a_network_of_ipv6_and_its_working_are_the_same() {
    let widgets = Widgets::load(
        "const about = (text) => {
           const { ipv6, prefix } = read.addressAndPrefix(text);
           return subnet.subnetIpv6(ipv6, prefix);
         };",
    );
    let same = |address: u128, prefix: u8| {
        let network = format!("{}/{prefix}", Ipv6Addr::from_bits(address));
        prop_assert_eq!(widgets.call("about", &[&network]), working::subnet_ipv6(address, prefix));
        Ok(())
    };
    check(2000, |runner| {
        let networks = (any::<u128>(), any::<u128>(), 0..=128_u8);
        let all_same = runner.run(&networks, |(address, and, prefix)| same(address & and, prefix));
        all_same.unwrap();
    });
    for row in addresses::special::IPV6 {
        let (begin, prefix) = (row.range.address(), row.range.prefix());
        let end = ipv6::highest(begin, prefix);
        for address in [begin, begin.wrapping_sub(1), end, end.wrapping_add(1)] {
            for prefix in [0, 1, 47, 48, 63, 64, 65, 127, 128] {
                same(address, prefix).unwrap();
            }
        }
    }
}

// Multicast.

#[test]
fn a_group_and_its_mac_are_the_same() {
    let widgets = Widgets::load(
        "const about = (text) => {
           const { ipv4, ipv6 } = read.group(text);
           return ipv6 === undefined ? multicast.mac(ipv4) : multicast.macOfIpv6(ipv6);
         };
         const back = (text) => multicast.groups(read.macOfGroups(text));",
    );
    check(4000, |runner| {
        // A few bits make runs of zeros, which IPv6 addresses shorten.
        let groups = (any::<u32>(), any::<u128>(), any::<u128>(), any::<u128>());
        let same = runner.run(&groups, |(low, wide, and, also)| {
            let group = 0xe000_0000 | low >> 4;
            let text = Ipv4Addr::from_bits(group).to_string();
            let expected = working::mac_of_group(group).unwrap();
            prop_assert_eq!(widgets.call("about", &[&text]), expected);
            let mac = multicast::mac_of_group(group).unwrap();
            let expected = working::groups(mac).unwrap();
            prop_assert_eq!(widgets.call("back", &[&mac.to_string()]), expected);

            let mask = 0xffff_u128;
            let holes = (0..8)
                .filter(|at| also >> at & 1 == 1)
                .fold(and, |and, at| and & !(mask << (16 * at)));
            for group in [wide, wide & and & also, wide & holes] {
                let group = 0xff << 120 | group >> 8;
                let text = Ipv6Addr::from_bits(group).to_string();
                let expected = working::mac_of_ipv6_group(group).unwrap();
                prop_assert_eq!(widgets.call("about", &[&text]), expected);
                let mac = multicast::mac_of_ipv6_group(group).unwrap();
                let expected = working::groups(mac).unwrap();
                prop_assert_eq!(widgets.call("back", &[&mac.to_string()]), expected);
                let Mac([_, _, _, rest @ ..]) = mac;
                let solicited = Mac([0x33, 0x33, 0xff, rest[0], rest[1], rest[2]]);
                let expected = working::groups(solicited).unwrap();
                prop_assert_eq!(widgets.call("back", &[&solicited.to_string()]), expected);
            }
            Ok(())
        });
        same.unwrap();
    });
}

// Typed texts.

#[test]
fn typed_text_is_read_or_shown_back_in_the_same_line() {
    let widgets = Widgets::load(
        "const address = ({ ipv4, ipv6 }) => ipv6 === undefined ? `v4 ${ipv4}` : `v6 ${ipv6}`;
         const readers = {
           ipv4: (text) => String(read.ipv4(text)),
           address: (text) => address(read.address(text)),
           ipv6: (text) => `v6 ${read.ipv6(text)}`,
           network: (text) => {
             const network = read.addressAndPrefix(text);
             return `${address(network)}/${network.prefix}`;
           },
           answer: (text) => String(read.answer(text)),
           group: (text) => address(read.group(text)),
           number: (text) => String(read.number(text)),
           seed: (text) => String(read.seed(text)),
           mac: (text) => bits.macText(read.mac(text)),
           macOfGroups: (text) => bits.macText(read.macOfGroups(text)),
           bytes: (text) => bits.hexBytes(read.bytes(text)),
         };
         for (const type of bits.types) {
           readers[type.name] = (text) => String(read.integer(text, type));
         }
         const about = (text) =>
           Object.values(readers).map((reader) => told(reader, text)).join('\\n');",
    );
    let address = |address: Address| match address {
        Address::V4(address) => format!("v4 {address}"),
        Address::V6(address) => format!("v6 {address}"),
    };
    let expected = |text: &str| {
        let mut lines = vec![
            told(read::ipv4(text), |address| address.to_string()),
            told(read::address(text), address),
            told(read::ipv6(text), |number| format!("v6 {number}")),
            told(read::address_and_prefix(text), |(of, prefix)| {
                format!("{}/{prefix}", address(of))
            }),
            told(read::answer(text), |number| number.to_string()),
            told(read::group(text), address),
            told(read::number(text), |number| number.to_string()),
            told(read::seed(text), |seed| seed.to_string()),
            told(read::mac(text), |mac| mac.to_string()),
            told(read::mac_of_groups(text), |mac| mac.to_string()),
            told(read::bytes(text), |bytes| hex(&bytes)),
        ];
        lines.extend(Integer::ALL.map(|integer| {
            let read = read::integer(text, integer);
            told(read, |number| number.to_string())
        }));
        lines.join("\n")
    };
    let same = |text: &str| {
        prop_assert_eq!(widgets.call("about", &[text]), expected(text));
        Ok(())
    };
    check(6000, |runner| {
        // Nearly right texts of each kind, visible characters, and control sequences for terminals.
        let texts = prop_oneof![
            "([0-9]{1,3}[.]){2,4}[0-9x]{0,3}(/[0-9]{0,3})?",
            "(2[23][0-9][.])([0-9]{1,2}[.]){2}[0-9]{1,2}",
            "10[.]0[.]0[.]0/(255|254|192|128|0|3)[.](255|0|240)[.](255|128|0)[.](255|252|0)",
            "(ff|[0-9a-g]{0,2})[0-9a-f]{0,3}(::?[0-9a-f]{0,5}){1,8}",
            "([0-9a-f]{0,4}:){0,7}:([0-9]{1,3}[.]){3}[0-9]{1,3}",
            "([0-9a-f]{1,4}:){5,6}([0-9]{1,3}[.]){3}[0-9]{1,3}",
            "-?(0[xX])?[0-9a-fA-F]{0,40}",
            "(ff|[0-9a-f]{0,2})[0-9a-f]{0,3}(::?[0-9a-f]{0,4}){1,8}/[0-9]{0,3}",
            "0[.]0[.]0[.]0/(0|255|1)[.](0|3|255)[.](0|127|255)[.](0|15|255)",
            "[0-9]{1,3}[eE][0-9]{0,3}",
            "10[.]0[.]0[.]1[ \\t\u{a0}]{0,2}/[ \\t]{0,1}24 {0,1}",
            "-?[0-9]{1,20}",
            "(01:00:5e|33:33|00:00:5E)(:[0-9a-fA-F]{2}){3,4}",
            "([0-9a-f]{2}[-: ]){0,6}[0-9a-gG+]{0,3}",
            "[ -~äß€→»\\u{1f600}\\n\\t\\r\\x00\\x1b\\u{200b}\\u{301}]{0,12}",
        ];
        let all_same = runner.run(&texts, |text| same(&text));
        all_same.unwrap();
    });
    let most = i128::MAX.to_string();
    let hard =
        ["170141183460469231731687303715884105728", &most, "-0", "", "4294967295", "4294967296"];
    let octal = ["10.0.0.1/010", "10.0.0.1/00", "10.0.0.1/099", "10.0.0.1/0", "010", "-010", "00"];
    for text in hard.into_iter().chain(octal) {
        same(text).unwrap();
    }
}

// The drills.

#[test]
fn a_seed_draws_the_same_numbers() {
    let widgets = Widgets::load(
        "const drawn = (seed) => {
           const numbers = new drill.Numbers(Number(seed));
           return Array.from({ length: 100 }, () => numbers.draw()).join(' ');
         };",
    );
    check(1000, |runner| {
        let same = runner.run(&any::<u32>(), |seed| {
            let mut numbers = Numbers::new(seed);
            let expected: Vec<_> = (0..100).map(|_| numbers.draw().to_string()).collect();
            prop_assert_eq!(widgets.call("drawn", &[&seed.to_string()]), expected.join(" "));
            Ok(())
        });
        same.unwrap();
    });
}

/// Texts, right answers, typical mistakes with their answers, and workings, over 1,000 seeds.
#[test]
fn a_seed_asks_and_tells_the_same() {
    const COUNT: usize = 6;
    let widgets = Widgets::load(
        "const asked = (subject, seed, count) => {
           const questions = drill.questions(subject, Number(seed));
           const about = () => {
             const question = questions.next().value;
             const { text, right, working } = question;
             const wrong = drill.wrongAnswers(question);
             const slips = wrong.map(([mistake, answer]) => `${mistake}: ${answer}`);
             return [text, right, ...slips, working()].join('\\n');
           };
           return Array.from({ length: Number(count) }, about).join('\\n');
         };",
    );
    let about = |question: &dyn Question| {
        let mut lines = vec![question.text(), question.right().to_string()];
        for (mistake, answer) in question.slips() {
            if answer != question.right() {
                lines.push(format!("{}: {answer}", mistake.name));
            }
        }
        lines.push(question.working());
        lines.join("\n")
    };
    for subject in Subject::ALL {
        for seed in (0..1000).chain([u32::MAX, u32::MAX - 1, 1 << 31]) {
            let questions = subject.questions(seed).take(COUNT);
            let expected: Vec<_> = questions.map(|question| about(&*question)).collect();
            let given = [subject.name(), &seed.to_string(), &COUNT.to_string()];
            let said = widgets.call("asked", &given);
            assert_eq!(said, expected.join("\n"), "{subject:?} {seed}");
        }
    }
}

/// Over 1,000 seeds: the right answer is right, each typical mistake gets its own diagnosis, in the
/// words of the command line, and every mistake comes up.
#[test]
fn each_mistake_gets_its_own_diagnosis() {
    let widgets = Widgets::load(
        "const verdict = (subject, question, text) => {
           const verdict = drill.judge(question, drill.readAnswer[question.kind](text));
           return drill.says(subject, question, verdict);
         };
         const verdicts = (subject, seed, ...answers) => {
           const question = drill.questions(subject, Number(seed)).next().value;
           return answers.map((answer) => verdict(subject, question, answer)).join('\\n');
         };",
    );
    for subject in Subject::ALL {
        let mut met = Vec::new();
        for seed in 0..1000 {
            let question = subject.questions(seed).next().expect("there is no end");
            let right = question.right();
            let no = |says: &str| format!("No{says}. It is {right}.");
            let mut answers = vec![right.to_string()];
            let mut expected = vec!["Right.".to_owned()];
            for (mistake, answer) in question.slips() {
                let verdict = judge(&*question, &answer);
                if verdict == Verdict::Wrong(Some(mistake)) {
                    answers.push(answer.to_string());
                    expected.push(no(&format!(": {}", mistake.says)));
                    met.push(mistake.name);
                }
            }
            assert!(answers.len() > 3, "{question:?}");
            let each: HashSet<_> = expected.iter().collect();
            assert_eq!(each.len(), expected.len(), "{question:?}");
            let seed = seed.to_string();
            let mut given = vec![subject.name(), &seed];
            given.extend(answers.iter().map(String::as_str));
            assert_eq!(widgets.call("verdicts", &given), expected.join("\n"));
        }
        for mistake in subject.mistakes() {
            assert!(met.contains(&mistake.name), "{mistake:?}");
        }
    }
}

#[test]
fn an_answer_without_a_known_mistake_has_no_diagnosis() {
    let widgets = Widgets::load(
        "const verdict = (subject, answer) => {
           const question = drill.questions(subject, 7).next().value;
           return drill.says(subject, question, drill.judge(question, answer));
         };",
    );
    for subject in Subject::ALL {
        let question = subject.questions(7).next().expect("there is no end");
        let expected = format!("No. It is {}.", question.right());
        assert_eq!(widgets.call("verdict", &[subject.name(), "nowhere"]), expected);
    }
}

// The text that stands there without JavaScript.

/// The rows of all tables without their heads; each row is a list of the contents of its cells.
fn rows(html: &str) -> Vec<Vec<String>> {
    let body = html.lines().filter(|line| line.starts_with("<tr>"));
    let cells = |row: &str| {
        let row = row.replace("<br>", " ");
        let texts = row.split(['<', '>']).collect::<Vec<_>>();
        let texts = texts.chunks(2).map(|chunk| chunk[0].to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    };
    body.map(cells).collect()
}

/// The bits of an address with a border, as the crate's texts show them after the name.
fn bits(address: u32, border: u8) -> String {
    let row = working::row("", address, border);
    row[30..].trim_end().to_owned()
}

/// A part of a working as one line, without its name.
fn flat(part: &str) -> String {
    let words: Vec<_> = part.split_whitespace().skip(1).collect();
    words.join(" ")
}

#[track_caller]
fn check_rows(file: &str, begin: &str, expected: &[Vec<String>]) {
    let html = lesson(file);
    assert!(html.starts_with(begin), "{file}");
    assert!(!html.contains("\n\n"), "an empty line ends HTML in Markdown");
    assert_eq!(rows(&html), expected);
}

#[test]
fn byte_order_without_javascript_is_the_computed_one() {
    let examples =
        [(16_909_060, Integer::U32), (255, Integer::U16), (1, Integer::U32), (-2, Integer::I16)];
    let expected = examples.map(|(number, integer)| {
        let bytes = |order| hex(&byte_order::bytes(number, integer, order));
        let swapped = byte_order::swapped(number, integer).to_string();
        let (memory, wire) = (bytes(Order::Little), bytes(Order::Big));
        vec![number.to_string(), integer.name().to_owned(), memory, wire, swapped]
    });
    let begin = "<endianness-widget number=\"16909060\" type=\"u32\">\n";
    check_rows("endianness.html", begin, &expected);
}

#[test]
fn a_network_without_javascript_is_the_computed_one() {
    let (address, prefix) = read::ipv4_and_prefix("200.201.145.128/26").unwrap();
    let mut expected: Vec<_> = [
        ("address", address),
        ("mask", subnet::mask(prefix)),
        ("network", subnet::network(address, prefix)),
        ("first", subnet::first_host(address, prefix)),
        ("last", subnet::last_host(address, prefix)),
        ("broadcast", subnet::highest(address, prefix)),
    ]
    .map(|(name, value)| {
        let dotted = Ipv4Addr::from_bits(value).to_string();
        vec![name.to_owned(), dotted, bits(value, prefix)]
    })
    .into();
    expected.extend(
        [
            ("mask", working::why_mask(prefix)),
            ("network", working::why_network(address, prefix)),
            ("first", working::why_first(address, prefix)),
            ("last", working::why_last(address, prefix)),
            ("broadcast", working::why_broadcast(address, prefix)),
            ("hosts", working::why_hosts(prefix)),
        ]
        .map(|(name, why)| vec![name.to_owned(), flat(&why)]),
    );
    let begin = "<subnet-widget network=\"200.201.145.128/26\">\n";
    check_rows("subnet.html", begin, &expected);
}

#[test]
fn multicast_without_javascript_is_the_computed_one() {
    let groups = ["224.202.20.30", "239.202.20.30", "224.74.20.30"].map(|text| {
        let group = read::ipv4(text).unwrap();
        let mac = multicast::mac_of_group(group).unwrap();
        (text, group, mac)
    });
    let mut expected: Vec<_> = groups
        .map(|(text, group, mac)| {
            let lost = format!("{:05b}", multicast::lost_bits(group));
            vec![text.to_owned(), lost, mac.to_string()]
        })
        .into();
    let (_, group, mac) = groups[0];
    let [.., c, d, e, f] = mac.0;
    let end_of_mac = u32::from_be_bytes([c, d, e, f]);
    for (name, value) in [("group", group), ("MAC", end_of_mac)] {
        expected.push(vec![name.to_owned(), bits(value, 9)]);
    }
    for text in ["ff02::1:ff00:1", "ff05::fa16:9e5e"] {
        let group: Ipv6Addr = text.parse().unwrap();
        let mac = multicast::mac_of_ipv6_group(group.to_bits()).unwrap();
        expected.push(vec![text.to_owned(), mac.to_string()]);
    }
    let begin = "<multicast-widget group=\"224.202.20.30\">\n";
    check_rows("multicast.html", begin, &expected);
}

#[test]
fn a_drill_without_javascript_is_the_computed_one() {
    for subject in Subject::ALL {
        let name = subject.name();
        let question = subject.questions(7).next().expect("there is no end");
        let mut expected = vec![vec![question.right().to_string(), "Right.".to_owned()]];
        for (mistake, answer) in question.slips() {
            if answer != question.right() {
                expected.push(vec![answer.to_string(), format!("No: {}.", mistake.says)]);
            }
        }
        let begin =
            format!("<address-drill subject=\"{name}\" seed=\"7\">\n<p>{}</p>\n", question.text());
        check_rows(&format!("drill-{name}.html"), &begin, &expected);
        let command = format!("<code>after-accept addresses drill {name} --seed 7</code>");
        assert!(lesson(&format!("drill-{name}.html")).contains(&command));
    }
}
