//! What dishonest validators do: with the messages of an engine that runs honestly, and with their key.

use crate::{Chance, keys::Key, ledger::CHAIN};
use alloy_primitives::B256;
use bttc_bft::{Message, Response, StatusMessage, VoteMessage};
use bttc_primitives::VoteSignature;
use bytes::Bytes;

/// How a validator behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Keeps to the protocol, but may crash.
    Honest,
    /// Never says a word.
    Silent,
    /// Runs twice with one key, each half of the network seeing one of the two: equivocates in every way there is.
    Twins,
    /// Tells one half of the network one vote and the other half another.
    TwoFaced,
    /// Proposes blocks that break a rule.
    BadBlocks,
    /// Sends parts and votes to some only.
    Withholds,
    /// Sends old messages again and again, and noise, and changed bytes.
    Floods,
    /// Answers questions with lies, and boasts of heights that it does not have.
    FalseAnswers,
}

impl Behaviour {
    /// All but the honest one.
    pub const FAULTY: [Self; 7] =
        [Self::Silent, Self::Twins, Self::TwoFaced, Self::BadBlocks, Self::Withholds, Self::Floods, Self::FalseAnswers];
}

/// A dishonest sender.
#[derive(Debug)]
pub(crate) struct Liar {
    pub(crate) behaviour: Behaviour,
    key: Key,
    old: Vec<Bytes>,
}

impl Liar {
    pub(crate) const fn new(behaviour: Behaviour, key: Key) -> Self {
        Self { behaviour, key, old: Vec::new() }
    }

    /// What goes to one receiver instead of `data`.
    pub(crate) fn send(&mut self, chance: &mut Chance, to: usize, data: &Bytes) -> Vec<Bytes> {
        match self.behaviour {
            Behaviour::Honest | Behaviour::Twins | Behaviour::BadBlocks => vec![data.clone()],
            Behaviour::Silent => vec![],
            Behaviour::TwoFaced => self.other_face(chance, to, data),
            Behaviour::Withholds if to.is_multiple_of(2) || chance.hits(300) => vec![],
            Behaviour::Withholds => vec![data.clone()],
            Behaviour::Floods => self.flood(chance, data),
            Behaviour::FalseAnswers => match Message::decode(data) {
                Ok(Message::Status(status)) => {
                    let height = status.height.saturating_add(chance.within(0..1_000));
                    vec![Message::Status(StatusMessage { height, earliest: 0 }).encode(1)]
                }
                _ => vec![data.clone()],
            },
        }
    }

    fn other_face(&self, chance: &mut Chance, to: usize, data: &Bytes) -> Vec<Bytes> {
        let Ok(Message::Vote(vote)) = Message::decode(data) else { return vec![data.clone()] };
        if to.is_multiple_of(2) {
            return vec![data.clone()];
        }
        let other = if chance.hits(500) { B256::ZERO } else { B256::repeat_byte(9) };
        let block_hash = if vote.block_hash == other { B256::repeat_byte(8) } else { other };
        let mut forged = VoteMessage { block_hash, signature: VoteSignature::ZERO, ..vote };
        forged.signature = self.key.endorse(forged.signing_hash(CHAIN));
        vec![Message::Vote(forged).encode(0)]
    }

    fn flood(&mut self, chance: &mut Chance, data: &Bytes) -> Vec<Bytes> {
        if self.old.len() < 64 && data.len() < 4_096 {
            self.old.push(data.clone());
        }
        let mut sent = vec![data.clone()];
        for _ in 0..chance.within(0..4) {
            sent.extend(chance.pick(&self.old).cloned());
        }
        let mut changed = data.to_vec();
        let at = chance.within(0..changed.len() as u64) as usize;
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1 << chance.within(0..8);
        }
        sent.push(changed.into());
        sent.push(chance.next().to_be_bytes().to_vec().into());
        sent
    }

    /// What it answers instead of `data`; none for no answer at all.
    pub(crate) fn answer(&self, chance: &mut Chance, data: Bytes) -> Option<Bytes> {
        if self.behaviour != Behaviour::FalseAnswers {
            return (self.behaviour != Behaviour::Silent).then_some(data);
        }
        match (chance.within(0..4), Response::decode(&data)) {
            (0, _) => None,
            (1, _) => Some(Bytes::from_static(b"\x01\x00nonsense")),
            (2, Ok(Response::Blocks(mut blocks))) => {
                // The hash of the block stays as it is: only the signatures inside the body change.
                for decided in &mut blocks {
                    decided.block.body.last_commit.signatures.reverse();
                }
                Some(Response::Blocks(blocks).encode())
            }
            (_, Ok(Response::Blocks(mut blocks))) => {
                for decided in &mut blocks {
                    decided.certificate.signatures.pop();
                }
                Some(Response::Blocks(blocks).encode())
            }
            (_, Ok(Response::Proposal(proposal, encoding))) => {
                let mut changed = encoding.to_vec();
                changed.reverse();
                Some(Response::Proposal(proposal, changed.into()).encode())
            }
            (_, _) => Some(Response::Nothing.encode()),
        }
    }
}
