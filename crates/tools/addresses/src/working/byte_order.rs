use std::fmt::Write;

use crate::byte_order::{self, Integer, Order, bytes as bytes_of, number as number_of};

/// The bytes of a number in memory and on the wire, on a machine of the order `host`.
pub fn bytes(number: i128, integer: Integer, host: Order) -> String {
    let name = integer.name();
    let mut text = format!("{number} as {name}\n\n");
    text += &weights(number, integer);

    let places: Vec<_> = (0..integer.bits() / 8).map(|at| format!("+{at}")).collect();
    let row = |label: &str, order: Order, function: &str| {
        let bytes = hex(&bytes_of(number, integer, order));
        format!("  {label:<23} {bytes}  {function}\n")
    };
    let _ = writeln!(text, "\nits bytes, by address     {}", places.join(" "));
    text += &row("big endian", Order::Big, "to_be_bytes");
    text += &row("little endian", Order::Little, "to_le_bytes");
    let here = format!("this machine's ({})", host.name());
    text += &row(&here, host, "to_ne_bytes");
    text += &row("on the wire (big)", Order::NETWORK, "to_be_bytes");

    let [to_network_name, to_host_name] = integer.c_names();
    let unsigned = integer.unsigned();
    let wide = number.rem_euclid(1 << integer.bits());
    let sent = byte_order::to_network(wide, unsigned, host);
    let _ = writeln!(text, "\nin C, on this machine");
    if wide != number {
        let _ = writeln!(text, "  {number} is {wide} to functions that take no sign");
    }
    let calls =
        [(format!("{to_network_name}({wide})"), sent), (format!("{to_host_name}({sent})"), wide)];
    for (call, result) in calls {
        let _ = writeln!(text, "  {call:<30} = {result}");
    }

    let _ = writeln!(text, "\nin Rust, on any machine");
    let wire = bytes_of(number, integer, Order::NETWORK);
    let list: Vec<_> = wire.iter().map(|byte| format!("{byte:#04x}")).collect();
    let list = list.join(", ");
    let wrong = number_of(&wire, integer, Order::Little);
    let _ = writeln!(text, "  let wire: [u8; {}] = [{list}];", wire.len());
    let from_be = format!("{name}::from_be_bytes(wire)");
    let from_le = format!("{name}::from_le_bytes(wire)");
    let _ = writeln!(text, "  {from_be:<24} = {number}");
    let _ = writeln!(text, "  {from_le:<24} = {wrong}  (read the wrong way round)");
    text
}

/// A number as bits, and as bytes of eight bits each.
pub fn weights(number: i128, integer: Integer) -> String {
    let bytes = bytes_of(number, integer, Order::Big);
    let columns = |cell: &dyn Fn(&u8) -> String| {
        let cells: Vec<_> = bytes.iter().map(cell).collect();
        format!("  {}", cells.join(" "))
    };
    let mut text = "its bits, the most significant first\n".to_owned();
    let _ = writeln!(text, "{}", columns(&|byte| format!("{byte:08b}")));
    let _ = writeln!(text, "{}  hex", columns(&|byte| format!("{:>8}", format!("{byte:02x}"))));
    let decimal = columns(&|byte| format!("{byte:>8}"));
    let _ = writeln!(text, "{decimal}  dec");
    text + &sum(number, integer)
}

/// Why these bytes, read in this order, are this number.
pub fn reading(bytes: &[u8], integer: Integer, order: Order) -> String {
    let number = number_of(bytes, integer, order);
    format!("{}{}", order_of(bytes, order), weights(number, integer))
}

/// Why this number, written in this order, is these bytes.
pub fn writing(number: i128, integer: Integer, order: Order) -> String {
    let bytes = bytes_of(number, integer, order);
    format!("{}{}", weights(number, integer), order_of(&bytes, order))
}

/// Why htons or htonl returns this number on a little-endian machine.
pub fn to_network(number: i128, integer: Integer) -> String {
    let hex = |order| hex(&bytes_of(number, integer, order));
    let result = byte_order::to_network(number, integer, Order::Little);
    format!(
        "{}{:<27} {}\n{:<27} {}\n{:<27} {result}\n",
        weights(number, integer),
        "in little-endian memory",
        hex(Order::Little),
        "in network byte order",
        hex(Order::Big),
        "which that machine reads as",
    )
}

fn order_of(bytes: &[u8], order: Order) -> String {
    let end = match order {
        Order::Big => "first",
        Order::Little => "last",
    };
    let (name, bytes) = (order.name(), hex(bytes));
    format!("{name} endian: the {end} of {bytes} is the most significant\n")
}

/// A number as the sum of its bytes, each multiplied by its weight.
fn sum(number: i128, integer: Integer) -> String {
    let wide = number.rem_euclid(1 << integer.bits());
    let bytes = bytes_of(number, integer, Order::Big);
    let terms = bytes.iter().enumerate().map(|(at, byte)| match bytes.len() - 1 - at {
        0 => format!("{byte}"),
        1 => format!("{byte} x 256"),
        power => format!("{byte} x 256^{power}"),
    });
    let terms: Vec<_> = terms.collect();
    let mut text = String::new();
    for (at, line) in terms.chunks(4).enumerate() {
        let begin = match at {
            0 => format!("{wide} ="),
            _ => format!("{:>width$}", "+", width = wide.to_string().len() + 2),
        };
        let _ = writeln!(text, "  {begin} {}", line.join(" + "));
    }
    if wide != number {
        let bits = integer.bits();
        let _ = writeln!(
            text,
            "  {number} = {wide} - 2^{bits}\n  since the first of its {bits} bits is 1 (two's complement)"
        );
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}
