//! The names of orders.

// ANCHOR: name
/// What an order is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// To receive from a client.
    Receive,
    /// To send to a client.
    Send,
    /// To cancel the client's other orders.
    Cancel,
}

/// Puts a client's number and the kind of an order into one number of 64 bits, the order's name.
///
/// `None` if the client's number has more than 62 bits.
pub fn name(client: u64, kind: Kind) -> Option<u64> {
    (client < 1 << 62).then_some(client << 2 | kind as u64)
}

/// Reads the name of an order. `None` if no order has this name.
pub fn read_name(name: u64) -> Option<(u64, Kind)> {
    let kinds = [Kind::Receive, Kind::Send, Kind::Cancel];
    let kind = kinds.get((name & 3) as usize)?;
    Some((name >> 2, *kind))
}
// ANCHOR_END: name

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_made() {
        for client in [0, 1, 12_345, (1 << 62) - 1] {
            for kind in [Kind::Receive, Kind::Send, Kind::Cancel] {
                let name = name(client, kind).expect("it fits");
                assert_eq!(read_name(name), Some((client, kind)));
            }
        }
    }

    #[test]
    fn a_client_without_room_and_a_kind_that_does_not_exist_have_no_name() {
        assert_eq!(name(1 << 62, Kind::Send), None);
        assert_eq!(read_name(3), None);
    }
}
