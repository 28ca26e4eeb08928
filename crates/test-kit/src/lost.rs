use std::io::{ErrorKind, Read};
use std::time::Instant;

use crate::{Client, again, deadline};

impl Client {
    /// Checks that the connection ends, after any input: finished or cut off, since both can happen
    /// to a lost client.
    #[track_caller]
    pub fn expect_lost(&mut self) {
        let by = Instant::now() + deadline();
        let mut scrap = [0; 16 * 1024];
        loop {
            let left = by.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the connection goes on");
            self.stream().set_read_timeout(Some(left)).expect("not zero");
            match again(|| self.stream().read(&mut scrap)) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                Err(error) => panic!("not lost, but: {error}"),
            }
        }
    }

    /// Sends until the connection takes no more and `is_stuck` holds: the server has stopped
    /// reading, since this client does not read either.
    #[track_caller]
    pub fn send_until(&mut self, mut is_stuck: impl FnMut() -> bool) {
        use std::io::Write;
        let bytes = [b'x'; 64 * 1024];
        self.stream().set_nonblocking(true).expect("it is open");
        crate::wait_until("the server reads no more", || match self.stream().write(&bytes) {
            Ok(_) => false,
            Err(error) if error.kind() == ErrorKind::WouldBlock => is_stuck(),
            Err(error) => panic!("cannot send: {error}"),
        });
        self.stream().set_nonblocking(false).expect("it is open");
    }
}
