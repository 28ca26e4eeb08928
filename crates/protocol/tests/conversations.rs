//! Conversations in a room, and with echo and fortune: see `wire/script.rs` for the language.

mod wire;

use std::fmt::Write;

use protocol::fortune::{FORTUNE_LIMIT, Fortunes};
use protocol::{CATALOGUE, HISTORY, LINE_LIMIT, MEMBER_READ, Settings};
use wire::script::{check, check_wire};
use wire::{End, Wire};

// Coming and going.

#[test]
fn a_newcomer_is_welcomed_and_announced() {
    check(
        "chat",
        r"
        ada connects from 127.0.0.1:37994
            ada < * welcome, 127.0.0.1:37994; 1 here
        bob connects from [::1]:37995
            ada < * [::1]:37995 joined
            bob < * welcome, [::1]:37995; 2 here
        eve connects from 10.0.0.7:37996
            ada < * 10.0.0.7:37996 joined
            bob < * 10.0.0.7:37996 joined
            eve < * welcome, 10.0.0.7:37996; 3 here
        ",
    );
}

#[test]
fn speech_goes_to_the_others_and_not_to_the_speaker() {
    check_room(
        r"
        ada > hello
            bob < [ada] hello
            eve < [ada] hello
        bob > hello yourself
            ada < [bob] hello yourself
            eve < [bob] hello yourself
        ",
    );
}

#[test]
fn the_others_are_told_who_leaves() {
    check_room(
        r"
        ada resets
            bob < * ada left
            eve < * ada left
        bob half-closes
            bob is finished
            eve < * bob left
        eve > is anybody here?
        ",
    );
}

#[test]
fn an_idle_member_and_the_others_are_told() {
    check_room(
        r"
        ada is idle for 300 s
            ada < * idle for 300 s, goodbye
            ada is finished
            bob < * ada left: idle
            eve < * ada left: idle
        ada > I was only thinking
        ",
    );
}

#[test]
fn all_members_are_told_that_the_server_stops() {
    check_room(
        r"
        the server stops
            ada < * the server is stopping, goodbye
            ada is finished
            bob < * the server is stopping, goodbye
            bob is finished
            eve < * the server is stopping, goodbye
            eve is finished
        ada > too late
        ada resets
        ",
    );
}

#[test]
fn a_newcomer_gets_the_last_speech_as_it_was_said() {
    check_room(
        r"
        ada > my name is ada
            bob < [ada] my name is ada
            eve < [ada] my name is ada
        ada > /nick lovelace
            ada < * ada is now lovelace
            bob < * ada is now lovelace
            eve < * ada is now lovelace
        ada > no longer
            bob < [lovelace] no longer
            eve < [lovelace] no longer
        dan connects
            ada < * dan joined
            bob < * dan joined
            eve < * dan joined
            dan < * welcome, dan; 4 here
            dan < [ada] my name is ada
            dan < [lovelace] no longer
        ",
    );
}

#[test]
fn the_history_outlives_its_speakers() {
    check(
        "chat",
        r"
        ada connects
            ada < * welcome, ada; 1 here
        ada > is this thing on?
        ada > /quit
            ada < * goodbye
            ada is finished
        bob connects
            bob < * welcome, bob; 1 here
            bob < [ada] is this thing on?
        ",
    );
}

#[test]
fn the_21st_line_of_speech_pushes_the_first_out() {
    let spoken = (1..=HISTORY + 1).fold(String::new(), |mut script, n| {
        writeln!(script, "ada > line {n}").unwrap();
        script
    });
    let remembered = (2..=HISTORY + 1).fold(String::new(), |mut script, n| {
        writeln!(script, "bob < [ada] line {n}").unwrap();
        script
    });
    check(
        "chat",
        &format!(
            r"
            ada connects
                ada < * welcome, ada; 1 here
            {spoken}
            ada > /who
                ada < * here: ada
            bob connects
                ada < * bob joined
                bob < * welcome, bob; 2 here
            {remembered}
            "
        ),
    );
}

