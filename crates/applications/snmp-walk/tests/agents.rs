//! Tests with agents that are wrong, slow, hostile or not there.

mod kit;

use std::net::{Ipv6Addr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use async_snmp::Oid;
use kit::{IMPATIENT, agent, frozen, ours, walk};
use snmp_agent::{Agent, Answer, Frozen, Question, Row, system};
use test_kit::{Running, program, skip};

const SYS_NAME: &str = "1.3.6.1.2.1.1.5.0";

/// The system group in words, as it is printed without `--numeric`.
const SYSTEM: [&str; 7] = [
    "sysDescr.0 = STRING: \"Linux attic 6.1.0 x86_64\"",
    "sysObjectID.0 = OID: .1.3.6.1.4.1.8072.3.2.10",
    "sysUpTime.0 = Timeticks: (12345678) 1 day, 10:17:36.78",
    "sysContact.0 = STRING: \"ada@example.org\"",
    "sysName.0 = STRING: \"attic\"",
    "sysLocation.0 = STRING: \"below the roof\"",
    "sysServices.0 = INTEGER: 72",
];

/// The system group, and a row after it.
fn tree() -> Vec<Row> {
    system().into_iter().chain([Row::new("1.3.6.1.2.1.2.1.0", 2, &[1])]).collect()
}

#[test]
fn the_system_group_has_names() {
    let agent = frozen(tree());
    for options in [&["-v", "1"][..], &["-v", "2c"], &["--bulk", "3"], &["--bulk", "1000"]] {
        walk(agent.address(), &[&["system"], options].concat()).expect_rows(&SYSTEM);
    }
    walk(agent.address(), &["sysName"]).expect_rows(&SYSTEM[4..5]);
    walk(agent.address(), &["sysName.0"]).expect_rows(&SYSTEM[4..5]);
    walk(agent.address(), &["SNMPv2-MIB::sysName.0"]).expect_rows(&SYSTEM[4..5]);
    walk(agent.address(), &["system", "--max-rows", "2"]).expect_rows(&SYSTEM[..2]);
    walk(agent.address(), &["system", "--max-rows", "4", "--bulk", "3"]).expect_rows(&SYSTEM[..4]);
}

#[test]
fn without_a_name_mib_2_is_walked() {
    let row = |name, text: &str| Row::new(name, 4, text.as_bytes());
    let agent = frozen([
        row("1.3.6.1.2.0.1", "before"),
        row("1.3.6.1.2.1.2.1.0", "in it"),
        row("1.3.6.1.2.2.1", "after"),
    ]);
    walk(agent.address(), &[]).expect_rows(&[".1.3.6.1.2.1.2.1.0 = STRING: \"in it\""]);
}

#[test]
fn an_empty_part_is_reported_as_empty() {
    let agent = frozen(tree());
    let said = walk(agent.address(), &["-v", "1", ".1.3.6.1.2.1.1.5.0.3"]);
    assert_eq!((said.status, &*said.rows), (Some(0), ""));
    assert!(said.errors.contains("nothing lies at or below .1.3.6.1.2.1.1.5.0.3"), "{said:?}");
    walk(agent.address(), &[".1.3.6.1.2.1.1.5.0.3"]).expect_rows(
        &[".1.3.6.1.2.1.1.5.0.3 = No Such Object available on this agent at this OID"]
            .map(|row| row.replace(".1.3.6.1.2.1.1.5.0.3", "sysName.0.3"))
            .each_ref()
            .map(|row| &**row),
    );
}

#[test]
fn a_closed_port_is_noticed_at_once() {
    // The port was bound and closed again, so no program has it.
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let address = free.expect("there is a free port").to_string();
    let day = ["--timeout", "86400"];
    ours(&[&[&*address], &day[..]].concat()).expect_failure(0, &["connection refused", &address]);
}

#[test]
fn hosts_have_names_and_addresses_of_two_kinds() {
    let agent = frozen(tree());
    let port = agent.address().port();
    ours(&[&format!("localhost:{port}"), "sysName"]).expect_rows(&SYSTEM[4..5]);
    ours(&["nobody.invalid"]).expect_failure(0, &["cannot find the host nobody.invalid"]);
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return skip("there is no IPv6 here");
    }
    let rows = Frozen::new(tree());
    let local = (Ipv6Addr::LOCALHOST, 0).into();
    let agent = Agent::start_at(local, move |question| rows.answer(question)).expect("a port");
    walk(agent.address(), &["system"]).expect_rows(&SYSTEM);
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    for (arguments, word) in [
        (&["localhost", "-v", "3"][..], "SNMPv3"),
        (&["localhost", "-v", "1", "--bulk", "9"], "GetBulk"),
        (&["localhost", "--allow-unordered"], "--max-rows"),
        (&["localhost", "ifTable"], "MIB"),
        (&["localhost", ".3.1"], "OID"),
        (&["localhost:0"], "port 0"),
        (&["localhost", "--timeout", "0"], "seconds"),
        (&["localhost", "--max-rows", "0"], "max-rows"),
    ] {
        let said = ours(arguments);
        assert_eq!(said.status, Some(2), "{arguments:?}: {said:#?}");
        assert_eq!(said.errors.lines().count(), 1, "{said:#?}");
        assert!(said.errors.contains(word), "no {word}: {said:#?}");
        assert_eq!(said.rows, "");
    }
}

