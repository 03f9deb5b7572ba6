//! Questions to endpoints that were outrun by others.
//!
//! A question that is dropped closes its connection, so whoever is the slowest would have to be connected anew for each question. They are let
//! finish instead, beside the questions that follow.

use super::Asked;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

/// How long an endpoint may still answer that was outrun by the others.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// As many questions may be late; of others the connection closes.
const MOST: usize = 32;

/// The questions that are late.
#[derive(Debug, Default)]
pub(super) struct Late(Mutex<FuturesUnordered<BoxFuture<'static, ()>>>);

impl Late {
    /// Takes what is left of a question to all.
    pub(super) fn keep<T: Send + 'static>(&self, mut asked: Asked<T>) {
        let late = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked.is_empty() && late.len() < MOST {
            let rest = async move { while asked.next().await.is_some() {} };
            late.push(tokio::time::timeout(GRACE, rest).map(|_| ()).boxed());
        }
    }

    /// Lets them go on.
    pub(super) fn go_on(&self, context: &mut Context<'_>) {
        let mut late = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Poll::Ready(Some(())) = late.poll_next_unpin(context) {}
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
