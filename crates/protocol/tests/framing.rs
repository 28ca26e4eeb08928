//! Three ways to mark the end of a message: lines, frames, and upload, which uses both.

mod wire;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use protocol::frames::{FRAME_LIMIT, REFUSAL, VERSION};
use protocol::upload::DEFAULT_MAX_SIZE;
use protocol::{ClientId, LINE_LIMIT, PLAIN_READ, Settings};
use wire::hostile::cases;
use wire::script::{check, check_wire};
use wire::{Disk, End, Wire};

// Lines.

#[test]
fn every_line_is_answered() {
    check(
        "lines",
        r"
        ada connects
        ada > hello
            ada < => hello
        ada > with a CR\r
            ada < => with a CR
        ada >> two in one read\nand a piece\x20
            ada < => two in one read
        ada > of a third
            ada < => and a piece of a third
        ada > (3 times)
            ada < =>\x20 (3 times)
        ada > /quit
            ada < => /quit
        ada >> the last one
        ada half-closes
            ada < => the last one
            ada is finished
        ",
    );
}

#[test]
fn lines_are_what_they_are_in_chat() {
    let longest = "x".repeat(LINE_LIMIT);
    let refusal = "* a line has at most 1024 bytes; that one was dropped";
    check(
        "lines",
        &format!(
            r"
            ada connects
            ada > caf\xc3\xff\xf1\xa9 \x1b[2J \u{{202e}}\x80
                ada < => café �[2J ��
            ada >> hel\xff\xfd\x06lo\n
                ada < \xff\xfc\x06=> hello
            ada >> {longest}x
                ada < {refusal}
            ada >> {longest}\n{longest}\r\n
                ada < => {longest}
            bob connects
            bob is idle for 300 s
                bob < * idle for 300 s, goodbye
                bob is finished
            "
        ),
    );
}

// Frames.

#[test]
fn every_frame_comes_back_as_it_comes() {
    check(
        "frames",
        r"
        ada connects
        ada >> \0\0\0\x01\0\0\0\x05hello
            ada << \0\0\0\x01\0\0\0\x05hello
        ada >> \0\0\0\x01\0\0\0
        ada >> \x03a
            ada << \0\0\0\x01\0\0\0\x03a
        ada >> bc\0
            ada << bc
        ada >> \0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x01x
            ada << \0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x01x
        ",
    );
}

#[test]
fn a_wrong_frame_is_refused_with_the_reason_and_ends_the_talk() {
    let reasons = [
        (2, 5, "version 2 is not known, only 1 is"),
        (0, 5, "version 0 is not known, only 1 is"),
        (
            1 << 24,
            5 << 24,
            "version 16777216 is not known, only 1 is; did you send it little-endian?",
        ),
        (1, FRAME_LIMIT + 1, "a frame holds at most 1048576 bytes, and 1048577 were announced"),
        (1, u32::MAX, "a frame holds at most 1048576 bytes, and 4294967295 were announced"),
        (
            1,
            5 << 24,
            "a frame holds at most 1048576 bytes, and 83886080 were announced; \
             did you send it little-endian?",
        ),
    ];
    for (version, size, reason) in reasons {
        let mut wire = Wire::new("frames");
        let ada = wire.connect("ada");
        let good = frame(VERSION, 2, b"ok");
        wire.receive(ada, &[&good[..], &frame(version, size, b"hello")].concat());
        let refusal = frame(REFUSAL, reason.len() as u32, reason.as_bytes());
        assert_eq!(wire.take_heard(ada), [&good[..], &refusal].concat());
        assert_eq!(wire.end(ada), Some(End::Finished));
        wire.receive(ada, &good);
        assert_eq!(wire.take_heard(ada), b"", "the server does not know where frames begin now");
    }
}

#[test]
fn an_end_inside_a_frame_truncates_the_answer() {
    check(
        "frames",
        r"
        ada connects
        ada half-closes
            ada is finished
        bob connects
        bob >> \0\0
        bob half-closes
            bob is finished
        eve connects
        eve >> \0\0\0\x01\0\0\0\x05hel
            eve << \0\0\0\x01\0\0\0\x05hel
        eve half-closes
            eve is finished
        ",
    );
}

#[test]
fn only_a_whole_frame_sets_the_idle_clock_back() {
    let mut wire = Wire::new("frames");
    let ada = wire.connect("ada");
    let sent = frame(VERSION, 5, b"hello");
    for (n, byte) in sent.iter().enumerate() {
        assert_eq!(wire.completed(ada), 0, "after {n} bytes");
        wire.receive(ada, &[*byte]);
    }
    assert_eq!(wire.completed(ada), 1);
    wire.receive(ada, &frame(VERSION, 0, b""));
    assert_eq!(wire.completed(ada), 2);
}

fn frame(version: u32, size: u32, data: &[u8]) -> Vec<u8> {
    [&version.to_be_bytes(), &size.to_be_bytes(), data].concat()
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn frames_come_back_up_to_the_first_wrong_one_however_they_are_cut(
        frames in prop::collection::vec(
            (prop_oneof![20 => Just(VERSION), 1 => any::<u32>()], prop::collection::vec(any::<u8>(), 0..50)),
            0..20,
        ),
        cuts in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        let sent: Vec<_> = frames.iter().map(|(version, data)| frame(*version, data.len() as u32, data)).collect();
        let good = frames.iter().take_while(|(version, _)| *version == VERSION).count();
        let mut wire = Wire::new("frames");
        let ada = wire.connect("ada");
        receive_in_pieces(&mut wire, ada, &sent.concat(), &cuts);
        let heard = wire.take_heard(ada);
        let rest = heard.strip_prefix(&sent[..good].concat()[..]);
        let rest = rest.expect("the correct frames come back");
        if good == frames.len() {
            prop_assert_eq!(rest, b"");
            prop_assert_eq!(wire.end(ada), None);
        } else {
            prop_assert_eq!(&rest[..4], REFUSAL.to_be_bytes());
            prop_assert_eq!(rest[4..8].to_vec(), (rest.len() as u32 - 8).to_be_bytes());
            prop_assert_eq!(wire.end(ada), Some(End::Finished));
        }
    }
}

/// Gives a session `bytes` in several reads, cut at `cuts`.
fn receive_in_pieces(wire: &mut Wire, client: ClientId, bytes: &[u8], cuts: &[Index]) {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let reads = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
    for read in reads.filter(|read| !read.is_empty()) {
        wire.receive(client, read);
    }
}

// Upload.

/// A server with this disk.
fn uploading(disk: &Disk, max_size: u32) -> Wire {
    Wire::with(
        "upload",
        Settings { store: Some(Arc::new(disk.clone())), max_size, ..Settings::built_in(0) },
    )
}

/// Checks the answer to an upload in one read, at every cut in two reads, and in reads of one byte.
#[track_caller]
fn check_upload(max_size: u32, sent: &[u8], answer: &str, stored: &[(&str, &[u8])]) {
    let two = (1..sent.len()).map(|cut| vec![&sent[..cut], &sent[cut..]]);
    for reads in two.chain([vec![sent], sent.chunks(1).collect()]) {
        let disk = Disk::default();
        let mut wire = uploading(&disk, max_size);
        let ada = wire.connect("ada");
        for read in &reads {
            wire.receive(ada, read);
        }
        if wire.end(ada).is_none() {
            wire.half_close(ada);
        }
        assert_eq!(wire.end(ada), Some(End::Finished));
        let heard = String::from_utf8(wire.take_heard(ada)).unwrap();
        assert_eq!(heard, format!("{answer}\r\n"), "in {} reads", reads.len());
        let files = disk.files();
        let files: Vec<_> = files.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
        assert_eq!(files, stored);
        assert_eq!(disk.drafts(), 0);
    }
}

#[track_caller]
fn check_refused(sent: &[u8], reason: &str) {
    check_upload(100, sent, &format!("refused: {reason}"), &[]);
}

#[test]
fn a_file_is_stored_when_its_last_byte_has_come() {
    check(
        "upload",
        r"
        ada connects
        ada > hello.txt
        ada >> \0\0\0\x05
        ada >> \nhell
        ada >> o
            ada < stored hello.txt 5
            ada is finished
        ada > what comes later is not heard
        ada half-closes
        bob connects
        bob >> hello.txt\n\0\0\0\x05\n
            bob < refused: there is a file of this name already
            bob is finished
        ",
    );
}

#[test]
fn every_byte_of_a_size_may_look_like_the_end_of_a_line() {
    let bytes = vec![b'x'; 0x0a0a];
    let sent = [b"f\n\0\0\x0a\x0a\n", &bytes[..]].concat();
    let disk = Disk::default();
    let mut wire = uploading(&disk, DEFAULT_MAX_SIZE);
    let ada = wire.connect("ada");
    wire.receive(ada, &sent);
    assert_eq!(wire.take_heard(ada), b"stored f 2570\r\n");
    assert_eq!(disk.files()["f"], bytes);
    // Here all four do. The server must read a number that is too large, and not a line that ends
    // early.
    check_refused(b"f\n\n\n\n\n\n", "a file has at most 100 bytes, and 168430090 were announced");
}

#[test]
fn bytes_after_the_file_make_no_difference() {
    let answer = "stored f 2";
    check_upload(2, b"f\n\0\0\0\x02\nhi, and more", answer, &[("f", b"hi")]);
    check_upload(2, b"f\n\0\0\0\x02\n\n\n", answer, &[("f", b"\n\n")]);
    check_upload(0, b"f\n\0\0\0\0\n", "stored f 0", &[("f", b"")]);
}

#[test]
fn wrong_names_are_refused() {
    let length = "a name has 1 to 32 characters";
    let path = r"a name is not a path: it contains no / and no \";
    let dot = "a name does not begin with a dot";
    let control = "a name has no control characters in it";
    let long = "汉".repeat(33);
    let names: &[(&[u8], &str)] = &[
        (b"", length),
        (&[b'x'; 33], length),
        (long.as_bytes(), length),
        (&[b'x'; 255], length),
        (&[b'x'; 256], length),
        (&[0xff; 256], length),
        (&[b'x'; 1000], length),
        (b"\xff", "a name is UTF-8"),
        (b"\xc3", "a name is UTF-8"),
        (b".", dot),
        (b"..", dot),
        (b".profile", dot),
        (b"/", path),
        (b"a/b", path),
        (b"../passwd", path),
        (b"/etc/passwd", path),
        (br"..\x", path),
        (b"C:\\x", path),
        (b"x\0.txt", control),
        (b"x\t", control),
        (b"\x1b[2J", control),
        (b"\x7f", control),
        ("\u{9b}".as_bytes(), control),
        ("txt.\u{202e}exe".as_bytes(), control),
        (b"x\ry", control),
        (b"x\r", "a name ends with LF, without a CR before it"),
    ];
    for (name, reason) in names {
        check_refused(&[name, &b"\n\0\0\0\x02\nhi"[..]].concat(), reason);
    }
    for name in ["x", "-rf", "a b", "汉语", &"x".repeat(32), &"🦀".repeat(32)] {
        let sent = [name.as_bytes(), b"\n\0\0\0\x02\nhi"].concat();
        check_upload(2, &sent, &format!("stored {name} 2"), &[(name, b"hi")]);
    }
}

#[test]
fn wrong_sizes_are_refused() {
    let check = |bytes: &[u8], size: u32, hint: &str| {
        let sent = [b"f\n", bytes, b"\n"].concat();
        let reason = format!("a file has at most 100 bytes, and {size} were announced{hint}");
        check_refused(&sent, &reason);
    };
    check(b"\0\0\0\x65", 101, "");
    check(b"\xff\xff\xff\xff", u32::MAX, "");
    check(b"\x05\0\0\0", 5 << 24, "; did you send it little-endian?");
    check(b"1234", 0x3132_3334, "; did you send it as text?");
    check_refused(
        b"f\n5\nhello",
        "after the 4 bytes of the size comes LF (0x0a), not 0x6c; did you send it as text?",
    );
    check_refused(b"f\n\0\0\0\x05hello", "after the 4 bytes of the size comes LF (0x0a), not 0x68");
}

#[test]
fn an_upload_that_ends_early_leaves_nothing_behind() {
    let sent = b"name\n\0\0\0\x03\nabc";
    for end in 0..sent.len() {
        let place = match end {
            0..5 => "in the name; after it come LF, the size and LF".to_owned(),
            5..10 => "in the size, which is 4 bytes in big-endian and LF".to_owned(),
            _ => format!("after {} of 3 bytes", end - 10),
        };
        check_refused(&sent[..end], &format!("the input ended {place}"));
        let disk = Disk::default();
        let mut wire = uploading(&disk, 100);
        let [gone, idle] = ["gone", "idle"].map(|name| wire.connect(name));
        for byte in &sent[..end] {
            wire.receive(gone, &[*byte]);
            wire.receive(idle, &[*byte]);
        }
        wire.idle(idle, 300);
        let said = String::from_utf8(wire.take_heard(idle)).unwrap();
        assert_eq!(said, format!("refused: idle for 300 s {place}\r\n"));
        drop(wire);
        assert_eq!((disk.files().len(), disk.drafts()), (0, 0));
    }
}

#[test]
fn of_two_uploads_of_one_name_exactly_one_wins() {
    let disk = Disk::default();
    let script = r"
        ada connects
        bob connects
        ada >> same\n\0\0\0\x03\nad
        bob >> same\n\0\0\0\x03\nbo
        bob >> b
            bob < stored same 3
            bob is finished
        ada >> a
            ada < refused: there is a file of this name already
            ada is finished
        ";
    check_wire(uploading(&disk, 100), script);
    assert_eq!(disk.files()["same"], b"bob");
    assert_eq!(disk.drafts(), 0);
}

#[test]
fn a_full_disk_refuses_and_takes_the_next_that_fits() {
    let disk = Disk::of(10);
    let script = r"
        ada connects
        bob connects
        ada >> large\n\0\0\0\x14\n12345678
        bob >> small\n\0\0\0\x03\nbob
            bob < refused: the disk is full
            bob is finished
        ada >> 901
            ada < refused: the disk is full
            ada is finished
        eve connects
        eve >> small\n\0\0\0\x03\neve
            eve < stored small 3
            eve is finished
        ";
    check_wire(uploading(&disk, 100), script);
    assert_eq!(disk.files().len(), 1);
}

#[test]
fn a_file_that_the_disk_does_not_keep_is_not_stored() {
    let disk = Disk::broken();
    let script = r"
        ada connects
        ada >> name\n\0\0\0\x03\nada
            ada < refused: the server cannot store it: Input/output error
            ada is finished
        ";
    check_wire(uploading(&disk, 100), script);
    assert_eq!((disk.files().len(), disk.drafts()), (0, 0));
    let script = r"
        ada connects
        ada >> name\n\0\0\0\x03\nada
            ada < refused: the server has no place for files
            ada is finished
        ";
    check_wire(Wire::with("upload", Settings::built_in(0)), script);
}

#[test]
fn only_a_header_and_a_whole_file_set_the_idle_clock_back() {
    let disk = Disk::default();
    let mut wire = uploading(&disk, 100);
    let ada = wire.connect("ada");
    let sent = b"name\n\0\0\0\x03\nabc";
    for (n, byte) in sent.iter().enumerate() {
        assert_eq!(wire.completed(ada), (n > 9).into(), "after {n} bytes");
        wire.receive(ada, &[*byte]);
    }
    assert_eq!(wire.completed(ada), 2);
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn an_upload_is_answered_alike_however_it_is_cut(
        name in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), "\\PC{0,40}".prop_map(String::into_bytes)],
        size in prop_oneof![0..60_u32, any::<u32>()],
        ends in prop::collection::vec(prop_oneof![9 => Just(b'\n'), 1 => any::<u8>()], 2),
        data in prop::collection::vec(any::<u8>(), 0..60),
        cuts in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        let sent = [&name[..], &ends[..1], &size.to_be_bytes(), &ends[1..], &data].concat();
        let upload = |cuts: &[Index]| {
            let disk = Disk::default();
            let mut wire = uploading(&disk, 50);
            let ada = wire.connect("ada");
            receive_in_pieces(&mut wire, ada, &sent, cuts);
            wire.half_close(ada);
            assert_eq!(wire.end(ada), Some(End::Finished));
            assert_eq!(disk.drafts(), 0);
            (wire.take_heard(ada), disk.files())
        };
        let (heard, files) = upload(&[]);
        prop_assert_eq!(&(heard.clone(), files.clone()), &upload(&cuts));
        let heard = String::from_utf8(heard).expect("UTF-8");
        prop_assert_eq!(heard.matches("\r\n").count(), 1);
        match files.first_key_value() {
            Some((name, bytes)) => {
                prop_assert_eq!(heard, format!("stored {name} {}\r\n", bytes.len()));
                let is_of_it = bytes.is_empty() || sent.windows(bytes.len()).any(|part| part == bytes);
                prop_assert!(is_of_it && bytes.len() <= 50);
            }
            None => prop_assert!(heard.starts_with("refused: ")),
        }
    }
}

// Memory.

#[test]
fn no_answer_is_longer_than_a_server_holds() {
    let read = [frame(VERSION, FRAME_LIMIT, b""), vec![0; PLAIN_READ - 8]].concat();
    let mut wire = Wire::new("frames");
    let ada = wire.connect("ada");
    wire.receive(ada, &read[..4]);
    wire.receive(ada, &read[4..]);
    assert_eq!(wire.take_heard(ada).len(), PLAIN_READ);
}