#[test]
fn a_wrong_community_is_silence_and_the_error_names_the_possible_reasons() {
    let agent = frozen(tree());
    walk(agent.address(), &[&["-c", "wrong", "system"], &IMPATIENT[..]].concat()).expect_failure(
        0,
        &["no answer to GetNext after .1.3.6.1.2.1.1,", "2 times", "wrong community"],
    );
    walk(agent.address(), &[&["-c", "wrong", "--bulk", "7", "system"], &IMPATIENT[..]].concat())
        .expect_failure(0, &["GetBulk of 7 rows after .1.3.6.1.2.1.1,"]);
}

#[test]
fn the_error_for_an_agent_that_falls_silent_names_the_step() {
    let rows = Frozen::new(tree());
    let mut asked = 0;
    let agent = agent(move |question| {
        asked += 1;
        if asked > 3 { Vec::new() } else { rows.answer(question) }
    });
    walk(agent.address(), &["system", "--timeout", "0.2", "--retries", "4"])
        .expect_failure(3, &["GetNext after .1.3.6.1.2.1.1.3.0", "it has answered before"]);
}

#[test]
fn lost_datagrams_are_asked_for_again() {
    let rows = Frozen::new(tree());
    let mut asked = 0;
    let agent = agent(move |question| {
        asked += 1;
        if asked % 2 == 1 { Vec::new() } else { rows.answer(question) }
    });
    ours(&[&agent.address().to_string(), "system", "--timeout", "0.05", "--retries", "99"])
        .expect_rows(&SYSTEM);
}

/// Each of these datagrams comes before the true answer, and none of them may count.
#[test]
fn answers_to_other_questions_are_ignored() {
    let rows = Frozen::new(tree());
    let lie = |question: &Question, change: fn(&mut Answer)| {
        let row = Row::new(SYS_NAME, 4, b"a lie");
        let mut answer = Answer::to(question).with([row]);
        change(&mut answer);
        answer.encode()
    };
    let agent = agent(move |question| {
        let mut datagrams = vec![
            Vec::new(),
            vec![0x30],
            vec![0xff; 1_000],
            lie(question, |answer| answer.request_id -= 1),
            lie(question, |answer| answer.community = b"private".to_vec()),
            lie(question, |answer| answer.version = 1 - answer.version),
            lie(question, |answer| answer.version = 3),
            lie(question, |answer| answer.tag = 0xa0),
            lie(question, |answer| answer.tag = 0xa8),
        ];
        datagrams.extend(rows.answer(question));
        // The true answer comes twice: the next question has another number.
        datagrams.extend(rows.answer(question));
        datagrams
    });
    for options in [&["-v", "1"][..], &["-v", "2c"], &["--bulk", "3"]] {
        walk(agent.address(), &[&["system"], options].concat()).expect_rows(&SYSTEM);
    }
}

#[test]
fn an_agent_that_answers_only_other_questions_is_not_reported_as_silent() {
    let agent = agent(|question| {
        let late = Answer { request_id: question.request_id ^ 1, ..Answer::to(question) };
        vec![late.encode()]
    });
    walk(agent.address(), &["system", "--timeout", "0.2", "--retries", "4"])
        .expect_failure(0, &["answer something else", "another request id"]);
}

#[test]
fn another_address_is_not_heard() {
    let rows = Frozen::new(tree());
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let agent = agent(move |question| {
        let lie = question.answer([Row::new(SYS_NAME, 4, b"a lie")]);
        stranger.send_to(&lie, question.from).expect("it is sent");
        rows.answer(question)
    });
    walk(agent.address(), &["system"]).expect_rows(&SYSTEM);
}

