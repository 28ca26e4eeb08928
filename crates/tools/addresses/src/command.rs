//! The command line.

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::byte_order::{Integer, Order};
use crate::class::Class;
use crate::drill::{self, Subject};
use crate::paint::Painter;
use crate::read::{self, Address, Wrong, wrong};
use crate::{ipv6, subnet, working};

/// Bytes and addresses, each result with its working; and drills
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept addresses bytes 16909060 --as u32
  after-accept addresses bytes -2 --as i16
  after-accept addresses subnet 200.201.145.128/26
  after-accept addresses same 10.10.23.1 10.100.55.3 --prefix 8
  after-accept addresses split 10.0.0.0/24 --into 4
  after-accept addresses join 10.0.0.0/25 10.0.0.128/25
  after-accept addresses class 150.164.34.99
  after-accept addresses broadcast 150.164.34.99/26
  after-accept addresses mac 224.202.20.30
  after-accept addresses groups 01:00:5e:4a:14:1e
  after-accept addresses drill subnet --seed 7 --count 10

Exit status: 0 the question is answered, 1 something failed on the way, 2 wrong usage.")]
pub struct Command {
    #[command(subcommand)]
    question: Question,
}

#[derive(Clone, Debug, Subcommand)]
enum Question {
    /// The bytes of a number in memory and on the wire
    Bytes {
        /// In decimal, or in hexadecimal after 0x
        #[arg(allow_negative_numbers = true)]
        number: String,
        /// The type of the number
        #[arg(long = "as", value_name = "TYPE", value_parser = integer(), default_value = "u32")]
        integer: Integer,
    },
    /// The network of an address: mask, first and last host, broadcast, number of hosts
    Subnet {
        /// IPv4 or IPv6, such as 200.201.145.128/26 or 2001:db8::/32
        #[arg(value_name = "ADDRESS/PREFIX")]
        network: String,
    },
    /// Whether two addresses are in the same network
    Same {
        /// One address, IPv4 or IPv6
        one: String,
        /// The other one
        other: String,
        /// The number of bits that name the network, such as 24
        #[arg(long)]
        prefix: String,
    },
    /// Split a network into equal parts
    Split {
        /// The network to split, such as 10.0.0.0/24
        #[arg(value_name = "NETWORK/PREFIX")]
        network: String,
        /// The number of parts: 2, 4, 8 or another power of two
        #[arg(long, value_name = "PARTS")]
        into: String,
    },
    /// Join two networks into one, if they are its halves
    Join {
        /// One network, such as 10.0.0.0/25
        #[arg(value_name = "NETWORK/PREFIX")]
        one: String,
        /// The other one
        #[arg(value_name = "NETWORK/PREFIX")]
        other: String,
    },
    /// The class of an IPv4 address, and why classes are no longer used
    Class {
        /// Such as 150.164.34.99
        address: String,
    },
    /// The four kinds of broadcast of a host, and which of them still work
    Broadcast {
        /// The host, such as 150.164.34.99/26
        #[arg(value_name = "ADDRESS/PREFIX")]
        host: String,
    },
    /// The MAC address of a multicast group
    Mac {
        /// IPv4 or IPv6, such as 224.202.20.30 or ff02::1
        group: String,
    },
    /// The multicast groups of a MAC address
    Groups {
        /// Such as 01:00:5e:4a:14:1e
        mac: String,
    },
    /// Practise: answer questions; a wrong answer shows the likely mistake
    Drill {
        /// The subject
        #[arg(value_parser = subject())]
        subject: Subject,
        /// A seed; the same seed asks the same questions [default: random]
        #[arg(long, value_name = "N",
            value_parser = |text: &str| read::seed(text).map_err(|wrong| wrong.why().to_owned()))]
        seed: Option<u32>,
        /// The number of questions
        #[arg(long, value_name = "N", default_value_t = 10,
            value_parser = clap::value_parser!(u32).range(1..))]
        count: u32,
    },
}

