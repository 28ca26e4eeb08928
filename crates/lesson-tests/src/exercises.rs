//! The solutions of the exercises: a module a chapter, each with the tests that hold it.

pub mod five_minutes;
pub mod pipe_to_socket;
pub mod services;
