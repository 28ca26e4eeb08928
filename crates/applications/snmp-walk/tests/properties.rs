//! Properties that hold for every tree, and for every datagram.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_snmp::version::CommunityVersion;
use async_snmp::{Oid, Value, VarBind};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use snmp_agent::{Frozen, Question, Row};
use snmp_parser::{PduType, SnmpPdu, parse_snmp_v1, parse_snmp_v2c};
use snmp_walk::{End, Failure, Line, Names, Plan, Step, Walk, named, parse, print};

/// Numbers that are close to each other, and numbers at which the encoding needs one more byte.
fn arc() -> impl Strategy<Value = u32> {
    prop_oneof![0..3_u32, Just(127), Just(128), Just(16_383), Just(16_384), Just(u32::MAX)]
}

/// A name below mib-2. It may be before, within or after the root of the walk.
fn name() -> impl Strategy<Value = Oid> {
    vec(arc(), 1..6).prop_map(|arcs| Oid::new([1, 3, 6, 1, 2, 1].into_iter().chain(arcs)))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        any::<u32>().prop_map(Value::Gauge32),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Value::OctetString(bytes.into())),
        "[ -~\\t\\r\\n]{0,40}".prop_map(|text| Value::from(text.as_str())),
        name().prop_map(Value::ObjectIdentifier),
    ]
}

fn tree() -> impl Strategy<Value = BTreeMap<Oid, Value>> {
    btree_map(name(), value(), 0..30)
}

fn plan() -> impl Strategy<Value = Plan> {
    let version = prop_oneof![Just(CommunityVersion::V1), Just(CommunityVersion::V2c)];
    let bulk = proptest::option::of(1..12_u32);
    (version, bulk, vec(arc(), 0..3)).prop_map(|(version, bulk, below)| Plan {
        version,
        community: b"public".to_vec(),
        bulk: bulk.filter(|_| version == CommunityVersion::V2c),
        root: Oid::new([1, 3, 6, 1, 2, 1].into_iter().chain(below)),
        timeout: Duration::from_secs(1),
        retries: 1,
        max_rows: None,
        allow_unordered: false,
    })
}

fn frozen(tree: &BTreeMap<Oid, Value>) -> Frozen {
    Frozen::new(tree.iter().map(|(oid, value)| Row::of(oid.clone(), value)))
}

fn read(datagram: &[u8]) -> Question {
    Question::read(datagram, ([127, 0, 0, 1], 1).into()).expect("it is a question")
}

/// Walks to the end, with `answer` as the agent. Returns the rows that have a value.
fn walked(
    plan: Plan,
    mut answer: impl FnMut(&[u8]) -> Vec<Vec<u8>>,
) -> (Vec<VarBind>, Result<End, Failure>) {
    let mut now = Instant::now();
    let mut walk = Walk::new(plan, 1).expect("the root can be sent");
    let mut rows = Vec::new();
    loop {
        match walk.step(now) {
            Step::Print(Line::Row(row)) if row.value.is_exception() => {}
            Step::Print(Line::Row(row)) => rows.push(row),
            Step::Print(Line::EndOfMib) => {}
            Step::Send(question) => {
                answer(&question).iter().for_each(|datagram| walk.hear(datagram));
            }
            Step::Wait(until) => now = until,
            Step::End(end) => return (rows, end),
        }
    }
}

