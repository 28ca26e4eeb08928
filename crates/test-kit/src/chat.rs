//! What the tests of chat say again and again.

use crate::{Client, Server};

/// The line that welcomes a client when, with it, so many are here.
pub fn welcome(client: &Client, here: usize) -> String {
    format!("* welcome, {}; {here} here", client.name())
}

/// Connects to a chat, as one of so many who are here then, and receives the welcome. What the
/// room remembers comes next.
#[track_caller]
pub fn join(server: &Server, here: usize) -> Client {
    let mut client = server.connect();
    client.expect_line(welcome(&client, here));
    client
}

/// Fills an empty room: clients of these names, who have heard all that there was to hear so far.
#[track_caller]
pub fn room<const N: usize>(server: &Server, names: [&str; N]) -> [Client; N] {
    let mut members: Vec<Client> = Vec::new();
    for name in names {
        let mut newcomer = join(server, members.len() + 1);
        let address = newcomer.name();
        for member in &mut members {
            member.expect_line(format!("* {address} joined"));
        }
        newcomer.send(format!("/nick {name}\r\n"));
        members.push(newcomer);
        for member in &mut members {
            member.expect_line(format!("* {address} is now {name}"));
        }
    }
    members.try_into().expect("as many as there are names")
}

/// There was nothing more for this client than what it has read: the next thing that it hears is
/// the answer to what it asks now.
#[track_caller]
pub fn expect_silence(client: &mut Client) {
    client.send("/silence\r\n");
    client.expect_line("* no command /silence; try /help");
}

/// Leaves politely, and so that the next one need not wait.
#[track_caller]
pub fn quit(mut client: Client) {
    client.send("/quit\r\n");
    client.expect_line("* goodbye");
    client.expect_end();
}
