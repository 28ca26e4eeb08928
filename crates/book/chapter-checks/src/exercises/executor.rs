//! A future of two futures.

// ANCHOR: both
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Waits until both futures are done, and returns both results. The two wait at the same time.
pub async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut of_a, mut of_b) = (None, None);
    poll_fn(|context| {
        // A future that is done must not be polled again.
        if of_a.is_none()
            && let Poll::Ready(done) = a.as_mut().poll(context)
        {
            of_a = Some(done);
        }
        if of_b.is_none()
            && let Poll::Ready(done) = b.as_mut().poll(context)
        {
            of_b = Some(done);
        }
        match (of_a.take(), of_b.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (of_a, of_b) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}
// ANCHOR_END: both

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::task::{Context, Waker};

    use super::*;

    /// A future that is done when it is polled for this many times. It may not be polled again.
    fn after(polls: u32) -> impl Future<Output = u32> {
        let mut left = polls;
        poll_fn(move |_| {
            left = left.checked_sub(1).expect("it is not done");
            if left == 0 { Poll::Ready(polls) } else { Poll::Pending }
        })
    }

    #[test]
    fn both_are_done_with_the_slower_one() {
        for (a, b) in [(1, 1), (1, 3), (3, 1)] {
            let mut polls = 0;
            let mut future = pin!(both(after(a), after(b)));
            let done = loop {
                polls += 1;
                match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(done) => break done,
                    Poll::Pending => {}
                }
            };
            assert_eq!((done, polls), ((a, b), a.max(b)));
        }
    }

    #[test]
    fn the_results_may_have_different_types() {
        let mut future = pin!(both(ready("word"), ready(7)));
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(("word", 7)));
    }
}
