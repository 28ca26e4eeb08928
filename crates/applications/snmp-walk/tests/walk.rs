//! The walk itself, without a socket, under a clock that the test moves.

use std::time::{Duration, Instant};

use async_snmp::Oid;
use async_snmp::version::CommunityVersion;
use snmp_agent::{Answer, Frozen, Question, Row, system};
use snmp_walk::{End, Failure, Line, Plan, Step, Walk};

const SECOND: Duration = Duration::from_secs(1);

fn plan() -> Plan {
    Plan {
        version: CommunityVersion::V2c,
        community: b"public".to_vec(),
        bulk: None,
        root: Oid::from_slice(&[1, 3, 6, 1, 2, 1, 1]),
        timeout: SECOND,
        retries: 2,
        max_rows: None,
        allow_unordered: false,
    }
}

fn walk(plan: Plan) -> Walk {
    Walk::new(plan, 7).expect("the root can be sent")
}

/// The question that the walk sends at this moment.
#[track_caller]
fn asked(walk: &mut Walk, now: Instant) -> Question {
    match walk.step(now) {
        Step::Send(datagram) => read(&datagram),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn read(datagram: &[u8]) -> Question {
    Question::read(datagram, ([127, 0, 0, 1], 1).into()).expect("it is a question")
}

#[track_caller]
fn expect_waiting(walk: &mut Walk, now: Instant, until: Instant) {
    match walk.step(now) {
        Step::Wait(told) => assert_eq!(told, until),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn expect_row(walk: &mut Walk, name: &str) {
    match walk.step(Instant::now()) {
        Step::Print(Line::Row(row)) => assert_eq!(row.oid.to_string(), name),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_question_is_asked_again_when_its_time_is_over_and_given_up_in_the_end() {
    let start = Instant::now();
    let mut walk = walk(plan());
    for tries in 0..3 {
        let now = start + tries * SECOND;
        let question = asked(&mut walk, now);
        assert_eq!((question.request_id, question.oid), (7, plan().root));
        expect_waiting(&mut walk, now, now + SECOND);
        expect_waiting(&mut walk, now + SECOND - Duration::from_nanos(1), now + SECOND);
    }
    let Step::End(Err(Failure::Silence { tries, answered, strays, .. })) =
        walk.step(start + 3 * SECOND)
    else {
        panic!("it goes on");
    };
    assert_eq!((tries, answered, strays), (3, 0, 0));
}

#[test]
fn an_answer_of_the_last_moment_counts_and_the_next_question_has_all_its_time() {
    let now = Instant::now();
    let mut walk = walk(plan());
    asked(&mut walk, now);
    let late = now + SECOND;
    let again = asked(&mut walk, late);
    walk.hear(&Frozen::new(system()).answer(&again)[0]);
    expect_row(&mut walk, "1.3.6.1.2.1.1.1.0");
    let next = asked(&mut walk, late + SECOND);
    assert_eq!((next.request_id, next.oid.to_string().as_str()), (8, "1.3.6.1.2.1.1.1.0"));
    expect_waiting(&mut walk, late + SECOND, late + 2 * SECOND);
}

#[test]
fn strays_take_nothing_from_the_time_that_is_left_and_add_nothing_to_it() {
    let now = Instant::now();
    let mut walk = walk(plan());
    let question = asked(&mut walk, now);
    let stray = Answer { request_id: 6, ..Answer::to(&question) }.encode();
    for _ in 0..1_000 {
        walk.hear(&stray);
        expect_waiting(&mut walk, now + SECOND / 2, now + SECOND);
    }
    let question = asked(&mut walk, now + SECOND);
    walk.hear(&Frozen::new(system()).answer(&question)[0]);
    expect_row(&mut walk, "1.3.6.1.2.1.1.1.0");
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let now = Instant::now();
    let mut walk = walk(plan());
    let question = asked(&mut walk, now);
    let answer = &Frozen::new(system()).answer(&question)[0];
    walk.hear(answer);
    walk.hear(answer);
    expect_row(&mut walk, "1.3.6.1.2.1.1.1.0");
    asked(&mut walk, now);
    walk.hear(answer);
    expect_waiting(&mut walk, now, now + SECOND);
}

#[test]
fn a_name_that_does_not_increase_ends_the_walk() {
    let now = Instant::now();
    for names in
        [["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.1.0"], ["1.3.6.1.2.1.1.9.1", "1.3.6.1.2.1.1.9"]]
    {
        let mut walk = walk(plan());
        for name in names {
            let question = asked(&mut walk, now);
            walk.hear(&question.answer([Row::new(name, 2, &[7])]));
            expect_row(&mut walk, name);
        }
        let Step::End(Err(Failure::Unordered { after, came })) = walk.step(now) else {
            panic!("it goes on");
        };
        assert_eq!([after.to_string(), came.to_string()], names);
    }
}

#[test]
fn numbers_of_questions_wrap_and_are_never_negative() {
    let now = Instant::now();
    let mut walk = Walk::new(plan(), i32::MAX).expect("the root can be sent");
    let tree = Frozen::new(system());
    let question = asked(&mut walk, now);
    assert_eq!(question.request_id, i32::MAX);
    walk.hear(&tree.answer(&question)[0]);
    expect_row(&mut walk, "1.3.6.1.2.1.1.1.0");
    assert_eq!(asked(&mut walk, now).request_id, 0);
    assert!(asked(&mut Walk::new(plan(), -1).expect("the root"), now).request_id >= 0);
}

#[test]
fn after_the_end_nothing_is_heard() {
    let now = Instant::now();
    let mut walk = walk(Plan { max_rows: Some(1), ..plan() });
    let question = asked(&mut walk, now);
    let answer = &Frozen::new(system()).answer(&question)[0];
    walk.hear(answer);
    expect_row(&mut walk, "1.3.6.1.2.1.1.1.0");
    for _ in 0..2 {
        assert!(matches!(walk.step(now), Step::End(Ok(End::Enough))));
        walk.hear(answer);
    }
}

#[test]
fn a_root_of_one_number_is_asked_for_as_one_of_two() {
    let now = Instant::now();
    for (root, asked_for) in [(&[][..], "0.0"), (&[1], "1.0"), (&[1, 3], "1.3")] {
        let mut walk = walk(Plan { root: Oid::from_slice(root), ..plan() });
        let question = asked(&mut walk, now);
        assert_eq!(question.oid.to_string(), asked_for);
        walk.hear(&question.answer([Row::new("1.3.6.1.2.1.1.1.0", 2, &[1])]));
        expect_row(&mut walk, "1.3.6.1.2.1.1.1.0");
    }
}

#[test]
fn a_root_that_cannot_be_sent_is_refused_before_anything_is_sent() {
    for root in [&[3, 1][..], &[1, 40], &[1; 129]] {
        let plan = Plan { root: Oid::from_slice(root), ..plan() };
        assert!(Walk::new(plan, 7).is_err(), "{root:?}");
    }
}
