//! Several endpoints of one root chain that must agree.
//!
//! Every question goes to all of them at once. An answer counts once `agree` of them have given it, which is more than half, so that no two
//! answers ever count. Those who say something else are outvoted, and named in the log. Where no answer has enough voices:
//!
//! - Some are away, behind, or refuse, and the others say the same: [`RootError::Unavailable`], [`RootError::NotFinal`], [`RootError::Refused`].
//! - They contradict each other, and still do when asked again: about what is final that is [`RootError::Disagreement`], and the chain must
//!   be halted; about what moves they were asked at different moments, and it is [`RootError::Unavailable`].

use super::{BlockRef, RootChainId, RootError};
use crate::metrics;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use late::Late;
use std::{
    fmt::Debug,
    future::{Future, poll_fn},
    time::Duration,
};

mod late;

/// How often endpoints that contradict each other are asked in all: one of many nodes behind one URL may have been a moment behind.
const TRIES: u32 = 3;

/// Why an endpoint gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// Not reached, not in time, or too busy.
    Away(String),
    /// Its final head is below what was asked about.
    Lags {
        /// Height asked for.
        asked: u64,
        /// Its final head.
        head: u64,
    },
    /// It cannot or will not, and says why; or its answer is of no use.
    Refuses(String),
}

impl NoAnswer {
    pub(super) fn why(&self) -> String {
        match self {
            Self::Away(why) | Self::Refuses(why) => why.clone(),
            Self::Lags { asked, head } => format!("it is at block {head}, below {asked}"),
        }
    }
}

/// What contradiction means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// What can never change: somebody lies.
    Final,
    /// What changes by the block: they were asked at different moments.
    Moving,
}

/// How endpoints are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// How many must give the same answer; more than half of all. If none, the fewest that are more than half.
    pub agree: Option<usize>,
    /// How long one endpoint may take to answer.
    pub patience: Duration,
    /// Time before endpoints that contradict each other are asked again.
    pub pause: Duration,
}

impl Default for Agreement {
    fn default() -> Self {
        Self { agree: None, patience: Duration::from_secs(20), pause: Duration::from_secs(2) }
    }
}

#[derive(Debug)]
struct Member<E> {
    /// Without what may be secret in its URL.
    name: String,
    way: E,
}

/// Questions under way, each with the place of its endpoint.
type Asked<T> = FuturesUnordered<BoxFuture<'static, (usize, Result<T, NoAnswer>)>>;

/// The endpoints of a root chain; `E` is the way to one of them.
#[derive(Debug)]
pub(super) struct Endpoints<E> {
    root: RootChainId,
    members: Vec<Member<E>>,
    needed: usize,
    agreement: Agreement,
    /// Questions that were not waited for.
    late: Late,
}

