//! What is compared with what, and how near a style should come.

use test_kit::Style::{self, Async, Fork, Iterative, Select, Thread};

use crate::load::Load;
use crate::server::Floor;

/// A style, the floor that it stands on, and an aim.
pub(crate) type Pair = (Style, Floor, f64);

/// The part of the floor's speed that a style should reach.
pub(crate) const SPEED: &[(&str, Load, &[Pair])] = &[
    (
        "echo, 64 B, 1 connection",
        Load::Echo(1),
        &[
            (Iterative, Floor::C("iterative"), 0.95),
            (Fork, Floor::C("fork"), 0.95),
            (Thread, Floor::C("thread"), 0.95),
            (Select, Floor::C("select"), 0.95),
            (Async, Floor::C("epoll"), 0.9),
        ],
    ),
    (
        "echo, 64 B, 64 connections",
        Load::Echo(64),
        &[
            (Fork, Floor::C("fork"), 0.9),
            (Thread, Floor::C("thread"), 0.95),
            (Select, Floor::C("select"), 0.95),
            (Async, Floor::C("epoll"), 0.9),
            (Async, Floor::Tokio("tokio_echo"), 0.95),
        ],
    ),
    (
        "echo, 64 KiB, 1 connection",
        Load::Stream(64 * 1024),
        &[
            (Iterative, Floor::C("iterative"), 0.95),
            (Fork, Floor::C("fork"), 0.95),
            (Thread, Floor::C("thread"), 0.95),
            (Select, Floor::C("select"), 0.95),
            (Async, Floor::C("epoll"), 0.95),
        ],
    ),
    (
        "connect, fortune, close",
        Load::Fortune,
        &[
            (Iterative, Floor::C("fortune"), 0.9),
            (Fork, Floor::C("fortune_fork"), 0.9),
            (Thread, Floor::C("fortune"), 0.6),
            (Select, Floor::C("fortune"), 0.9),
            (Async, Floor::C("fortune"), 0.9),
        ],
    ),
    (
        "chat of 100, 1 speaker, 64 lines under way",
        Load::Chat { speakers: 1, lines: 64 },
        &[
            (Fork, Floor::Tokio("tokio_chat"), 5.0),
            (Thread, Floor::Tokio("tokio_chat"), 8.0),
            (Select, Floor::Tokio("tokio_chat"), 8.0),
            (Async, Floor::Tokio("tokio_chat"), 8.0),
        ],
    ),
    (
        "chat of 100, 1 speaker, 1 line under way",
        Load::Chat { speakers: 1, lines: 1 },
        &[
            (Fork, Floor::Tokio("tokio_chat"), 0.4),
            (Thread, Floor::Tokio("tokio_chat"), 0.7),
            (Select, Floor::Tokio("tokio_chat"), 1.0),
            (Async, Floor::Tokio("tokio_chat"), 1.0),
        ],
    ),
    (
        "chat of 100, 10 speakers, 8 lines each under way",
        Load::Chat { speakers: 10, lines: 8 },
        &[
            (Fork, Floor::Tokio("tokio_chat"), 1.0),
            (Thread, Floor::Tokio("tokio_chat"), 1.0),
            (Select, Floor::Tokio("tokio_chat"), 1.0),
            (Async, Floor::Tokio("tokio_chat"), 1.0),
        ],
    ),
];

/// What an idle connection may cost a style, in KiB.
pub(crate) const MEMORY: &[Pair] = &[
    (Fork, Floor::C("fork"), 160.0),
    (Thread, Floor::C("thread"), 24.0),
    (Select, Floor::C("select"), 2.0),
    (Async, Floor::C("epoll"), 2.0),
    (Async, Floor::Tokio("tokio_echo"), 2.0),
];