// Too slow.

#[test]
fn a_member_that_does_not_read_is_dropped_and_the_others_are_told() {
    // With [ada] and CR LF a line has 1,008 bytes. Keeping it costs 64 more, so a mailbox holds 244
    // lines.
    let line = "x".repeat(1000);
    check_room(&format!(
        r"
        bob stops reading
        ada > {line} (300 times)
            ada < * bob left: too slow
            bob is cut off
            eve < [ada] {line} (245 times)
            eve < * bob left: too slow
            eve < [ada] {line} (55 times)
        bob > did I miss something?
        ada > /who
            ada < * here: ada, eve
        "
    ));
}

#[test]
fn a_member_that_does_not_read_its_own_answers_is_dropped_too() {
    check_room(
        r"
        bob stops reading
        bob > /help (2000 times)
            ada < * bob left: too slow
            bob is cut off
            eve < * bob left: too slow
        ",
    );
}

#[test]
fn news_of_a_slow_member_may_be_too_much_for_the_next() {
    let line = "x".repeat(1000);
    // This line costs 560 bytes. bob's mailbox has 502 left; carl's has 576, but not 86 more for
    // the news of bob.
    let last_straw = "x".repeat(488);
    check_room(&format!(
        r"
        carl connects
            ada < * carl joined
            bob < * carl joined
            eve < * carl joined
            carl < * welcome, carl; 4 here
        bob stops reading
        ada > hi
            eve < [ada] hi
            carl < [ada] hi
        carl stops reading
        ada > {line} (244 times)
            eve < [ada] {line} (244 times)
        ada > {last_straw}
            ada < * bob left: too slow
            ada < * carl left: too slow
            bob is cut off
            eve < [ada] {last_straw}
            eve < * bob left: too slow
            eve < * carl left: too slow
            carl is cut off
        "
    ));
}

#[test]
fn a_member_that_reads_again_in_time_has_missed_nothing() {
    check_room(
        r"
        bob stops reading
        ada > one
            eve < [ada] one
        ada > /quit
            ada < * goodbye
            ada is finished
            eve < * ada left
        bob reads again
            bob < [ada] one
            bob < * ada left
        ",
    );
}

#[test]
fn a_goodbye_comes_after_the_waiting_lines() {
    check_room(
        r"
        bob stops reading
        ada > one
            eve < [ada] one
        the server stops
            ada < * the server is stopping, goodbye
            ada is finished
            eve < * the server is stopping, goodbye
            eve is finished
        bob reads again
            bob < [ada] one
            bob < * the server is stopping, goodbye
            bob is finished
        ",
    );
}

#[test]
fn one_read_is_never_too_much_for_a_member_that_reads() {
    let longest = "[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535";
    let pastes: &[&[u8]] = &[
        b"x\n",
        b"//\n",
        b"\x80\n",
        b"\x80",
        b"/\n",
        b"/nick\n",
        b"/nick a\n/nick b\n",
        b"/help\n",
        b"/who\n",
        b"\xff\xfd\x06",
    ];
    for paste in pastes {
        let mut wire = Wire::new("chat");
        let [ada, bob] = [longest, "bob"].map(|address| wire.connect(address));
        let read: Vec<_> = paste.iter().copied().cycle().take(MEMBER_READ).collect();
        for _ in 0..3 {
            wire.receive(ada, &read);
            assert_eq!([ada, bob].map(|client| wire.end(client)), [None, None]);
        }
    }
}

// Commands.

#[test]
fn nick_tells_all_members() {
    check_room(
        r"
        ada > /nick Ada_L-1815
            ada < * ada is now Ada_L-1815
            bob < * ada is now Ada_L-1815
            eve < * ada is now Ada_L-1815
        ada > hello
            bob < [Ada_L-1815] hello
            eve < [Ada_L-1815] hello
        ada > /quit
            ada < * goodbye
            ada is finished
            bob < * Ada_L-1815 left
            eve < * Ada_L-1815 left
        ",
    );
}