/// Must have run before the first client is made, which panics without it. Does nothing where the program has done it.
pub(super) fn prepare_tls() {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Scheme, host and port of a URL: paths and user names often hold keys.
pub(super) fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

impl<E: Clone + Send + Sync> Endpoints<E> {
    /// Pairs of URL and way.
    ///
    /// Errors: there is none, one stands there twice, or `agree` is not more than half of them.
    pub(super) fn new(root: RootChainId, ways: Vec<(String, E)>, agreement: Agreement) -> Result<Self, RootError> {
        let wrong = |why: String| RootError::Configuration { root, why };
        let count = ways.len();
        if count == 0 {
            return Err(wrong("no endpoint is named; name at least one".to_owned()));
        }
        for (index, (url, _)) in ways.iter().enumerate() {
            if ways.iter().skip(index.saturating_add(1)).any(|(other, _)| other == url) {
                return Err(wrong(format!("the endpoint {} is named twice: it cannot agree with itself", shown(url))));
            }
        }
        let half = count.div_euclid(2);
        let needed = agreement.agree.unwrap_or_else(|| half.saturating_add(1));
        if needed <= half || needed > count {
            let least = half.saturating_add(1);
            return Err(wrong(format!("{needed} of {count} endpoints must agree; choose {least} to {count}")));
        }
        let members = ways.into_iter().map(|(url, way)| Member { name: shown(&url), way }).collect();
        Ok(Self { root, members, needed, agreement, late: Late::default() })
    }

    /// Which chain.
    pub(super) const fn root(&self) -> RootChainId {
        self.root
    }

    /// How many must agree.
    pub(super) const fn needed(&self) -> usize {
        self.needed
    }

    fn asked<T, Fut>(&self, ask: impl Fn(E) -> Fut) -> Asked<T>
    where
        T: Send + 'static,
        Fut: Future<Output = Result<T, NoAnswer>> + Send + 'static,
    {
        let patience = self.agreement.patience;
        let all = FuturesUnordered::new();
        for (place, member) in self.members.iter().enumerate() {
            let asked = tokio::time::timeout(patience, ask(member.way.clone()));
            let late = move |_| Err(NoAnswer::Away(format!("nothing within {patience:?}")));
            all.push(async move { (place, asked.await.unwrap_or_else(late)) }.boxed());
        }
        all
    }

    /// The next answer; those who are late go on in the meantime.
    async fn next<T>(&self, asked: &mut Asked<T>) -> Option<(usize, Result<T, NoAnswer>)> {
        poll_fn(|context| {
            self.late.go_on(context);
            asked.poll_next_unpin(context)
        })
        .await
    }

    fn name(&self, place: usize) -> &str {
        self.members.get(place).map_or("", |member| member.name.as_str())
    }

    /// The answer that enough endpoints give.
    pub(super) async fn agree<T, Fut>(
        &self,
        what: &str,
        about: About,
        ask: impl Fn(E) -> Fut + Send + Sync,
    ) -> Result<T, RootError>
    where
        T: PartialEq + Debug + Send + 'static,
        Fut: Future<Output = Result<T, NoAnswer>> + Send + 'static,
    {
        let mut tries = 1;
        loop {
            let outcome = self.agree_once(what, about, &ask).await;
            let contradicts = match &outcome {
                Err(RootError::Disagreement { .. }) => true,
                Err(RootError::Unavailable { answered, needed, .. }) => answered >= needed,
                _ => false,
            };
            if !contradicts || tries == TRIES {
                if matches!(outcome, Err(RootError::Disagreement { .. })) {
                    metrics::disagreement(self.root.to_string());
                }
                return outcome;
            }
            tries = tries.saturating_add(1);
            tokio::time::sleep(self.agreement.pause).await;
        }
    }

    async fn agree_once<T, Fut>(
        &self,
        what: &str,
        about: About,
        ask: &(impl Fn(E) -> Fut + Send + Sync),
    ) -> Result<T, RootError>
    where
        T: PartialEq + Debug + Send + 'static,
        Fut: Future<Output = Result<T, NoAnswer>> + Send + 'static,
    {
        let mut asked = self.asked(ask);
        let mut said: Vec<(T, Vec<&str>)> = Vec::new();
        let mut silent: Vec<(&str, NoAnswer)> = Vec::new();
        while let Some((member, answer)) = self.next(&mut asked).await {
            let name = self.name(member);
            let place = match answer {
                Err(why) => {
                    silent.push((name, why));
                    continue;
                }
                Ok(answer) => match said.iter().position(|(other, _)| *other == answer) {
                    Some(place) => place,
                    None => {
                        said.push((answer, Vec::new()));
                        said.len().saturating_sub(1)
                    }
                },
            };
            let Some((_, voices)) = said.get_mut(place) else { continue };
            voices.push(name);
            if voices.len() >= self.needed {
                self.late.keep(asked);
                let (answer, _) = said.swap_remove(place);
                let outvoted: Vec<_> = said.iter().flat_map(|(_, voices)| voices).collect();
                if !outvoted.is_empty() && about == About::Final {
                    outvoted.iter().for_each(|name| metrics::outvoted(self.root.to_string(), name));
                    tracing::warn!(root = %self.root, what, ?outvoted, "endpoints of a root chain are outvoted about what is final");
                }
                return Ok(answer);
            }
        }
        Err(self.no_answer(what, about, &said, &silent))
    }

    fn no_answer<T: Debug>(
        &self,
        what: &str,
        about: About,
        said: &[(T, Vec<&str>)],
        silent: &[(&str, NoAnswer)],
    ) -> RootError {
        let (root, what, needed) = (self.root, what.to_owned(), self.needed);
        let answered = said.iter().fold(0_usize, |sum, (_, voices)| sum.saturating_add(voices.len()));
        let list: Vec<_> =
            said.iter().map(|(answer, voices)| format!("{} say {}", voices.join(", "), brief(answer))).collect();
        if said.len() > 1 {
            return match about {
                About::Final => RootError::Disagreement { root, what, answers: list.join("; ") },
                About::Moving => RootError::Unavailable {
                    root,
                    what,
                    answered,
                    needed,
                    why: format!("not the same: {}", list.join("; ")),
                },
            };
        }
        let behind = silent.iter().filter_map(|(_, why)| match why {
            NoAnswer::Lags { asked, head } => Some((*asked, *head)),
            _ => None,
        });
        if answered.saturating_add(behind.clone().count()) >= needed
            && let Some((asked, head)) = behind.max_by_key(|(_, head)| *head)
        {
            return RootError::NotFinal { root, asked, head };
        }
        let why: Vec<_> = silent.iter().map(|(name, why)| format!("{name}: {}", why.why())).collect();
        let why = why.join("; ");
        let refusals = silent.iter().filter(|(_, why)| matches!(why, NoAnswer::Refuses(_))).count();
        if answered.saturating_add(refusals) >= needed {
            return RootError::Refused { root, what, why };
        }
        RootError::Unavailable { root, what, answered, needed, why }
    }

    /// What each endpoint says, in no order. Waits for all, but once enough have answered only a tenth of the patience more.
    pub(super) async fn everyone<T, Fut>(
        &self,
        ask: impl Fn(E) -> Fut + Send + Sync,
    ) -> Vec<(&str, Result<T, NoAnswer>)>
    where
        T: Send + 'static,
        Fut: Future<Output = Result<T, NoAnswer>> + Send + 'static,
    {
        let mut asked = self.asked(&ask);
        let mut said = Vec::new();
        loop {
            let enough = said.iter().filter(|(_, answer): &&(_, Result<T, _>)| answer.is_ok()).count() >= self.needed;
            let grace = if enough {
                self.agreement.patience.checked_div(10).unwrap_or_default()
            } else {
                self.agreement.patience
            };
            match tokio::time::timeout(grace, self.next(&mut asked)).await {
                Ok(Some((member, answer))) => said.push((self.name(member), answer)),
                Ok(None) => return said,
                Err(_) if enough => {
                    self.late.keep(asked);
                    return said;
                }
                Err(_) => {}
            }
        }
    }

    /// What is answered by everyone, if enough answer; refusals and silence are told if not.
    pub(super) async fn enough<T, Fut>(
        &self,
        what: &str,
        ask: impl Fn(E) -> Fut + Send + Sync,
    ) -> Result<Vec<T>, RootError>
    where
        T: Debug + Send + 'static,
        Fut: Future<Output = Result<T, NoAnswer>> + Send + 'static,
    {
        let mut answers = Vec::new();
        let mut silent = Vec::new();
        for (name, answer) in self.everyone(ask).await {
            match answer {
                Ok(answer) => answers.push(answer),
                Err(why) => silent.push((name, why)),
            }
        }
        if answers.len() >= self.needed {
            return Ok(answers);
        }
        let voices = (0..answers.len()).map(|_| "");
        let said: Vec<((), Vec<&str>)> = if answers.is_empty() { Vec::new() } else { vec![((), voices.collect())] };
        Err(self.no_answer(what, About::Moving, &said, &silent))
    }

    /// A number of which each endpoint knows one: the highest that enough of them reach. No lie of a few can raise it.
    pub(super) async fn reached<T, Fut>(&self, what: &str, ask: impl Fn(E) -> Fut + Send + Sync) -> Result<T, RootError>
    where
        T: Ord + Debug + Send + 'static,
        Fut: Future<Output = Result<T, NoAnswer>> + Send + 'static,
    {
        let mut answers = self.enough(what, ask).await?;
        answers.sort_by(|a, b| b.cmp(a));
        let place = self.needed.saturating_sub(1);
        answers.into_iter().nth(place).ok_or_else(|| self.no_answer::<()>(what, About::Moving, &[], &[]))
    }

    /// The first useful answer of one endpoint after the other: for estimates, where a wrong one costs little.
    pub(super) async fn first<T, Fut>(&self, what: &str, ask: impl Fn(E) -> Fut + Send + Sync) -> Result<T, RootError>
    where
        T: Send + 'static,
        Fut: Future<Output = Result<T, NoAnswer>> + Send + 'static,
    {
        let mut silent = Vec::new();
        let mut refused = true;
        for member in &self.members {
            let answer = tokio::time::timeout(self.agreement.patience, ask(member.way.clone())).await;
            match answer
                .unwrap_or_else(|_| Err(NoAnswer::Away(format!("nothing within {:?}", self.agreement.patience))))
            {
                Ok(answer) => return Ok(answer),
                Err(why) => {
                    refused &= matches!(why, NoAnswer::Refuses(_));
                    silent.push(format!("{}: {}", member.name, why.why()));
                }
            }
        }
        let (root, what, why) = (self.root, what.to_owned(), silent.join("; "));
        Err(match refused {
            true => RootError::Refused { root, what, why },
            false => RootError::Unavailable { root, what, answered: 0, needed: 1, why },
        })
    }

    /// The last final block: the highest that enough endpoints have, and agree about.
    pub(super) async fn final_head<F1, F2>(
        &self,
        head: impl Fn(E) -> F1 + Send + Sync,
        block: impl Fn(E, u64) -> F2 + Send + Sync,
    ) -> Result<BlockRef, RootError>
    where
        F1: Future<Output = Result<BlockRef, NoAnswer>> + Send + 'static,
        F2: Future<Output = Result<BlockRef, NoAnswer>> + Send + 'static,
    {
        let mut heads = self.enough("the final head", head).await?;
        heads.sort_by_key(|head| std::cmp::Reverse(head.number));
        let place = self.needed.saturating_sub(1);
        let Some(reached) = heads.get(place).copied() else {
            return Err(self.no_answer::<()>("the final head", About::Moving, &[], &[]));
        };
        if heads.iter().filter(|head| **head == reached).count() >= self.needed {
            return Ok(reached);
        }
        let number = reached.number;
        self.agree(&format!("final block {number}"), About::Final, |way| block(way, number)).await
    }
}

/// Characters of an answer that errors show.
const SHOWN: usize = 300;

fn brief(answer: &impl Debug) -> String {
    let text = format!("{answer:?}");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
