//! Blocks, transactions and events of the root chain in memory.

use super::{
    contracts::{call, signatures},
    *,
};

impl World {
    pub(in crate::relay) fn id(&self) -> RootChainId {
        RootChainId { kind: self.kind, chain_id: 7 }
    }

    pub(in crate::relay) fn newest(&self) -> &State {
        &self.blocks.last().unwrap().after
    }

    pub(super) fn newest_mut(&mut self) -> &mut State {
        &mut self.blocks.last_mut().unwrap().after
    }

    pub(super) fn final_block(&self) -> &Block {
        &self.blocks[self.last_final]
    }

    pub(in crate::relay) fn of() -> RecordsOf {
        RecordsOf { side_chain_id: SIDE, root_id: ROOT_ID, bridge: BRIDGE }
    }

    pub(in crate::relay) fn head(&self) -> u64 {
        self.blocks.len() as u64 - 1
    }

    /// A block with what waits and with `logs`.
    pub(super) fn mine(&mut self, logs: Vec<RootLog>) {
        let last = self.blocks.last().unwrap();
        let time = last.reference.time + SLOT;
        let number = last.reference.number + 1;
        let id = keccak256((last.reference.id, U256::from(number), U256::from(self.pool.len())).abi_encode());
        let state = last.after.clone();
        let block = Block { reference: BlockRef { number, id, time }, logs, after: state, transactions: vec![] };
        self.blocks.push(block);
        self.last_final = self.last_final.max((self.blocks.len() - 1).saturating_sub(LAG as usize));
        for sent in std::mem::take(&mut self.pool) {
            match sent.slot {
                Slot::Expires(at) if at <= time - SLOT => continue,
                Slot::Nonce(nonce) if nonce > self.nonce(sent.from) => {
                    self.pool.push(sent);
                    continue;
                }
                Slot::Nonce(nonce) if nonce < self.nonce(sent.from) => continue,
                _ => {}
            }
            if self.newest().done.contains_key(&sent.id) {
                continue;
            }
            let ending = self.execute(&sent.intent, time);
            self.executed.push((sent.from, sent.intent.key.clone(), ending.clone()));
            let state = self.newest_mut();
            state.done.insert(sent.id, ending);
            *state.nonces.entry(sent.from).or_default() += 1;
            self.blocks.last_mut().unwrap().transactions.push(sent);
        }
    }

    pub(super) fn nonce(&self, account: Address) -> u64 {
        self.newest().nonces.get(&account).copied().unwrap_or_default()
    }

    pub(super) fn execute(&mut self, intent: &Intent, time: u64) -> Ending {
        if !self.faults.endings.is_empty() {
            return self.faults.endings.remove(0);
        }
        let Action::Call { data, .. } = &intent.action else { panic!("a deployment") };
        if let (Some(most), Some(count)) = (self.faults.most_signatures, signatures(data))
            && count > most
        {
            return Ending::OutOfTime;
        }
        let mut state = self.newest().clone();
        match call(&mut state, data, time) {
            Ok(_) => {
                *self.newest_mut() = state;
                Ending::Done
            }
            Err(revert) => Ending::Reverted(revert.reason),
        }
    }

    /// The next record, in a block of its own.
    pub(super) fn record(&mut self, record: Record) {
        let nonce = self.newest().records;
        self.chain = link(self.chain, record.hash(&Self::of(), nonce));
        let data = match &record {
            Record::Deposit(deposit) => IRootBridge::Deposited {
                nonce,
                token: deposit.token,
                to: deposit.to,
                from: deposit.from,
                amount: deposit.amount,
                chainHash: self.chain,
            }
            .encode_log_data(),
            Record::Metadata(names) => {
                let topics = vec![
                    IRootBridge::MetadataSynced::SIGNATURE_HASH,
                    U256::from(nonce).into(),
                    names.token.into_word(),
                ];
                let body = (names.name.clone(), names.symbol.clone(), U256::from(names.decimals), self.chain);
                alloy_primitives::LogData::new(topics, body.abi_encode_params().into()).unwrap()
            }
        };
        let block = self.head() + 1;
        let log = RootLog { block, transaction: keccak256(nonce.to_be_bytes()), index: 0, address: BRIDGE, data };
        self.mine(vec![log]);
        self.newest_mut().records = nonce + 1;
    }