#[test]
fn names_are_compared_without_case() {
    check_room(
        r"
        ada > /nick bob
            ada < * the name bob is taken
        ada > /nick BOB
            ada < * the name BOB is taken
        ada > /nick Ada
            ada < * ada is now Ada
            bob < * ada is now Ada
            eve < * ada is now Ada
        ada > /nick Ada
            ada < * you are Ada already
        ",
    );
}

#[test]
fn a_name_that_was_given_up_is_free() {
    check_room(
        r"
        bob > /nick bobby
            ada < * bob is now bobby
            bob < * bob is now bobby
            eve < * bob is now bobby
        eve resets
            ada < * eve left
            bob < * eve left
        ada > /nick bob
            ada < * ada is now bob
            bob < * ada is now bob
        ada > /nick EVE
            ada < * bob is now EVE
            bob < * bob is now EVE
        ",
    );
}

#[test]
fn a_name_is_letters_digits_low_lines_and_hyphens() {
    let bad = "* a name is 1 to 16 letters, digits, _ or -";
    check_room(&format!(
        r"
        ada > /nick
            ada < {bad}
        ada > /nick\x20\x20\x20
            ada < {bad}
        ada > /nick two words
            ada < {bad}
        ada > /nick ada.
            ada < {bad}
        ada > /nick adá
            ada < {bad}
        ada > /nick 127.0.0.1:80
            ada < {bad}
        ada > /nick \tada
            ada < {bad}
        ada > /nick 12345678901234567
            ada < {bad}
        ada > /nick 1234567890123456
            ada < * ada is now 1234567890123456
            bob < * ada is now 1234567890123456
            eve < * ada is now 1234567890123456
        "
    ));
}

#[test]
fn spaces_around_an_argument_are_dropped() {
    check_room(
        r"
        ada > /nick    bob\x20\x20
            ada < * the name bob is taken
        ada > /nick    lovelace\x20\x20\r
            ada < * ada is now lovelace
            bob < * ada is now lovelace
            eve < * ada is now lovelace
        ",
    );
}

#[test]
fn a_command_that_takes_no_argument_ignores_one() {
    check_room(
        r"
        ada > /who is there?
            ada < * here: ada, bob, eve
        ada > /quit smoking
            ada < * goodbye
            ada is finished
            bob < * ada left
            eve < * ada left
        ",
    );
}

#[test]
fn who_names_all_members_in_the_order_of_joining() {
    check_room(
        r"
        ada > /nick zoe
            ada < * ada is now zoe
            bob < * ada is now zoe
            eve < * ada is now zoe
        bob resets
            ada < * bob left
            eve < * bob left
        bob connects
            ada < * bob joined
            eve < * bob joined
            bob < * welcome, bob; 3 here
        bob > /who
            bob < * here: zoe, eve, bob
        ",
    );
}

#[test]
fn who_gives_a_hundred_names_and_counts_the_rest() {
    let mut wire = Wire::new("chat");
    let clients: Vec<_> = (1..=103).map(|n| wire.connect(&format!("n{n}"))).collect();
    let hundred: Vec<_> = (1..=100).map(|n| format!("n{n}")).collect();
    let hundred = hundred.join(", ");
    let mut who = || {
        wire.take_heard(clients[0]);
        wire.receive(clients[0], b"/who\n");
        let heard = String::from_utf8(wire.take_heard(clients[0])).unwrap();
        wire.reset(*clients.iter().rfind(|&&c| wire.end(c).is_none()).unwrap());
        heard
    };
    for more in [3, 2, 1] {
        assert_eq!(who(), format!("* here: {hundred} and {more} more\r\n"));
    }
    assert_eq!(who(), format!("* here: {hundred}\r\n"));
}

