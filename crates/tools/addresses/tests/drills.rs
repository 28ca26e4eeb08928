//! The drills: the questions follow from a seed, and the answer shows each typical mistake.

use addresses::drill::{Answer, Subject, Verdict, judge};

/// Each possible mistake gets its own diagnosis, the right answer gets none, and each mistake comes
/// up in a thousand seeds.
#[test]
fn each_mistake_gets_its_own_diagnosis() {
    for subject in Subject::ALL {
        let mut met = Vec::new();
        for seed in 0..1000 {
            for question in subject.questions(seed).take(10) {
                assert_eq!(judge(&*question, &question.right()), Verdict::Right);
                let mut told = Vec::new();
                for (mistake, answer) in question.slips() {
                    if answer == question.right() {
                        continue;
                    }
                    let verdict = judge(&*question, &answer);
                    assert_eq!(verdict, Verdict::Wrong(Some(mistake)), "{question:?}");
                    assert!(!told.contains(&answer), "{question:?}");
                    told.push(answer);
                    if !met.contains(&mistake) {
                        met.push(mistake);
                    }
                }
                assert!(told.len() >= 3, "{question:?}");
            }
        }
        for mistake in subject.mistakes() {
            assert!(met.contains(mistake), "{mistake:?}");
        }
        assert_eq!(met.len(), subject.mistakes().len(), "all are listed");
    }
}

#[test]
fn an_answer_without_a_known_mistake_has_no_diagnosis() {
    for subject in Subject::ALL {
        for question in subject.questions(1).take(100) {
            let nowhere = match question.right() {
                Answer::Number(_) => Answer::Number(-1_000_000_000_000),
                _ => Answer::Bytes(Vec::new()),
            };
            assert_eq!(judge(&*question, &nowhere), Verdict::Wrong(None));
        }
    }
}

#[test]
fn texts_about_mistakes_fit_a_line_and_names_are_unique() {
    for subject in Subject::ALL {
        for (at, mistake) in subject.mistakes().iter().enumerate() {
            let line = format!("No: {}.", mistake.says);
            assert!(line.len() <= 80, "{line}");
            let earlier = &subject.mistakes()[..at];
            assert!(earlier.iter().all(|earlier| earlier.name != mistake.name));
        }
    }
}

/// Other programs draw the same questions from a seed: if you change what is drawn, change them,
/// too.
#[test]
fn a_seed_always_asks_the_same_questions() {
    #[track_caller]
    fn check(subject: Subject, expected: [&str; 6]) {
        let questions = subject.questions(7).take(6);
        let asked = questions.map(|question| format!("{} {}", question.text(), question.right()));
        assert_eq!(asked.collect::<Vec<_>>(), expected);
    }
    check(
        Subject::Bytes,
        [
            "What are the hex bytes of the i16 -26905 on the wire? 96 e7",
            "What is htonl(218630915) on a little-endian machine? 51054605",
            "What are the hex bytes of the u32 219022853 in little-endian memory? 05 06 0e 0d",
            "What is htons(47359) on a little-endian machine? 65464",
            "What are the hex bytes of the i16 -29672 on the wire? 8c 18",
            "Which i16 is 0f ea, read as big endian? 4074",
        ],
    );
    check(
        Subject::Subnet,
        [
            "What is the broadcast address of 80.178.243.139/9? 80.255.255.255",
            "What is the last host in the network of 5.39.236.59/24? 5.39.236.254",
            "What is the broadcast address of 90.94.50.136/19? 90.94.63.255",
            "What is the broadcast address of 102.36.198.186/14? 102.39.255.255",
            "What is the broadcast address of 81.195.10.39/27? 81.195.10.63",
            "What is the last host in the network of 143.235.212.20/25? 143.235.212.126",
        ],
    );
    check(
        Subject::Ipv6,
        [
            "What is the network of 2001:db8:fa16:9e5e::3e8b/54? 2001:db8:fa16:9c00::",
            "Which /64 of 2001:db8:775b:500::/56 is number 87, from 0 on? 2001:db8:775b:557::",
            "Which address is the last in 2001:db8:4200:335b::6350/57? \
             2001:db8:4200:337f:ffff:ffff:ffff:ffff",
            "How many /64 networks are in a /58? 64",
            "What is the network of 2001:db8:30d7:b9b8::dfc6/60? 2001:db8:30d7:b9b0::",
            "What is the network of 2001:db8:8dbf:fcd2::6d40/58? 2001:db8:8dbf:fcc0::",
        ],
    );
    check(
        Subject::Mac,
        [
            "What is the MAC address for packets to the group ff05::fa16:9e5e? 33:33:fa:16:9e:5e",
            "What is the MAC address for packets to the group 231.103.208.68? 01:00:5e:67:d0:44",
            "What is the MAC address for packets to the group 235.141.166.191? 01:00:5e:0d:a6:bf",
            "What is the MAC address for packets to the group ff0e::27ec:3b63? 33:33:27:ec:3b:63",
            "What is the MAC address for packets to the group 238.136.228.176? 01:00:5e:08:e4:b0",
            "What is the MAC address for packets to the group 232.63.94.92? 01:00:5e:3f:5e:5c",
        ],
    );
}

#[test]
fn each_question_and_its_working_fit_a_terminal() {
    for subject in Subject::ALL {
        for seed in 0..300 {
            for question in subject.questions(seed).take(10) {
                let text = format!("100 of 100  {}\n{}", question.text(), question.working());
                for line in text.lines() {
                    assert!(line.chars().count() <= 80, "{line}");
                    assert_eq!(line, line.trim_end());
                }
            }
        }
    }
}