proptest! {
    /// A walk sees all rows below the root, in order. If there are none, it sees the root itself,
    /// unless SNMPv2c says before that no row follows it.
    #[test]
    fn a_walk_sees_what_lies_below_its_root(tree in tree(), plan in plan()) {
        let agent = frozen(&tree);
        let (root, version) = (plan.root.clone(), plan.version);
        let (rows, end) = walked(plan, |question| agent.answer(&read(question)));
        let is_below = |oid: &Oid| oid.starts_with(&root) && *oid != root;
        let mut below: Vec<_> = tree.iter().filter(|(oid, _)| is_below(oid)).collect();
        let is_followed = tree.keys().any(|oid| *oid > root);
        if below.is_empty() && (is_followed || version == CommunityVersion::V1) {
            below.extend(tree.get_key_value(&root));
        }
        let seen: Vec<_> = rows.iter().map(|row| (&row.oid, &row.value)).collect();
        prop_assert_eq!(seen, below);
        prop_assert!(end.is_ok());
    }

    /// Datagrams may be lost, doubled and late.
    #[test]
    fn a_bad_network_changes_nothing(
        tree in tree(),
        plan in plan(),
        fates in vec(0..4_u8, 1..50),
    ) {
        let agent = frozen(&tree);
        let (expected, _) = walked(plan.clone(), |question| agent.answer(&read(question)));
        let mut fates = fates.into_iter().cycle();
        let mut late = Vec::new();
        let patient = Plan { retries: 1_000, ..plan };
        let mut unlucky = 0;
        let (rows, end) = walked(patient, |question| {
            let answers = agent.answer(&read(question));
            // Even with the worst random numbers, some get through.
            unlucky += 1;
            match fates.next().filter(|_| unlucky % 7 != 0) {
                Some(0) => Vec::new(),
                Some(1) => std::mem::replace(&mut late, answers),
                Some(2) => [answers.clone(), answers].concat(),
                _ => answers,
            }
        });
        prop_assert_eq!(rows, expected);
        prop_assert!(end.is_ok());
    }

    /// With any datagrams the walk ends: by itself, or after `max_rows`.
    #[test]
    fn any_datagrams_are_survived(
        plan in plan(),
        tree in tree(),
        allow_unordered: bool,
        changes in vec((any::<u16>(), any::<u8>()), 0..40),
        noise in vec(vec(any::<u8>(), 0..80), 0..5),
    ) {
        let agent = frozen(&tree);
        let plan = Plan { max_rows: Some(50), allow_unordered, ..plan };
        let mut changes = changes.into_iter().cycle();
        let mut asked = 0;
        let (rows, _) = walked(plan, |question| {
            asked += 1;
            assert!(asked < 1_000, "it does not end");
            let mut datagrams = agent.answer(&read(question));
            for datagram in &mut datagrams {
                if let Some((place, byte)) = changes.next() {
                    let place = usize::from(place) % datagram.len();
                    datagram[place] = byte;
                }
            }
            [noise.clone(), datagrams].concat()
        });
        for row in rows {
            let mut line = String::new();
            print(&row, Names::Words, &mut line);
            prop_assert!(line.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)));
        }
    }

    /// Any text stays on its line.
    #[test]
    fn text_stays_on_its_line(text in "[ -~\\t\\r\\n\\x0b\\x0c]{1,60}", oid in name()) {
        let mut line = String::new();
        print(&VarBind::new(oid, Value::from(text.as_str())), Names::Numbers, &mut line);
        let shown = line.split_once(" = STRING: \"").and_then(|(_, rest)| rest.strip_suffix('"'));
        let shown = shown.expect("it is a text");
        let mut read = String::new();
        let mut characters = shown.chars();
        while let Some(character) = characters.next() {
            read.push(match (character, character == '\\') {
                (_, true) => match characters.next().expect("something follows") {
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    'v' => '\x0b',
                    'f' => '\x0c',
                    other => other,
                },
                (other, _) => other,
            });
        }
        prop_assert_eq!(read, text);
    }

    /// Another parser reads the same question from the datagram.
    #[test]
    fn another_parser_reads_the_same_question(
        plan in plan(),
        request_id in 0..i32::MAX,
        community in "[a-z]{1,20}",
    ) {
        let plan = Plan { community: community.clone().into_bytes(), ..plan };
        let mut walk = Walk::new(plan.clone(), request_id).expect("the root can be sent");
        let Step::Send(datagram) = walk.step(Instant::now()) else { panic!("nothing is sent") };
        let parsed = match plan.version {
            CommunityVersion::V1 => parse_snmp_v1(&datagram),
            CommunityVersion::V2c => parse_snmp_v2c(&datagram),
        };
        let (rest, message) = parsed.expect("it is well-formed");
        prop_assert_eq!(rest.len(), 0);
        prop_assert_eq!(message.community, community);
        let (kind, id, repetitions, var) = match &message.pdu {
            SnmpPdu::Generic(pdu) => (pdu.pdu_type, pdu.req_id, None, &pdu.var),
            SnmpPdu::Bulk(pdu) => {
                (PduType::GetBulkRequest, pdu.req_id, Some(pdu.max_repetitions), &pdu.var)
            }
            SnmpPdu::TrapV1(_) => panic!("it is no question"),
        };
        let wanted = plan.bulk.map_or(PduType::GetNextRequest, |_| PduType::GetBulkRequest);
        prop_assert_eq!((kind, id, repetitions), (wanted, request_id as u32, plan.bulk));
        let names: Vec<_> = var.iter().map(|var| var.oid.to_id_string()).collect();
        prop_assert_eq!(names, [plan.root.to_string()]);
    }

    #[test]
    fn a_printed_name_is_read_again(below in vec(any::<u32>(), 0..20), in_words: bool) {
        let arcs = [1, 3, 6, 1, 2, 1, 1].into_iter().chain(below);
        let oid = Oid::new(arcs);
        let mut line = String::new();
        named(&oid, if in_words { Names::Words } else { Names::Numbers }, &mut line);
        prop_assert_eq!(parse(&line), Ok(oid));
    }

    #[test]
    fn any_text_is_a_name_or_is_refused(text in any::<String>()) {
        if let Ok(oid) = parse(&text) {
            prop_assert!(!oid.is_empty() || text == ".");
        }
    }
}
