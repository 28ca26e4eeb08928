//! Steps that many tests of chat share.

use crate::{Client, Server};

/// The line that welcomes a client if `here` members are here, including it.
pub fn welcome(client: &Client, here: usize) -> String {
    format!("* welcome, {}; {here} here", client.name())
}

/// Connects to a chat, which then has `here` members, and receives the welcome. The room's last
/// lines come next.
#[track_caller]
pub fn join(server: &Server, here: usize) -> Client {
    let mut client = server.connect();
    client.expect_line(welcome(&client, here));
    client
}

/// Fills an empty room with clients of these names, which have read everything so far.
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

/// Checks that nothing more has come for this client: it asks something, and the next line must be
/// the answer to that.
#[track_caller]
pub fn expect_silence(client: &mut Client) {
    client.send("/silence\r\n");
    client.expect_line("* no command /silence; try /help");
}

/// Leaves politely, so that the next client need not wait.
#[track_caller]
pub fn quit(mut client: Client) {
    client.send("/quit\r\n");
    client.expect_line("* goodbye");
    client.expect_end();
}
