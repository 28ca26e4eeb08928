//! Byte order: which byte of a number comes first, in memory and on the wire.

/// Which byte of a number stands at the lowest address, and leaves first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The most significant one, as people write numbers. This is network byte order (RFC 791,
    /// appendix B).
    Big,
    /// The least significant one, as x86 and most ARM systems have it.
    Little,
}

impl Order {
    /// The order of the machine that this is compiled for.
    pub const HOST: Order = if cfg!(target_endian = "big") { Order::Big } else { Order::Little };

    /// The order of every number in a header of IP, TCP or UDP.
    pub const NETWORK: Order = Order::Big;

    /// `big` or `little`.
    pub fn name(self) -> &'static str {
        match self {
            Order::Big => "big",
            Order::Little => "little",
        }
    }
}

// ANCHOR: bytes
/// The bytes of `number` as they follow one another in memory or on the wire.
///
/// This is what `to_be_bytes` and `to_le_bytes` do. Of a number that does not fit into the type
/// only the lower bytes are left.
pub fn bytes(number: i128, integer: Integer, order: Order) -> Vec<u8> {
    let byte = |significance: u32| (number >> (8 * significance)) as u8;
    let significances = 0..integer.bits() / 8;
    match order {
        Order::Little => significances.map(byte).collect(),
        Order::Big => significances.rev().map(byte).collect(),
    }
}
// ANCHOR_END: bytes

/// The number that `bytes` are, read in this order; a signed one in two's complement.
///
/// This is what `from_be_bytes` and `from_le_bytes` do.
pub fn number(bytes: &[u8], integer: Integer, order: Order) -> i128 {
    let append = |number: i128, byte: &u8| number * 256 + i128::from(*byte);
    let number = match order {
        Order::Big => bytes.iter().fold(0, append),
        Order::Little => bytes.iter().rev().fold(0, append),
    };
    if number > integer.most() {
        // The highest bit of a signed number counts below zero.
        number - (1 << integer.bits())
    } else {
        number
    }
}

/// What somebody reads who takes one order for the other: 255 as a u16 becomes 65280.
pub fn swapped(number: i128, integer: Integer) -> i128 {
    self::number(&bytes(number, integer, Order::Big), integer, Order::Little)
}

// ANCHOR: to_network
/// What htons(3) and htonl(3) return on a machine of this order: the number whose bytes in that
/// machine's memory are the ones that the wire shall carry. ntohs and ntohl do the very same.
///
/// Put simply: on a little-endian machine it is [`swapped`], on a big-endian one nothing is done.
pub fn to_network(number: i128, integer: Integer, host: Order) -> i128 {
    self::number(&bytes(number, integer, Order::NETWORK), integer, host)
}
// ANCHOR_END: to_network

/// A type of numbers, by its name in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer {
    /// 16 bits, such as a port.
    U16,
    /// 32 bits, such as an IPv4 address or TCP's sequence number.
    U32,
    /// 64 bits, such as NTP's timestamp.
    U64,
    /// 16 bits with a sign.
    I16,
    /// 32 bits with a sign.
    I32,
    /// 64 bits with a sign.
    I64,
}

impl Integer {
    /// All there are.
    pub const ALL: [Integer; 6] =
        [Integer::U16, Integer::U32, Integer::U64, Integer::I16, Integer::I32, Integer::I64];

    /// Its name in Rust.
    pub fn name(self) -> &'static str {
        match self {
            Integer::U16 => "u16",
            Integer::U32 => "u32",
            Integer::U64 => "u64",
            Integer::I16 => "i16",
            Integer::I32 => "i32",
            Integer::I64 => "i64",
        }
    }

    /// How many bits it has.
    pub fn bits(self) -> u32 {
        match self {
            Integer::U16 | Integer::I16 => 16,
            Integer::U32 | Integer::I32 => 32,
            Integer::U64 | Integer::I64 => 64,
        }
    }

    /// Whether it can be below zero.
    pub fn is_signed(self) -> bool {
        matches!(self, Integer::I16 | Integer::I32 | Integer::I64)
    }

    /// The least number that it holds.
    pub fn least(self) -> i128 {
        if self.is_signed() { -(1 << (self.bits() - 1)) } else { 0 }
    }

    /// The greatest number that it holds.
    pub fn most(self) -> i128 {
        self.least() + (1 << self.bits()) - 1
    }

    /// The same width without a sign: what C's functions take.
    pub fn unsigned(self) -> Integer {
        match self.bits() {
            16 => Integer::U16,
            32 => Integer::U32,
            _ => Integer::U64,
        }
    }

    /// C's names for host to network and network to host: byteorder(3), and endian(3) for 64 bits.
    pub fn c_names(self) -> [&'static str; 2] {
        match self.bits() {
            16 => ["htons", "ntohs"],
            32 => ["htonl", "ntohl"],
            _ => ["htobe64", "be64toh"],
        }
    }
}
