//! Tests of the inbox, in every order in which its threads can run.
//!
//! Three threads share an inbox: the hub fills it, the member's writer empties it, the member's
//! reader waits to be heard. Here shuttle schedules the threads in place of the kernel: it lets one
//! of them run up to its next lock or wake-up, then chooses again. Small scenes run in every
//! possible order, a large one in some thousands of random orders. If all threads wait at once, a
//! wake-up was lost: shuttle reports `deadlock` and shows the order.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use crossbeam_channel::TryRecvError;
use protocol::{Hub, Mailbox as _, Post};
use shuttle::{check_dfs, check_random};

use super::*;
use shuttle::thread;

#[test]
fn the_writer_gets_every_line_in_order_and_then_the_end() {
    let stream = stream();
    check_dfs(
        move || {
            let (inbox, mut mailbox) = halves(&stream);
            let hub = thread::spawn(move || {
                for line in ["one ", "two"] {
                    mailbox.offer(&Line::from(line.as_bytes())).expect("there is room");
                }
            });
            assert_eq!(write_all(&inbox), "one two");
            hub.join().expect("no panic");
        },
        None,
    );
}

#[test]
fn the_reader_goes_on_when_it_is_heard() {
    check_reader_goes_on(|mut mailbox| {
        mailbox.heard();
        Some(mailbox)
    });
}

#[test]
fn the_reader_goes_on_when_the_hub_drops_its_mailbox() {
    check_reader_goes_on(|mailbox| {
        drop(mailbox);
        None
    });
}

#[test]
fn the_reader_goes_on_when_the_writer_gives_up() {
    check_reader_goes_on(|mailbox| {
        mailbox.inbox.lose();
        Some(mailbox)
    });
}

#[test]
fn the_mailbox_of_a_lost_member_takes_all_and_keeps_nothing() {
    let stream = stream();
    check_dfs(
        move || {
            let (inbox, mut mailbox) = halves(&stream);
            let hub = thread::spawn(move || {
                for _ in 0..2 {
                    mailbox.offer(&Line::from(&b"hello"[..])).expect("there is room");
                }
                mailbox
            });
            inbox.lose();
            let mailbox = hub.join().expect("no panic");
            assert!(inbox.lock().queue.is_empty());
            assert_eq!(mailbox.waiting(), 0);
        },
        None,
    );
}

/// A member has posted, its writer waits for lines, and another thread runs `act`.
#[track_caller]
fn check_reader_goes_on(act: fn(Mailbox) -> Option<Mailbox>) {
    let stream = stream();
    check_dfs(
        move || {
            let (inbox, mailbox) = halves(&stream);
            inbox.lock().is_unheard = true;
            let for_writer = Arc::clone(&inbox);
            let writer = thread::spawn(move || write_all(&for_writer));
            // The mailbox that `act` returns is not dropped before the reader goes on.
            let other = thread::spawn(move || act(mailbox));
            drop(inbox.wait_until_heard());
            drop(other.join().expect("no panic"));
            assert_eq!(writer.join().expect("no panic"), "");
        },
        None,
    );
}

#[test]
fn members_hear_all_that_the_other_posts_and_then_the_end() {
    const WORDS: [&str; 2] = ["hello", "goodbye"];
    let stream = stream();
    check_random(
        move || {
            let (to_hub, events) = bounded(16);
            let hub = thread::spawn(move || keep_room(&events));
            let members = [1, 2].map(|number| join(&to_hub, ClientId(number), &stream));
            let playing = members.map(|membership| {
                let inbox = Arc::clone(&membership.inbox);
                let writer = thread::spawn(move || write_all(&inbox));
                let reader = thread::spawn(move || {
                    for word in WORDS {
                        membership.post(line(word)).expect("nothing is lost");
                    }
                    membership
                });
                (reader, writer)
            });
            let (readers, writers): (Vec<_>, Vec<_>) = playing.into_iter().unzip();
            let members: Vec<_> =
                readers.into_iter().map(|reader| reader.join().expect("no panic")).collect();
            // The room has heard all posts now, so no member leaves too early.
            drop((members, to_hub));
            for (writer, other) in writers.into_iter().zip(["127.0.0.1:2", "127.0.0.1:1"]) {
                let heard = writer.join().expect("no panic");
                let speech = heard.lines().filter_map(|line| line.strip_prefix('['));
                assert!(speech.eq(WORDS.map(|word| format!("{other}] {word}"))), "{heard}");
            }
            hub.join().expect("no panic");
        },
        2000,
    );
}

/// Shows that shuttle finds a bad order if there is one. The other tests, which pass, cannot show
/// it.
#[test]
#[should_panic(expected = "deadlock")]
fn a_wake_up_that_comes_too_early_is_found() {
    check_dfs(
        || {
            let inbox = Arc::<Inbox>::default();
            inbox.lock().is_unheard = true;
            let hub = Arc::clone(&inbox);
            thread::spawn(move || {
                hub.is_heard.notify_one();
                hub.lock().is_unheard = false;
            });
            drop(inbox.wait_until_heard());
        },
        None,
    );
}

/// Does the work of the hub's thread, but polls the channel instead of waiting.
fn keep_room(events: &Receiver<Event<Mailbox>>) {
    let (mut hub, mut now) = (Hub::default(), Duration::ZERO);
    loop {
        match events.try_recv() {
            Ok(event) => hub.handle(event),
            Err(TryRecvError::Empty) => thread::yield_now(),
            Err(TryRecvError::Disconnected) => return,
        }
        while let Some(wait) = hub.advance(now) {
            now += wait;
        }
    }
}

fn join(to_hub: &Sender<Event<Mailbox>>, client: ClientId, stream: &Arc<TcpStream>) -> Membership {
    let peer = SocketAddr::from(([127, 0, 0, 1], client.0 as u16));
    Membership::join(to_hub, client, peer, stream)
}

fn line(text: &str) -> Posts {
    let mut posts = Posts::default();
    posts.push(Post::Line(text));
    posts
}

/// Does the work of the writer's thread, but writes into a string.
fn write_all(inbox: &Inbox) -> String {
    let mut written = Vec::new();
    while let Some(queue) = inbox.take() {
        queue.slices().for_each(|slice| written.extend_from_slice(slice));
    }
    String::from_utf8(written).expect("lines are UTF-8")
}

/// An inbox, and the hub's half of it.
fn halves(stream: &Arc<TcpStream>) -> (Arc<Inbox>, Mailbox) {
    let inbox = Arc::<Inbox>::default();
    let mailbox = Mailbox { inbox: Arc::clone(&inbox), stream: Arc::downgrade(stream) };
    (inbox, mailbox)
}

/// A connection, since a mailbox needs one. Nothing is sent.
fn stream() -> Arc<TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    Arc::new(TcpStream::connect(address).expect("it listens"))
}