/// An agent that answers any question with the rows of these names, one after the other.
fn follows(names: &'static [&'static str]) -> Agent {
    let mut next = names.iter().cycle();
    agent(move |question| {
        let row = Row::new(next.next().expect("it has no end"), 2, &[7]);
        vec![question.answer([row])]
    })
}

#[test]
fn an_agent_that_repeats_itself_is_left() {
    let agent = follows(&["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.1.0"]);
    walk(agent.address(), &["system"])
        .expect_failure(2, &[".1.3.6.1.2.1.1.1.0 came after .1.3.6.1.2.1.1.1.0"]);
}

#[test]
fn an_agent_that_goes_back_is_left() {
    let agent = follows(&["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.2.0"]);
    walk(agent.address(), &["system"])
        .expect_failure(3, &[".1.3.6.1.2.1.1.2.0 came after .1.3.6.1.2.1.1.3.0"]);
    // This name lies before the beginning: that is disorder, and not the end.
    let agent = follows(&["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.0.0"]);
    walk(agent.address(), &["system"])
        .expect_failure(1, &[".1.3.6.1.2.1.0.0 came after .1.3.6.1.2.1.1.1.0"]);
}

#[test]
fn disorder_within_one_answer_is_seen() {
    let agent = agent(|question| {
        let names = ["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0"];
        vec![question.answer(names.map(|name| Row::new(name, 2, &[7])))]
    });
    walk(agent.address(), &["--bulk", "3", "system"]).expect_failure(2, &["came after"]);
}

#[test]
fn disorder_can_be_allowed_up_to_a_bound() {
    let agent = follows(&["1.3.6.1.2.1.1.1.0"]);
    let allowed = ["system", "--allow-unordered", "--max-rows", "500"];
    walk(agent.address(), &allowed).expect_rows(&["sysDescr.0 = INTEGER: 7"; 500]);
    // Such an agent must not keep the walk going forever either.
    let agent = follows(&["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.0.0"]);
    walk(agent.address(), &allowed).expect_rows(&["sysDescr.0 = INTEGER: 7"]);
}

#[test]
fn an_answer_without_rows_is_the_end() {
    let agent = agent(|question| vec![question.answer([])]);
    walk(agent.address(), &["system"]).expect_failure(0, &["has no rows in it"]);
}

#[test]
fn refusals_are_reported_in_words() {
    let agent = agent(|question| vec![question.refusal(5)]);
    walk(agent.address(), &["system"]).expect_failure(0, &["refuses GetNext", "genErr"]);
    let agent = kit::agent(|question| vec![question.refusal(1)]);
    walk(agent.address(), &["--bulk", "9", "system"])
        .expect_failure(0, &["refuses GetBulk", "tooBig", "smaller --bulk"]);
    let agent = kit::agent(|question| vec![question.refusal(4711)]);
    walk(agent.address(), &["system"]).expect_failure(0, &["4711"]);
}

/// An IpAddress of three bytes.
const BROKEN: (u8, &[u8]) = (0x40, &[1, 2, 3]);

#[test]
fn an_answer_that_cannot_be_decoded_is_reported_as_one() {
    let agent = agent(|question| {
        let good = Row::new("1.3.6.1.2.1.1.1.0", 2, &[7]);
        let broken = Row::new("1.3.6.1.2.1.1.2.0", BROKEN.0, BROKEN.1);
        vec![question.answer([good, broken])]
    });
    // The walk must end at once, since asking again would give the same.
    let address = agent.address().to_string();
    let said = ours(&[&address, "--bulk", "2", "system", "--timeout", "86400"]);
    said.expect_failure(0, &["came and cannot be decoded", "all of its rows are lost"]);
}

#[test]
fn an_answer_that_was_cut_is_reported_as_one() {
    let rows = Frozen::new(tree());
    let agent = agent(move |question| {
        let mut datagrams = rows.answer(question);
        datagrams[0].truncate(40);
        datagrams
    });
    walk(agent.address(), &["system"]).expect_failure(0, &["cannot be decoded"]);
}

