//! The solutions of the exercises: a module a chapter, each with the tests that hold it.
