//! Chat: lines that begin with a slash.

use test_kit::chat::{expect_silence, join, room};
use test_kit::{Client, Server, Style, each_style};

const NAME_RULE: &str = "* a name is 1 to 16 letters, digits, _ or -";

each_style!(
    nick_is_announced_to_every_member,
    nick_refuses_a_wrong_name,
    nick_refuses_a_name_in_use,
    who_lists_all_members_in_the_order_of_joining,
    who_lists_at_most_a_hundred_names,
    help_has_a_line_for_each_command,
    quit_says_goodbye_and_ends,
    two_slashes_send_one,
    any_other_word_is_no_command,
);

/// Sends a line, and receives only this answer.
#[track_caller]
fn check(client: &mut Client, line: &str, answer: &str) {
    client.send(format!("{line}\r\n"));
    client.expect_line(answer);
    expect_silence(client);
}

fn nick_is_announced_to_every_member(style: Style) {
    let server = Server::start(style, "chat");
    if style.serves_many() {
        let [mut ada, mut bob] = room(&server, ["ada", "bob"]);
        for (wanted, told) in
            [("/nick Ada", "* ada is now Ada"), ("/nick   lovelace  ", "* Ada is now lovelace")]
        {
            check(&mut ada, wanted, told);
            bob.expect_line(told);
        }
        ada.send("it is me\r\n");
        bob.expect_line("[lovelace] it is me");
    } else {
        let mut caller = join(&server, 1);
        let address = caller.name();
        check(&mut caller, "/nick ada", &format!("* {address} is now ada"));
        check(&mut caller, "/nick Ada", "* ada is now Ada");
        check(&mut caller, "/nick   bob  ", "* Ada is now bob");
    }
}

fn nick_refuses_a_wrong_name(style: Style) {
    let server = Server::start(style, "chat");
    let [mut ada] = room(&server, ["ada"]);
    for wanted in [
        "/nick",
        "/nick ",
        "/nick    ",
        "/nick seventeen-letters",
        "/nick two words",
        "/nick a.b",
        "/nick [x]",
        "/nick 127.0.0.1:9",
        "/nick Hànyǔ",
        "/nick \u{1b}[31m",
        "/nick a\tb",
    ] {
        check(&mut ada, wanted, NAME_RULE);
    }
    check(&mut ada, "/nick sixteen_letters-", "* ada is now sixteen_letters-");
    check(&mut ada, "/nick 7", "* sixteen_letters- is now 7");
}

fn nick_refuses_a_name_in_use(style: Style) {
    let server = Server::start(style, "chat");
    if style.serves_many() {
        let [mut ada, mut bob] = room(&server, ["ada", "bob"]);
        check(&mut bob, "/nick ada", "* the name ada is taken");
        check(&mut bob, "/nick ADA", "* the name ADA is taken");
        check(&mut bob, "/nick bob", "* you are bob already");
        expect_silence(&mut ada);
        check(&mut ada, "/nick eve", "* ada is now eve");
        bob.expect_line("* ada is now eve");
        check(&mut bob, "/nick ada", "* bob is now ada");
    } else {
        // A member that has left no longer holds its name.
        for _ in 0..2 {
            let [mut ada] = room(&server, ["ada"]);
            check(&mut ada, "/nick ada", "* you are ada already");
        }
    }
}

fn who_lists_all_members_in_the_order_of_joining(style: Style) {
    let server = Server::start(style, "chat");
    if style.serves_many() {
        let [mut ada, mut bob] = room(&server, ["ada", "bob"]);
        let cyd = join(&server, 3);
        let told = format!("* here: ada, bob, {}", cyd.name());
        for member in [&mut ada, &mut bob] {
            member.expect_line(format!("* {} joined", cyd.name()));
            check(member, "/who", &told);
            check(member, "/who are you", &told);
        }
    } else {
        let mut caller = join(&server, 1);
        let told = format!("* here: {}", caller.name());
        check(&mut caller, "/who", &told);
        check(&mut caller, "/who are you", &told);
    }
}

fn who_lists_at_most_a_hundred_names(style: Style) {
    let server = Server::start(style, "chat");
    let count = style.at_once(102);
    let mut members: Vec<_> = (1..=count).map(|here| join(&server, here)).collect();
    let names: Vec<_> = members.iter().take(100).map(Client::name).collect();
    let more = if count > 100 { " and 2 more" } else { "" };
    members[0].send("/who\r\n");
    let told = members[0].skip_to_line(|line| !line.ends_with(" joined"));
    assert_eq!(told, format!("* here: {}{more}", names.join(", ")));
}

fn help_has_a_line_for_each_command(style: Style) {
    let server = Server::start(style, "chat");
    let mut caller = join(&server, 1);
    caller.send("/help\r\n/end\r\n");
    let mut help = Vec::new();
    while help.last().is_none_or(|line| line != "* no command /end; try /help") {
        help.push(caller.read_line());
    }
    help.pop();
    assert!(help.iter().all(|line| line.starts_with("* ")), "{help:?}");
    for command in ["/nick", "/who", "/help", "/quit", "//"] {
        let about = help.iter().filter(|line| line.contains(command));
        assert!(about.count() >= 1, "{command} is missing in {help:?}");
    }
    assert_eq!(help.len(), 5, "{help:?}");
}

fn quit_says_goodbye_and_ends(style: Style) {
    let server = Server::start(style, "chat");
    for line in ["/quit", "/quit now", "before\r\n/quit\r\nafter"] {
        let mut caller = server.connect();
        caller.send(format!("{line}\r\n"));
        let all = String::from_utf8(caller.read_to_end()).expect("UTF-8");
        assert!(all.ends_with("\r\n* goodbye\r\n"), "{all:?}");
    }
    let mut next = join(&server, 1);
    assert!(next.read_line().ends_with("] before"));
    expect_silence(&mut next);
}

fn two_slashes_send_one(style: Style) {
    let server = Server::start(style, "chat");
    if style.serves_many() {
        let [mut ada, mut bob] = room(&server, ["ada", "bob"]);
        ada.send("//quit\r\n// \r\n///\r\n");
        bob.expect_line("[ada] /quit");
        bob.expect_line("[ada] / ");
        bob.expect_line("[ada] //");
        expect_silence(&mut ada);
    } else {
        let [mut ada] = room(&server, ["ada"]);
        ada.send("//quit\r\n");
        expect_silence(&mut ada);
        drop(ada);
        join(&server, 1).expect_line("[ada] /quit");
    }
}

fn any_other_word_is_no_command(style: Style) {
    let server = Server::start(style, "chat");
    let [mut ada] = room(&server, ["ada"]);
    for (line, word) in [
        ("/Quit", "/Quit"),
        ("/quitter", "/quitter"),
        ("/msg bob hello", "/msg"),
        ("/", "/"),
        ("/ who", "/"),
        ("/\u{1b}[2J x", "/\u{fffd}[2J"),
    ] {
        check(&mut ada, line, &format!("* no command {word}; try /help"));
    }
    // Only the beginning of a line can be a command.
    ada.send(" /quit\r\n");
    expect_silence(&mut ada);
}