/// Answers the command's question on standard output, and returns the exit status: 0 if it is
/// answered, 1 if something failed on the way, 2 for wrong usage.
///
/// A failure is reported on standard error. If the input is wrong, carets show where.
pub fn run(command: Command) -> ExitCode {
    let failure = match answer(command.question) {
        Ok(()) => return ExitCode::SUCCESS,
        // The reader, such as `head`, has read enough and closed the pipe: this is no failure.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Err(failure) => failure,
    };
    // `eprintln!` would panic if standard error is closed.
    let _ = writeln!(anstream::stderr(), "error: {failure:#}");
    match failure {
        Failure::Usage(_) => ExitCode::from(2),
        Failure::Input(_) | Failure::Output(_) => ExitCode::FAILURE,
    }
}

/// The reason why there is no answer.
#[derive(Debug)]
enum Failure {
    Usage(Wrong),
    Input(io::Error),
    Output(io::Error),
}

/// An error of the system without its number, which the standard library puts behind it.
fn shown(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or_default().to_owned()
}

impl From<drill::Failure> for Failure {
    fn from(failure: drill::Failure) -> Failure {
        match failure {
            drill::Failure::Input(error) => Failure::Input(error),
            drill::Failure::Output(error) => Failure::Output(error),
        }
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Failure {
        Failure::Usage(wrong)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(wrong) => wrong.fmt(f),
            Failure::Input(error) => write!(f, "cannot read standard input: {}", shown(error)),
            Failure::Output(error) => write!(f, "cannot write standard output: {}", shown(error)),
        }
    }
}

impl Error for Failure {}

fn answer(question: Question) -> Result<(), Failure> {
    if let Question::Drill { subject, seed, count } = question {
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0) as u32);
        // Without a terminal, a prompt would only be noise in the output.
        let prompt = io::stdin().is_terminal() && io::stdout().is_terminal();
        let prompt = if prompt { "> " } else { "" };
        let (input, output) = (io::stdin().lock(), Painter::new(anstream::stdout().lock()));
        return Ok(drill::run(subject, seed, count, prompt, input, output)?);
    }
    let text = text(question)?;
    let mut output = Painter::new(anstream::stdout().lock());
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(Failure::Output)
}

fn text(question: Question) -> Result<String, Wrong> {
    Ok(match question {
        Question::Bytes { number, integer } => {
            working::bytes(read::integer(&number, integer)?, integer, Order::HOST)
        }
        Question::Subnet { network } => match read::address_and_prefix(&network)? {
            (Address::V4(address), prefix) => working::subnet(address, prefix),
            (Address::V6(address), prefix) => working::subnet_ipv6(address, prefix),
        },
        Question::Same { one, other, prefix } => same(&one, &other, &prefix)?,
        Question::Split { network, into } => match self::network(&network)? {
            Network::V4(whole) => working::split(whole, longer(&into, whole.prefix(), 32)?),
            Network::V6(whole) => working::split_ipv6(whole, longer(&into, whole.prefix(), 128)?),
        },
        Question::Join { one, other } => match (network(&one)?, network(&other)?) {
            (Network::V4(one), Network::V4(other)) => working::join(one, other),
            (Network::V6(one), Network::V6(other)) => working::join_ipv6(one, other),
            _ => return Err(other_kind(&other)),
        },
        Question::Class { address } => working::class(read::ipv4(&address)?),
        Question::Broadcast { host } => match read::address_and_prefix(&host)? {
            (Address::V4(address), prefix) if Class::of(address).prefix().is_some() => {
                working::broadcasts(address, prefix)
            }
            (Address::V4(_), _) => {
                let first = host.find('.').unwrap_or(host.len());
                let why = "no host has an address that begins with 224 or more";
                return Err(wrong(&host, 0..first, why));
            }
            (Address::V6(_), _) => {
                let why = "IPv6 has no broadcast; the group ff02::1 is everyone on the link";
                return Err(wrong(&host, 0..host.len(), why));
            }
        },
        Question::Mac { group } => match read::group(&group)? {
            Address::V4(group) => working::mac_of_group(group),
            Address::V6(group) => working::mac_of_ipv6_group(group),
        }
        .expect("a checked group"),
        Question::Groups { mac } => {
            working::groups(read::mac_of_groups(&mac)?).expect("a checked address has groups")
        }
        Question::Drill { .. } => unreachable!("a drill is a conversation, not a text"),
    })
}

