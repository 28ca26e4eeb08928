//! Chat: the welcome of new members, the lines that members receive, and the news of those who
//! leave.

use std::thread;
use std::time::{Duration, Instant};

use test_kit::chat::{expect_silence, join, quit, room, welcome};
use test_kit::{Client, Server, Signal, Style, each_style, wait_until};

each_style!(
    a_newcomer_is_welcomed_and_the_others_are_told,
    speech_reaches_the_others_and_not_the_speaker,
    a_newcomer_reads_the_last_twenty_lines_of_speech,
    the_others_are_told_who_left_in_every_way_of_leaving,
    an_idle_member_gets_a_goodbye_and_so_do_the_others,
    every_member_is_told_that_the_server_stops,
    all_members_receive_the_same_lines_in_the_same_order,
    a_client_that_lingers_after_quitting_is_not_waited_for,
    the_log_contains_the_lines_of_the_room,
);

fn a_newcomer_is_welcomed_and_the_others_are_told(style: Style) {
    let server = Server::start(style, "chat");
    let mut ada = join(&server, 1);
    if style.serves_many() {
        let mut bob = join(&server, 2);
        ada.expect_line(format!("* {} joined", bob.name()));
        let cyd = join(&server, 3);
        ada.expect_line(format!("* {} joined", cyd.name()));
        bob.expect_line(format!("* {} joined", cyd.name()));
    } else {
        let mut bob = server.connect();
        expect_silence(&mut ada);
        assert!(bob.has_nothing(), "the second caller waits");
        drop(ada);
        bob.expect_line(welcome(&bob, 1));
    }
}

fn speech_reaches_the_others_and_not_the_speaker(style: Style) {
    let server = Server::start(style, "chat");
    if style.serves_many() {
        let [mut ada, mut bob, mut cyd] = room(&server, ["ada", "bob", "cyd"]);
        ada.send("hello, everybody\r\n");
        bob.expect_line("[ada] hello, everybody");
        cyd.expect_line("[ada] hello, everybody");
        bob.send("hello, ada\r\n");
        ada.expect_line("[bob] hello, ada");
        cyd.expect_line("[bob] hello, ada");
        [ada, bob, cyd].iter_mut().for_each(expect_silence);
    } else {
        let [mut ada] = room(&server, ["ada"]);
        ada.send("hello, whoever calls next\r\n");
        expect_silence(&mut ada);
        quit(ada);
        let mut bob = join(&server, 1);
        bob.expect_line("[ada] hello, whoever calls next");
        expect_silence(&mut bob);
    }
}

fn a_newcomer_reads_the_last_twenty_lines_of_speech(style: Style) {
    let server = Server::start(style, "chat");
    let mut ada = join(&server, 1);
    let address = ada.name();
    (1..=11).for_each(|n| ada.send(format!("line {n}\r\n")));
    ada.send("/nick ada\r\n");
    (12..=21).for_each(|n| ada.send(format!("line {n}\r\n")));
    ada.expect_line(format!("* {address} is now ada"));
    quit(ada);

    let mut bob = join(&server, 1);
    for n in 2..=21 {
        let name = if n <= 11 { &address } else { "ada" };
        bob.expect_line(format!("[{name}] line {n}"));
    }
    expect_silence(&mut bob);
}

fn the_others_are_told_who_left_in_every_way_of_leaving(style: Style) {
    let server = Server::start(style, "chat");
    let ways: [fn(Client); 4] = [
        |closes| drop(closes),
        |mut half_closes| {
            half_closes.half_close();
            half_closes.expect_end();
        },
        quit,
        Client::reset,
    ];
    let mut ada = style.serves_many().then(|| join(&server, 1));
    for leave in ways {
        let bob = join(&server, if ada.is_some() { 2 } else { 1 });
        let name = bob.name();
        leave(bob);
        match &mut ada {
            Some(ada) => {
                ada.expect_line(format!("* {name} joined"));
                ada.expect_line(format!("* {name} left"));
            }
            None => {
                server.wait_for_log(|line| line.contains(&name) && line.contains("left the room"));
            }
        }
    }
}

fn an_idle_member_gets_a_goodbye_and_so_do_the_others(style: Style) {
    let server = Server::start_with(style, "chat", &["--idle-timeout", "1"]);
    let mut ada = style.serves_many().then(|| join(&server, 1));
    let begun = Instant::now();
    let mut bob = server.connect();
    let name = bob.name();
    match &mut ada {
        Some(ada) => {
            ada.expect_line(format!("* {name} joined"));
            // Listening counts as idle, so she has to say something from time to time.
            wait_until("bob is idle", || {
                ada.send("/who\r\n");
                let heard = ada.read_line();
                if heard == format!("* {name} left: idle") {
                    return true;
                }
                assert!(heard.starts_with("* here: "), "{heard}");
                false
            });
        }
        None => {
            server.wait_for_log(|line| line.contains(&name) && line.contains("idle"));
        }
    }
    assert!(begun.elapsed() >= Duration::from_secs(1));
    bob.expect_line(welcome(&bob, if ada.is_some() { 2 } else { 1 }));
    bob.expect_line("* idle for 1 s, goodbye");
    bob.expect_end();
}

