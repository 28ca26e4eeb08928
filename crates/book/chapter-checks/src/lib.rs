//! Checks that the chapters of the book are true.
//!
//! - Their Rust is compiled and run: each chapter is the documentation of a module here, so that
//!   `cargo test --doc` finds it. Code that a chapter includes by anchor is not run here: it is
//!   tested where it comes from.
//! - The solutions of their exercises are in [`exercises`], each with its tests.
//! - Their commands are run in a [`lab::Lab`], and must print the output shown:
//!   `tests/book_commands.rs`.

pub mod chapter;
pub mod console;
pub mod exercises;
pub mod glossary;
pub mod lab;
pub mod needs;
pub mod terminal;
pub mod transcript;

/// Passes the list of all chapters to a macro: a name for each, and its file in `lessons/`.
///
/// A chapter of SUMMARY.md that is not in this list makes a test fail.
#[macro_export]
macro_rules! each_chapter {
    ($macro:ident) => {
        $macro! {
            title_page "README.md",
            five_minutes "start/five-minutes.md",
            how_to_use "start/how-to-use.md",
            pipe_to_socket "start/pipe-to-socket.md",
            services "start/services.md",
            bits "addresses/bits.md",
            endianness "addresses/endianness.md",
            ip "addresses/ip.md",
            subnetting "addresses/subnetting.md",
            ethernet "addresses/ethernet.md",
            multicast "addresses/multicast.md",
            broadcast "addresses/broadcast.md",
            two_machines "addresses/two-machines.md",
            families "sockets/families.md",
            connection "sockets/connection.md",
            streams "sockets/streams.md",
            framing "sockets/framing.md",
            waiting "sockets/waiting.md",
            closing "sockets/closing.md",
            errors "sockets/errors.md",
            options "sockets/options.md",
            names "sockets/names.md",
            inherited "sockets/inherited.md",
            datagrams "sockets/datagrams.md",
            upload "sockets/upload.md",
            multicast_on_the_wire "sockets/multicast-on-the-wire.md",
            seeing "sockets/seeing.md",
            iterative "styles/iterative.md",
            processes "styles/processes.md",
            fork "styles/fork.md",
            thread "styles/thread.md",
            select "styles/select.md",
            async_style "styles/async.md",
            timelines "styles/timelines.md",
            own_service "styles/own-service.md",
            check_your_own "styles/check.md",
            check_cases "styles/check-cases.md",
            chat "styles/chat.md",
            reader_that_does_not_read "styles/reader-that-does-not-read.md",
            stopping "styles/stopping.md",
            side_by_side "styles/side-by-side.md",
            failures "styles/failures.md",
            museum "styles/museum.md",
            prefork "styles/prefork.md",
            pool "styles/pool.md",
            poll "styles/poll.md",
            epoll "styles/epoll.md",
            executor "styles/executor.md",
            uring "styles/uring.md",
            snmp_walk "applications/snmp-walk.md",
            five_programs "bugs/five-programs.md",
            greeter "bugs/greeter.md",
            counted_words "bugs/words.md",
            capitals "bugs/capitals.md",
            caller "bugs/caller.md",
            radio "bugs/radio.md",
            what_to_measure "measuring/what.md",
            load_generator "measuring/tools.md",
            table "measuring/table.md",
            stevens "measuring/stevens.md",
            reading_benchmarks "measuring/reading.md",
            floors "measuring/floors.md",
            uring_record "measuring/uring-record.md",
            choosing "measuring/choosing.md",
            hls_relay "applications/hls-relay.md",
            glossary_page "appendix/glossary.md",
            system_calls "appendix/system-calls.md",
            errno "appendix/errno.md",
            tcp_states "appendix/tcp-states.md",
            byte_order "appendix/byte-order.md",
            masks "appendix/masks.md",
            manual_pages "appendix/manual-pages.md",
            further_reading "appendix/further-reading.md",
        }
    };
}

/// Makes a module of each chapter, with the chapter as its documentation.
#[cfg(doctest)]
macro_rules! chapters_as_documentation {
    ($($name:ident $file:literal,)+) => {
        $(
            #[doc = include_str!(concat!("../../../../lessons/", $file))]
            mod $name {}
        )+
    };
}

#[cfg(doctest)]
each_chapter!(chapters_as_documentation);

#[cfg(test)]
mod tests {
    use crate::chapter::chapters;

    #[test]
    fn every_chapter_is_in_the_list() {
        macro_rules! files {
            ($($name:ident $file:literal,)+) => {
                [$($file),+]
            };
        }
        let listed = each_chapter!(files);
        let summary: Vec<_> = chapters().into_iter().map(|chapter| chapter.file).collect();
        assert_eq!(summary, listed);
    }
}
