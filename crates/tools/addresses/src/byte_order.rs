//! Byte order: which byte of a number comes first, in memory and on the wire.

/// The byte order: which byte of a number stands at the lowest address, and is sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The most significant byte first, as people write numbers. This is network byte order (RFC
    /// 791, appendix B).
    Big,
    /// The least significant byte first, as on x86 and most ARM systems.
    Little,
}

impl Order {
    /// The order of the machine for which this is compiled.
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
/// The bytes of `number` in the order in which they stand in memory or on the wire.
///
/// `to_be_bytes` and `to_le_bytes` do the same. If a number does not fit into the type, only its
/// lower bytes are kept.
pub fn bytes(number: i128, integer: Integer, order: Order) -> Vec<u8> {
    let byte = |significance: u32| (number >> (8 * significance)) as u8;
    let significances = 0..integer.bits() / 8;
    match order {
        Order::Little => significances.map(byte).collect(),
        Order::Big => significances.rev().map(byte).collect(),
    }
}
// ANCHOR_END: bytes

/// The number that `bytes` form in this order; a signed one is in two's complement.
///
/// `from_be_bytes` and `from_le_bytes` do the same.
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

/// The number that you get if you read the bytes in the wrong order: 255 as a u16 becomes 65280.
pub fn swapped(number: i128, integer: Integer) -> i128 {
    self::number(&bytes(number, integer, Order::Big), integer, Order::Little)
}

// ANCHOR: to_network
/// The result of htons(3) and htonl(3) on a machine of this order: the number whose bytes in that
/// machine's memory are in network byte order. ntohs and ntohl do exactly the same.
///
/// In short: on a little-endian machine it is [`swapped`], and on a big-endian machine nothing
/// changes.
pub fn to_network(number: i128, integer: Integer, host: Order) -> i128 {
    self::number(&bytes(number, integer, Order::NETWORK), integer, host)
}
// ANCHOR_END: to_network

/// An integer type, named as in Rust.
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
    /// All types.
    pub const ALL: [Integer; 6] =
        [Integer::U16, Integer::U32, Integer::U64, Integer::I16, Integer::I32, Integer::I64];

    /// The name in Rust.
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

    /// The number of bits.
    pub fn bits(self) -> u32 {
        match self {
            Integer::U16 | Integer::I16 => 16,
            Integer::U32 | Integer::I32 => 32,
            Integer::U64 | Integer::I64 => 64,
        }
    }

    /// Whether the type has negative numbers.
    pub fn is_signed(self) -> bool {
        matches!(self, Integer::I16 | Integer::I32 | Integer::I64)
    }

    /// The least number of the type.
    pub fn least(self) -> i128 {
        if self.is_signed() { -(1 << (self.bits() - 1)) } else { 0 }
    }

    /// The greatest number of the type.
    pub fn most(self) -> i128 {
        self.least() + (1 << self.bits()) - 1
    }

    /// The unsigned type of the same width, which C's functions take.
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