fn every_member_is_told_that_the_server_stops(style: Style) {
    let mut server = Server::start(style, "chat");
    let mut waiting = Vec::new();
    let mut members = if style.serves_many() {
        Vec::from(room(&server, ["ada", "bob"]))
    } else {
        let members = Vec::from(room(&server, ["ada"]));
        waiting.push(server.connect());
        members
    };
    server.process().signal(Signal::SIGTERM);
    for member in &mut members {
        member.expect_line("* the server is stopping, goodbye");
        member.expect_end();
    }
    drop(members);
    assert_eq!(server.wait().code(), Some(0));
    // The server never accepted the clients in the backlog, so it cannot say goodbye to them.
    waiting.iter_mut().for_each(Client::expect_reset);
}

fn all_members_receive_the_same_lines_in_the_same_order(style: Style) {
    const LINES: usize = 200;
    let server = Server::start(style, "chat");
    let names = ["ada", "bob", "cyd", "dan"];
    if !style.serves_many() {
        for name in ["ada", "bob"] {
            let mut caller = server.connect();
            caller.send(format!("/nick {name}\r\none\r\ntwo\r\n"));
            caller.skip_to_line(|line| line.ends_with(&format!("is now {name}")));
            quit(caller);
        }
        let mut last = join(&server, 1);
        for said in ["[ada] one", "[ada] two", "[bob] one", "[bob] two"] {
            last.expect_line(said);
        }
        return;
    }
    let talk = |mut member: Client| {
        let mut heard = Vec::new();
        for n in 0..LINES {
            member.send(format!("{n}\r\n"));
        }
        while heard.len() < (names.len() - 1) * LINES {
            heard.push(member.read_line());
        }
        expect_silence(&mut member);
        (heard, member)
    };
    let members = room(&server, names);
    let heard: Vec<Vec<String>> = thread::scope(|scope| {
        let talking: Vec<_> =
            members.into_iter().map(|member| scope.spawn(|| talk(member))).collect();
        // The members stay until all have received everything: a leave would add a line.
        let ended: Vec<_> =
            talking.into_iter().map(|member| member.join().expect("no panic")).collect();
        ended.into_iter().map(|(heard, _)| heard).collect()
    });

    let said_by = |name: &str, line: &str| line.starts_with(&format!("[{name}] "));
    for (mine, me) in heard.iter().zip(names) {
        for (theirs, them) in heard.iter().zip(names) {
            let mine = mine.iter().filter(|line| !said_by(them, line));
            let theirs = theirs.iter().filter(|line| !said_by(me, line));
            assert!(mine.eq(theirs), "{me} and {them} heard another order");
        }
        for speaker in names.iter().filter(|speaker| **speaker != me) {
            let said: Vec<_> = mine.iter().filter(|line| said_by(speaker, line)).collect();
            let expected: Vec<_> = (0..LINES).map(|n| format!("[{speaker}] {n}")).collect();
            assert!(said.into_iter().eq(&expected), "{me} heard {speaker} badly");
        }
    }
}

fn a_client_that_lingers_after_quitting_is_not_waited_for(style: Style) {
    let server = Server::start(style, "chat");
    let begun = Instant::now();
    let mut lingers = join(&server, 1);
    lingers.send("/quit\r\n");
    lingers.expect_line("* goodbye");
    lingers.expect_end();
    // It has left the room, although it does not close the connection.
    let _next = join(&server, 1);
    if !style.serves_many() {
        assert!(begun.elapsed() >= Duration::from_secs(2), "the next caller waits");
    }
}

fn the_log_contains_the_lines_of_the_room(style: Style) {
    let server = Server::start(style, "chat");
    let mut client = join(&server, 1);
    let address = client.name();
    client.send("hello\r\n/nick ada\r\n\"汉语\"\r\n/quit\r\n");
    client.read_to_end();
    drop(client);
    for words in [
        vec!["client 1", "joined", &address],
        vec![&address, "said", "\"hello\""],
        vec!["client 1", &address, "ada"],
        vec!["ada", "said", r#""\"汉语\"""#],
        vec!["client 1", "ada", "left the room"],
        vec!["client 1", "left"],
    ] {
        server.wait_for_log(|line| words.iter().all(|word| line.contains(word)));
    }
}