fn same(one: &str, other: &str, prefix: &str) -> Result<String, Wrong> {
    match (read::address(one)?, read::address(other)?) {
        (Address::V4(one), Address::V4(other)) => {
            Ok(working::same(one, other, read::prefix(prefix, 32)?))
        }
        (Address::V6(one), Address::V6(other)) => {
            Ok(working::same_ipv6(one, other, read::prefix(prefix, 128)?))
        }
        _ => Err(other_kind(other)),
    }
}

/// A network of either kind.
enum Network {
    V4(subnet::Network),
    V6(ipv6::Network),
}

/// Reads a network. It must be written with its own address.
fn network(text: &str) -> Result<Network, Wrong> {
    let (network, is_its_own, name) = match read::address_and_prefix(text)? {
        (Address::V4(address), prefix) => {
            let network = subnet::Network::of(address, prefix);
            let is_its_own = network.address() == address;
            (Network::V4(network), is_its_own, network.to_string())
        }
        (Address::V6(address), prefix) => {
            let network = ipv6::Network::of(address, prefix);
            let is_its_own = network.address() == address;
            (Network::V6(network), is_its_own, network.to_string())
        }
    };
    if is_its_own {
        return Ok(network);
    }
    let address = text.find('/').unwrap_or(text.len());
    let why = format!("an address inside a network; the network itself is {name}");
    Err(wrong(text, 0..address, why))
}

/// The prefix of the parts if a network with this prefix is split into this many.
fn longer(into: &str, prefix: u8, bits: u8) -> Result<u8, Wrong> {
    let parts = read::number(into)?;
    let place = 0..into.len();
    if parts < 2 {
        return Err(wrong(into, place, "a split makes 2 parts or more"));
    }
    let more = parts.unsigned_abs().trailing_zeros();
    if !parts.unsigned_abs().is_power_of_two() {
        let why = match parts.unsigned_abs().checked_next_power_of_two() {
            Some(next) => format!(
                "each bit doubles the parts: 2, 4, 8 and so on; take {next}, and keep {} for later",
                next - parts.unsigned_abs()
            ),
            None => "each bit doubles the parts: 2, 4, 8 and so on".to_owned(),
        };
        return Err(wrong(into, place, why));
    }
    let left = u32::from(bits - prefix);
    if more > left {
        let why = format!("a /{prefix} has 2^{left} addresses, but this would need 2^{more}");
        return Err(wrong(into, place, why));
    }
    // The sum is at most `bits`, which is at most 128.
    Ok(prefix + more as u8)
}

fn other_kind(text: &str) -> Wrong {
    let why = "one is IPv4 and the other is IPv6: no network has both";
    wrong(text, 0..text.len(), why)
}

fn integer() -> impl TypedValueParser<Value = Integer> {
    let names = Integer::ALL.map(Integer::name);
    PossibleValuesParser::new(names).try_map(|name| {
        let mut all = Integer::ALL.into_iter();
        all.find(|integer| integer.name() == name).ok_or("there is no such type")
    })
}

fn subject() -> impl TypedValueParser<Value = Subject> {
    let names = Subject::ALL.map(Subject::name);
    PossibleValuesParser::new(names).try_map(|name| {
        let mut all = Subject::ALL.into_iter();
        all.find(|subject| subject.name() == name).ok_or("there is no such subject")
    })
}