    /// Takes the last blocks away as far as they are not final; what they had waits again, or is lost.
    pub(in crate::relay) fn reorg(&mut self, blocks: u64, lose: bool) {
        let open = self.blocks.len() - 1 - self.last_final;
        for _ in 0..open.min(blocks as usize) {
            let block = self.blocks.pop().unwrap();
            if !lose {
                self.pool.extend(block.transactions);
            }
        }
    }

    /// What waits is lost.
    pub(in crate::relay) fn drop_pool(&mut self) {
        self.pool.clear();
    }

    /// Another id for a block: what no root chain should do once it is final.
    pub(in crate::relay) fn rewrite(&mut self, number: u64) {
        self.blocks[number as usize].reference.id = B256::repeat_byte(0xee);
    }

    /// Changes what the event of a record says.
    pub(in crate::relay) fn tamper(&mut self, nonce: u64, amount: u64) {
        for log in self.blocks.iter_mut().flat_map(|block| &mut block.logs) {
            let Ok(mut event) = IRootBridge::Deposited::decode_log_data(&log.data) else { continue };
            if event.nonce == nonce {
                event.amount = U256::from(amount);
                log.data = event.encode_log_data();
            }
        }
    }

    /// Empty blocks as if `seconds` went by.
    pub(in crate::relay) fn wait(&mut self, seconds: u64) {
        self.mine(vec![]);
        for _ in 0..=LAG {
            self.mine(vec![]);
        }
        let shift = seconds * 1_000;
        let from = self.last_final;
        self.blocks[from..].iter_mut().for_each(|block| block.reference.time += shift);
    }

    /// One node's answer.
    pub(super) fn broadcast(&mut self, attempt: &Attempt) -> BroadcastVerdict {
        let world = self;
        if world.faults.silent {
            return BroadcastVerdict::RetrySame("silent".into());
        }
        let verdict =
            if world.faults.verdicts.is_empty() { BroadcastVerdict::Accepted } else { world.faults.verdicts.remove(0) };
        if !matches!(verdict, BroadcastVerdict::Accepted | BroadcastVerdict::Rebuild(_)) {
            return verdict;
        }
        if world.faults.forget > 0 {
            world.faults.forget -= 1;
            return verdict;
        }
        let id = attempt.version.id;
        let final_state = &world.final_block().after;
        let final_time = world.final_block().reference.time;
        for (other, from, slot, key) in &world.seen {
            let is_over = match slot {
                Slot::Expires(at) => *at <= final_time,
                // Another version of this attempt, or something else that is final has used its nonce up.
                Slot::Nonce(nonce) => *slot == attempt.slot || final_state.nonces.get(from) > Some(nonce),
            };
            let is_other = *other != id && (from, key) == (&attempt.from, &attempt.intent);
            assert!(!is_other || is_over || final_state.done.contains_key(other), "two live attempts of {key}");
        }
        if world.seen.iter().all(|(other, ..)| *other != id) {
            world.seen.push((id, attempt.from, attempt.slot, attempt.intent.clone()));
        }
        if world.newest().done.contains_key(&id) || world.pool.iter().any(|sent| sent.id == id) {
            return BroadcastVerdict::Known;
        }
        let (from, slot, intent, _): (Address, Slot, Intent, usize) =
            serde_json::from_slice(&attempt.version.bytes).unwrap();
        assert_eq!((from, slot, &intent.key), (attempt.from, attempt.slot, &attempt.intent));
        world.pool.push(Sent { id, from, slot, intent });
        verdict
    }

    pub(super) fn logs(&self, from: u64, to: u64, filter: &LogFilter, hidden: &BTreeSet<u64>) -> Vec<RootLog> {
        let blocks = self.blocks.iter().filter(|block| (from..=to).contains(&block.reference.number));
        let logs = blocks.flat_map(|block| &block.logs).filter(|log| filter.matches(log.address, &log.data));
        let nonce = |log: &RootLog| U256::from_be_bytes(log.data.topics()[1].0).to::<u64>();
        logs.filter(|log| !hidden.contains(&nonce(log))).cloned().collect()
    }

    pub(super) fn not_final(&self, asked: u64) -> Result<(), RootError> {
        let head = self.final_block().reference.number;
        if asked > head { Err(RootError::NotFinal { root: self.id(), asked, head }) } else { Ok(()) }
    }
}