#[test]
fn help_is_a_line_for_each_command() {
    let mut wire = Wire::new("chat");
    let ada = wire.connect("ada");
    wire.take_heard(ada);
    wire.receive(ada, b"/help\n");
    let help = String::from_utf8(wire.take_heard(ada)).unwrap();
    let commands: Vec<_> =
        help.split_terminator("\r\n").map(|line| line.split([' ', ':']).nth(1).unwrap()).collect();
    assert_eq!(commands, ["/nick", "/who", "/quit", "//TEXT", "/help"]);
    assert!(help.lines().all(|line| line.starts_with("* /")), "{help}");
}

#[test]
fn after_quit_nothing_is_heard() {
    check_room(
        r"
        ada >> bye\n/quit\none more thing\n/nick ghost\n
            ada < * goodbye
            ada is finished
            bob < [ada] bye
            bob < * ada left
            eve < [ada] bye
            eve < * ada left
        ada > and another
        ada half-closes
        ",
    );
}

#[test]
fn two_slashes_say_one() {
    check_room(
        r"
        ada > //help is a command
            bob < [ada] /help is a command
            eve < [ada] /help is a command
        ada > //
            bob < [ada] /
            eve < [ada] /
        ada > ///
            bob < [ada] //
            eve < [ada] //
        ",
    );
}

#[test]
fn any_other_word_after_a_slash_is_no_command() {
    check_room(
        r"
        ada > /dance with me
            ada < * no command /dance; try /help
        ada > /WHO
            ada < * no command /WHO; try /help
        ada > /who\tcares
            ada < * no command /who\tcares; try /help
        ada > /
            ada < * no command /; try /help
        ada > / who
            ada < * no command /; try /help
        ada > \x20/who
            bob < [ada]  /who
            eve < [ada]  /who
        ",
    );
}

// Input.

#[test]
fn a_line_ends_with_lf_and_a_cr_before_it_is_dropped() {
    check_room(
        r"
        ada >> one\ntwo\r\nthr
            bob < [ada] one
            bob < [ada] two
            eve < [ada] one
            eve < [ada] two
        ada >> ee\r
        ada >> \n
            bob < [ada] three
            eve < [ada] three
        ",
    );
}

#[test]
fn the_last_line_counts_without_an_lf() {
    check_room(
        r"
        ada >> the end
        ada half-closes
            ada is finished
            bob < [ada] the end
            bob < * ada left
            eve < [ada] the end
            eve < * ada left
        bob >> /quit
        bob half-closes
            bob < * goodbye
            bob is finished
            eve < * bob left
        ",
    );
}

#[test]
fn empty_lines_say_nothing() {
    check_room(
        r"
        ada >
        ada > \r
        ada >> \n\r\n\n
        ada > \x20
            bob < [ada] \x20
            eve < [ada] \x20
        ",
    );
}

#[test]
fn telnet_is_taken_out_and_ctrl_c_is_answered() {
    check_room(
        r"
        ada > caf\xc3\xff\xf1\xa9 au\xff\xfb\x1f\xff\xfa\x1f\0\xff\xff\0\n\xff\xf0 lait
            bob < [ada] café au lait
            eve < [ada] café au lait
        ada >> \xff\xf4\xff
        ada >> \xfd
        ada >> \x06
            ada << \xff\xfc\x06
        ada > \xff\xff is no UTF-8
            bob < [ada] � is no UTF-8
            eve < [ada] � is no UTF-8
        ",
    );
}

