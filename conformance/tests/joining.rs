//! The thread that accepts also joins: members join in the order of accepting.

use test_kit::chat::welcome;
use test_kit::{Client, Server, Signal, Style, each_style, wait_until};

each_style!(members_join_in_the_order_of_accepting);

/// This many fit into the backlog of the style that serves one client at a time, and into a `/who`.
const CLIENTS: usize = 100;

fn members_join_in_the_order_of_accepting(style: Style) {
    let server = Server::start(style, "chat");
    // All wait in the backlog, in the order of connecting, when the server begins to accept: then
    // it accepts as fast as it can, and a client that another thread joins may be overtaken.
    server.process().signal(Signal::SIGSTOP);
    wait_until("the server is stopped", || server.process().state() == Some('T'));
    let count = if style.has_workers() { style.at_once(CLIENTS) } else { CLIENTS };
    let mut clients: Vec<Client> = (0..count).map(|_| server.connect()).collect();
    server.process().signal(Signal::SIGCONT);

    if !style.serves_many() {
        for mut client in clients {
            client.expect_line(welcome(&client, 1));
            client.reset();
        }
        return;
    }
    if style.has_workers() {
        // The worker that takes a client lets it join, and the workers race: each place in the room
        // is taken once.
        let here = |client: &mut Client| {
            let welcome = client.skip_to_line(|line| line.starts_with("* welcome, "));
            (1..=CLIENTS).find(|here| welcome == self::welcome(client, *here))
        };
        let mut seen: Vec<_> = clients.iter_mut().map(here).collect();
        seen.sort();
        assert_eq!(seen, (1..=clients.len()).map(Some).collect::<Vec<_>>());
        return;
    }
    for (client, here) in clients.iter_mut().zip(1..) {
        client.expect_line(welcome(client, here));
    }
    let names: Vec<_> = clients.iter().map(Client::name).collect();
    let last = &mut clients[CLIENTS - 1];
    last.send("/who\r\n");
    last.expect_line(format!("* here: {}", names.join(", ")));
}
