//! Bytes and addresses, by hand.
#![forbid(unsafe_code)]
pub mod broadcast;
pub mod byte_order;
pub mod class;
pub mod ipv6;
pub mod multicast;
pub mod read;
pub mod special;
pub mod subnet;
