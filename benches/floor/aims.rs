//! The pairs that are compared, and how near a style should come to its floor.

use test_kit::Style;

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
            (Style::ITERATIVE, Floor::C("iterative"), 0.95),
            (Style::FORK, Floor::C("fork"), 0.95),
            (Style::THREAD, Floor::C("thread"), 0.95),
            (Style::SELECT, Floor::C("select"), 0.95),
            (Style::ASYNC, Floor::C("epoll"), 0.9),
            (Style::POLL, Floor::C("poll"), 0.9),
            (Style::EPOLL, Floor::C("epoll"), 0.9),
            (Style::EXECUTOR, Floor::C("epoll"), 0.9),
            (Style::URING, Floor::C("uring"), 0.95),
            (Style::URING, Floor::C("epoll"), 0.9),
            (Style::PREFORK, Floor::C("prefork"), 0.95),
            (Style::POOL, Floor::C("pool"), 0.95),
        ],
    ),
    (
        "echo, 64 B, 64 connections",
        Load::Echo(64),
        &[
            (Style::FORK, Floor::C("fork"), 0.9),
            (Style::THREAD, Floor::C("thread"), 0.95),
            (Style::SELECT, Floor::C("select"), 0.95),
            (Style::ASYNC, Floor::C("epoll"), 0.9),
            (Style::ASYNC, Floor::Tokio("tokio_echo"), 0.95),
            (Style::POLL, Floor::C("poll"), 0.95),
            (Style::EPOLL, Floor::C("epoll"), 0.95),
            (Style::EXECUTOR, Floor::C("epoll"), 0.95),
            (Style::URING, Floor::C("uring"), 0.95),
            (Style::URING, Floor::C("epoll"), 1.0),
            // Prefork has 16 workers.
            (Style::POOL, Floor::C("pool"), 0.95),
        ],
    ),
    (
        "echo, 64 B, 1,000 connections",
        Load::Echo(1000),
        &[
            (Style::POLL, Floor::C("poll"), 0.95),
            (Style::EPOLL, Floor::C("epoll"), 0.95),
            (Style::EXECUTOR, Floor::C("epoll"), 0.95),
            (Style::URING, Floor::C("uring"), 0.95),
            (Style::URING, Floor::C("epoll"), 1.0),
        ],
    ),
    (
        "echo, 64 KiB, 1 connection",
        Load::Stream(64 * 1024),
        &[
            (Style::ITERATIVE, Floor::C("iterative"), 0.95),
            (Style::FORK, Floor::C("fork"), 0.95),
            (Style::THREAD, Floor::C("thread"), 0.95),
            (Style::SELECT, Floor::C("select"), 0.95),
            (Style::ASYNC, Floor::C("epoll"), 0.95),
            (Style::POLL, Floor::C("poll"), 0.95),
            (Style::EPOLL, Floor::C("epoll"), 0.95),
            (Style::EXECUTOR, Floor::C("epoll"), 0.95),
            (Style::URING, Floor::C("uring"), 0.85),
            (Style::URING, Floor::C("epoll"), 0.85),
            (Style::PREFORK, Floor::C("prefork"), 0.95),
            (Style::POOL, Floor::C("pool"), 0.95),
        ],
    ),
    (
        "connect, fortune, close",
        Load::Fortune,
        &[
            (Style::ITERATIVE, Floor::C("fortune"), 0.9),
            (Style::FORK, Floor::C("fortune_fork"), 0.9),
            (Style::THREAD, Floor::C("fortune"), 0.6),
            (Style::SELECT, Floor::C("fortune"), 0.9),
            (Style::ASYNC, Floor::C("fortune"), 0.9),
            (Style::POLL, Floor::C("fortune"), 0.9),
            (Style::EPOLL, Floor::C("fortune"), 0.95),
            (Style::EXECUTOR, Floor::C("fortune"), 0.9),
            (Style::URING, Floor::C("fortune"), 0.9),
            (Style::PREFORK, Floor::C("fortune_prefork"), 0.9),
            (Style::POOL, Floor::C("fortune_pool"), 0.9),
        ],
    ),
    (
        "chat of 100, 1 speaker, 64 lines under way",
        Load::Chat { speakers: 1, lines: 64 },
        &[
            (Style::FORK, Floor::Tokio("tokio_chat"), 5.0),
            (Style::THREAD, Floor::Tokio("tokio_chat"), 8.0),
            (Style::SELECT, Floor::Tokio("tokio_chat"), 8.0),
            (Style::ASYNC, Floor::Tokio("tokio_chat"), 8.0),
            (Style::POLL, Floor::Tokio("tokio_chat"), 8.0),
            (Style::EPOLL, Floor::Tokio("tokio_chat"), 8.0),
            (Style::EXECUTOR, Floor::Tokio("tokio_chat"), 8.0),
            (Style::URING, Floor::Tokio("tokio_chat"), 8.0),
            (Style::FORK, Floor::Nats, 1.0),
            (Style::THREAD, Floor::Nats, 1.0),
            (Style::SELECT, Floor::Nats, 1.0),
            (Style::ASYNC, Floor::Nats, 1.0),
            (Style::POLL, Floor::Nats, 1.0),
            (Style::EPOLL, Floor::Nats, 1.0),
            (Style::EXECUTOR, Floor::Nats, 1.0),
            (Style::URING, Floor::Nats, 1.0),
        ],
    ),
    (
        "chat of 100, 1 speaker, 1 line under way",
        Load::Chat { speakers: 1, lines: 1 },
        &[
            (Style::FORK, Floor::Tokio("tokio_chat"), 0.4),
            (Style::THREAD, Floor::Tokio("tokio_chat"), 0.7),
            (Style::SELECT, Floor::Tokio("tokio_chat"), 1.0),
            (Style::ASYNC, Floor::Tokio("tokio_chat"), 1.0),
            (Style::POLL, Floor::Tokio("tokio_chat"), 1.0),
            (Style::EPOLL, Floor::Tokio("tokio_chat"), 1.0),
            (Style::EXECUTOR, Floor::Tokio("tokio_chat"), 1.0),
            (Style::URING, Floor::Tokio("tokio_chat"), 1.0),
            (Style::FORK, Floor::Nats, 1.0),
            (Style::THREAD, Floor::Nats, 1.0),
            (Style::SELECT, Floor::Nats, 1.0),
            (Style::ASYNC, Floor::Nats, 1.0),
            (Style::POLL, Floor::Nats, 1.0),
            (Style::EPOLL, Floor::Nats, 1.0),
            (Style::EXECUTOR, Floor::Nats, 1.0),
            (Style::URING, Floor::Nats, 1.0),
        ],
    ),
    (
        "chat of 100, 10 speakers, 8 lines each under way",
        Load::Chat { speakers: 10, lines: 8 },
        &[
            (Style::FORK, Floor::Tokio("tokio_chat"), 1.0),
            (Style::THREAD, Floor::Tokio("tokio_chat"), 1.0),
            (Style::SELECT, Floor::Tokio("tokio_chat"), 1.0),
            (Style::ASYNC, Floor::Tokio("tokio_chat"), 1.0),
            (Style::POLL, Floor::Tokio("tokio_chat"), 1.0),
            (Style::EPOLL, Floor::Tokio("tokio_chat"), 1.0),
            (Style::EXECUTOR, Floor::Tokio("tokio_chat"), 1.0),
            (Style::URING, Floor::Tokio("tokio_chat"), 1.0),
            (Style::FORK, Floor::Nats, 1.0),
            (Style::THREAD, Floor::Nats, 1.0),
            (Style::SELECT, Floor::Nats, 1.0),
            (Style::ASYNC, Floor::Nats, 1.0),
            (Style::POLL, Floor::Nats, 1.0),
            (Style::EPOLL, Floor::Nats, 1.0),
            (Style::EXECUTOR, Floor::Nats, 1.0),
            (Style::URING, Floor::Nats, 1.0),
        ],
    ),
];

/// The memory that an idle connection may cost a style, in KiB.
pub(crate) const MEMORY: &[Pair] = &[
    (Style::FORK, Floor::C("fork"), 160.0),
    (Style::THREAD, Floor::C("thread"), 24.0),
    (Style::SELECT, Floor::C("select"), 2.0),
    (Style::ASYNC, Floor::C("epoll"), 2.0),
    (Style::ASYNC, Floor::Tokio("tokio_echo"), 2.0),
    (Style::POLL, Floor::C("poll"), 0.5),
    (Style::EPOLL, Floor::C("epoll"), 0.5),
    (Style::EXECUTOR, Floor::C("epoll"), 0.6),
    (Style::URING, Floor::C("uring"), 0.5),
];