#[test]
fn characters_that_could_drive_a_terminal_or_forge_a_line_are_replaced() {
    check_room(
        r"
        ada > \0\x1b[2J\x07\x7f\u{9b} tab\there
            bob < [ada] ��[2J��� tab\there
            eve < [ada] ��[2J��� tab\there
        ada > abc\r* bob left
            bob < [ada] abc�* bob left
            eve < [ada] abc�* bob left
        ada > \u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}
            bob < [ada] ���������
            eve < [ada] ���������
        ada > half of 汉: \xe6\xb1, none of it: \x80
            bob < [ada] half of 汉: �, none of it: �
            eve < [ada] half of 汉: �, none of it: �
        ada > /\x1b[2J
            ada < * no command /�[2J; try /help
        ",
    );
}

#[test]
fn too_long_a_line_is_refused_at_once_and_once() {
    let longest = "x".repeat(LINE_LIMIT);
    let refusal = "* a line has at most 1024 bytes; that one was dropped";
    check_room(&format!(
        r"
        ada > {longest}
            bob < [ada] {longest}
            eve < [ada] {longest}
        ada > {longest}\r
            bob < [ada] {longest}
            eve < [ada] {longest}
        ada >> {longest}
        ada >> y
            ada < {refusal}
        ada >> {longest} (100 times)
        ada >> still the same line\nthe next\n
            bob < [ada] the next
            eve < [ada] the next
        ada >> {longest}y
            ada < {refusal}
        ada half-closes
            ada is finished
            bob < * ada left
            eve < * ada left
        "
    ));
}

#[test]
fn the_limit_does_not_count_telnets_bytes() {
    let longest = r"\xff\xf1x".repeat(LINE_LIMIT);
    let said = "x".repeat(LINE_LIMIT);
    check_room(&format!(
        r"
        ada > {longest}
            bob < [ada] {said}
            eve < [ada] {said}
        "
    ));
}

// Echo and fortune.

#[test]
fn echo_gives_every_byte_back() {
    check(
        "echo",
        r"
        ada connects
        ada >> hel
            ada << hel
        ada > lo\r
            ada < lo
        ada >> \0\xff\xfd\x06\x1b/quit\n
            ada << \0\xff\xfd\x06\x1b/quit\n
        ada half-closes
            ada is finished
        bob connects
        bob is idle for 300 s
            bob is finished
        ",
    );
}

/// A server that tells these fortunes.
fn telling(fortunes: Fortunes) -> Wire {
    Wire::with("fortune", Settings { fortunes, ..Settings::built_in(0) })
}

#[test]
fn fortune_tells_one_and_never_answers() {
    let fortunes = Fortunes::parse(b"A stream has no messages.\nReally.\n", 0).unwrap().fortunes;
    check_wire(
        telling(fortunes),
        r"
        ada connects
            ada < A stream has no messages.
            ada < Really.
            ada is finished
        ada > thank you
        ada half-closes
        ",
    );
}

#[test]
fn one_seed_tells_the_same_fortunes_again() {
    let told = |seed| {
        let mut wire = telling(Fortunes::built_in(seed));
        let mut tell = |_| {
            let client = wire.connect("ada");
            assert_eq!(wire.end(client), Some(End::Finished));
            wire.take_heard(client)
        };
        (0..100).map(&mut tell).collect::<Vec<_>>()
    };
    assert_eq!(told(1), told(1));
    assert_ne!(told(1), told(2));
    for fortune in told(1) {
        assert!((3..=FORTUNE_LIMIT).contains(&fortune.len()));
        let fortune = String::from_utf8(fortune).expect("UTF-8");
        let lines = fortune.split_terminator("\r\n");
        assert!(fortune.ends_with("\r\n") && lines.clone().count() > 0);
        assert!(lines.into_iter().all(|line| !line.contains(['\r', '\n'])));
    }
}

#[test]
fn no_two_services_share_a_name_or_a_port() {
    for (i, entry) in CATALOGUE.iter().enumerate() {
        for other in &CATALOGUE[..i] {
            assert!(entry.name != other.name && entry.port != other.port);
        }
    }
}

/// Plays the script to a room with ada, bob and eve, who joined in this order.
#[track_caller]
fn check_room(script: &str) {
    let arrivals = r"
        ada connects
            ada < * welcome, ada; 1 here
        bob connects
            ada < * bob joined
            bob < * welcome, bob; 2 here
        eve connects
            ada < * eve joined
            bob < * eve joined
            eve < * welcome, eve; 3 here
    ";
    check("chat", &format!("{arrivals}{script}"));
}