/// Lengths and integers may take more bytes in BER than they need, which DER forbids (X.690, 8.1.3,
/// 8.3.2 and 10.1).
#[test]
fn encodings_that_are_longer_than_needed_are_read() {
    let agent = agent(|question| {
        let name = Oid::parse(SYS_NAME).expect("a name").to_ber().expect("it can be sent");
        let value = [&[0x04, 0x84, 0, 0, 0, 5][..], b"attic"].concat();
        let size = u8::try_from(2 + name.len() + value.len()).expect("it is short");
        let row = [&[0x30, 0x82, 0, size, 0x06, name.len() as u8], &name[..], &value].concat();
        let long = Row::new("1.3.6.1.2.1.1.7.0", 0x02, &[0, 0, 0, 0, 0, 72]);
        vec![Answer { rows: row, ..Answer::to(question) }.with([long]).encode()]
    });
    walk(agent.address(), &["system", "--bulk", "2", "--max-rows", "2"])
        .expect_rows(&[SYSTEM[4], SYSTEM[6]]);
}

#[test]
fn texts_of_an_agent_do_not_drive_a_terminal() {
    let nasty = b"quiet\r\n.1.3.6.1.2.1.1.9.0 = STRING: \"forged\"\t";
    let agent = frozen([
        Row::new(SYS_NAME, 4, nasty),
        Row::new("1.3.6.1.2.1.1.6.0", 4, b"\x1b]0;renamed\x07"),
        Row::new("1.3.6.1.2.1.1.7.0", 0x4c, b"\x1b"),
        Row::new("1.3.6.1.2.1.2.1.0", 2, &[1]),
    ]);
    walk(agent.address(), &["system"]).expect_rows(&[
        "sysName.0 = STRING: \"quiet\\r\\n.1.3.6.1.2.1.1.9.0 = STRING: \\\"forged\\\"\\t\"",
        "sysLocation.0 = Hex-STRING: 1B 5D 30 3B 72 65 6E 61 6D 65 64 07 ",
        "sysServices.0 = Type 0x4C: 1B ",
    ]);
}

#[test]
fn the_request_id_and_the_question_stay_the_same_when_it_is_asked_again() {
    let heard: Arc<Mutex<Vec<(i32, Oid)>>> = Arc::default();
    let told = Arc::clone(&heard);
    let agent = agent(move |question| {
        told.lock().expect("no panic").push((question.request_id, question.oid.clone()));
        Vec::new()
    });
    walk(agent.address(), &["system", "--timeout", "0.2", "--retries", "2"]);
    let heard = heard.lock().expect("no panic");
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|question| question == &heard[0]), "{heard:?}");
    assert!(heard[0].0 >= 0);
}

#[test]
fn rows_are_shown_while_the_walk_waits_for_the_agent() {
    let rows = Frozen::new(tree());
    let agent = agent(move |question| match question.oid.to_string().as_str() {
        "1.3.6.1.2.1.1.2.0" => Vec::new(),
        _ => rows.answer(question),
    });
    let mut command = Command::new(program());
    command.args(["snmp-walk", &agent.address().to_string(), "system", "--retries", "1000000"]);
    command.args(["--timeout", "0.1"]);
    let running = Running::spawn(command);
    running.wait_for_output(|line| line == SYSTEM[1]);
    assert_eq!(running.output(), SYSTEM[..2]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let rows = Frozen::new(snmp_agent::many(2_000));
    let agent = agent(move |question| rows.answer(question));
    let mut command = Command::new(program());
    command.args(["snmp-walk", &agent.address().to_string()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]));
}

/// A hundred random datagrams come between a question and its answer.
#[test]
fn any_bytes_are_survived() {
    let rows = Frozen::new(tree());
    let mut chance = 1_u32;
    let agent = agent(move |question: &Question| {
        let mut datagrams: Vec<_> = (0..100).map(|_| noise(question, &mut chance)).collect();
        datagrams.extend(rows.answer(question));
        datagrams
    });
    walk(agent.address(), &["system", "--timeout", "0.2", "--retries", "50"]).expect_rows(&SYSTEM);
}

/// Random bytes, which often begin like an answer to an earlier question.
fn noise(question: &Question, chance: &mut u32) -> Vec<u8> {
    let mut next = || {
        *chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*chance >> 16) as u8
    };
    let earlier = Answer { request_id: question.request_id ^ 0x55, ..Answer::to(question) };
    let mut bytes = earlier.with(tree()).encode();
    let from = usize::from(next()) % bytes.len();
    bytes[from..].iter_mut().for_each(|byte| *byte = next());
    bytes
}
