use super::*;
use crate::root::{
    Action, RootChainId, RootKind, Slot,
    fake::{Contracts, FakeRoot},
};
use alloy_primitives::LogData;

/// Counts what was done.
#[derive(Clone, Debug, Default)]
struct Counter(Vec<Action>);

impl Contracts for Counter {
    fn view(&self, _: Address, _: &Bytes) -> Result<Bytes, crate::root::Revert> {
        Ok(Bytes::copy_from_slice(&[u8::try_from(self.0.len()).unwrap()]))
    }

    fn apply(&mut self, _: Address, action: &Action) -> Result<Vec<(Address, LogData)>, Ending> {
        self.0.push(action.clone());
        Ok(vec![(Address::ZERO, LogData::default())])
    }
}

const ME: Address = Address::repeat_byte(1);
/// Nothing waits for time to pass but for blocks, which come as fast.
const PACE: Pace =
    Pace { poll: Duration::from_millis(1), resend: Duration::from_millis(2), bump: Duration::from_millis(3) };

fn chain(kind: RootKind) -> FakeRoot<Counter> {
    FakeRoot::new(RootChainId { kind, chain_id: 9 }, ME, 2, Counter::default())
}

fn fee() -> FeePolicy {
    FeePolicy { lifetime: Duration::from_secs(60), ..FeePolicy::new(U256::from(1000)) }
}

/// Carries an intent out while the chain goes on; `meanwhile` is done after each block.
async fn run_while(
    chain: &FakeRoot<Counter>,
    begun: Option<Attempt>,
    meanwhile: impl Fn(),
) -> (Result<CarriedOut, CarryOutError>, Vec<Attempt>) {
    let mut kept = Vec::new();
    let (intent, fee) = (Intent::call("thing/1", Address::repeat_byte(2), Bytes::from_static(b"do")), fee());
    let work = carry_out(chain, &intent, &fee, PACE, begun, |attempt| {
        kept.push(attempt.clone());
        Ok(())
    });
    let result = tokio::select! { result = work => result, () = blocks(chain, meanwhile) => unreachable!() };
    (result, kept)
}

async fn blocks(chain: &FakeRoot<Counter>, meanwhile: impl Fn()) {
    loop {
        sleep(PACE.poll).await;
        chain.mine(1);
        meanwhile();
    }
}

async fn run(chain: &FakeRoot<Counter>, begun: Option<Attempt>) -> (Result<CarriedOut, CarryOutError>, Vec<Attempt>) {
    run_while(chain, begun, || ()).await
}

/// How many different transactions were broadcast.
fn different(chain: &FakeRoot<Counter>) -> usize {
    chain.broadcasts().into_iter().collect::<std::collections::BTreeSet<_>>().len()
}

const KINDS: [RootKind; 2] = [RootKind::Ethereum, RootKind::Tron];

#[tokio::test]
async fn it_is_done_once_whatever_happens_to_broadcasts() {
    for kind in KINDS {
        for fault in 0..6 {
            let chain = chain(kind);
            chain.switch(|switches| match fault {
                0 => {}
                1 => switches.drop_broadcasts = 2,
                2 => switches.lose_answers = 3,
                3 => switches.verdicts.extend([BroadcastVerdict::RetrySame("busy".into()), BroadcastVerdict::Known]),
                4 => switches.verdicts.push_back(BroadcastVerdict::Rebuild("TAPOS_ERROR".into())),
                _ => switches.prepare_errors.push_back(RootError::NotFinal { root: chain.id(), asked: 1, head: 0 }),
            });
            let (result, kept) = run(&chain, None).await;
            let done = result.unwrap();
            assert_eq!(chain.included(ME), [(done.id, Ending::Done)], "{kind:?} {fault}");
            assert_eq!((chain.contracts().0.len(), kept.len()), (1, 1));
            assert!(chain.broadcasts().iter().all(|id| *id == kept[0].version.id), "the same bytes");
        }
    }
}

#[tokio::test]
async fn an_attempt_is_kept_before_it_is_sent_and_taken_up_again() {
    for kind in KINDS {
        let chain = chain(kind);
        let intent = Intent::call("thing/1", Address::repeat_byte(2), Bytes::from_static(b"do"));
        let full = carry_out(&chain, &intent, &fee(), PACE, None, |_| Err(io::ErrorKind::StorageFull.into())).await;
        assert!(matches!(full, Err(CarryOutError::Keep { .. })) && chain.broadcasts().is_empty());

        let attempt = chain.prepare(&intent, &fee(), &[]).await.unwrap();
        let text = serde_json::to_string(&attempt).unwrap();
        let attempt: Attempt = serde_json::from_str(&text).unwrap();
        assert_eq!(chain.broadcast(&attempt).await, BroadcastVerdict::Accepted);
        let (result, kept) = run(&chain, Some(attempt.clone())).await;
        assert_eq!((result.unwrap().id, kept.len()), (attempt.version.id, 0));
        assert_eq!(chain.included(ME).len(), 1);
    }
}

#[tokio::test]
async fn what_is_dead_is_made_anew_and_nothing_else_is() {
    // TRON: nobody includes it before it expires.
    let tron = chain(RootKind::Tron);
    tron.switch(|switches| switches.drop_broadcasts = u32::MAX);
    let until_the_second = || {
        if different(&tron) > 1 {
            tron.switch(|switches| switches.drop_broadcasts = 0);
        }
    };
    let (result, kept) = run_while(&tron, None, until_the_second).await;
    assert_eq!(kept.len(), 2);
    assert_eq!(result.unwrap().id, kept[1].version.id);
    let [Slot::Expires(first), Slot::Expires(second)] = [kept[0].slot, kept[1].slot] else { panic!() };
    assert!(second >= first + 60_000, "made only after the first was dead");

    // Ethereum: something else of the account took the nonce.
    let ethereum = chain(RootKind::Ethereum);
    let intent = Intent::call("foreign", ME, Bytes::new());
    let foreign = ethereum.prepare(&intent, &fee(), &[]).await.unwrap();
    ethereum.switch(|switches| switches.drop_broadcasts = 1);
    let mine = ethereum.prepare(&Intent::call("thing/1", ME, Bytes::new()), &fee(), &[]).await.unwrap();
    assert_eq!(mine.slot, foreign.slot);
    ethereum.broadcast(&mine).await;
    ethereum.broadcast(&foreign).await;
    ethereum.mine(1);
    assert_eq!(ethereum.status(&mine).await.unwrap(), AttemptStatus::Unknown, "not final yet");
    let (result, kept) = run(&ethereum, Some(mine)).await;
    assert_eq!(result.unwrap().id, kept[0].version.id);
    assert_eq!(kept[0].slot, Slot::Nonce(1));
}

#[tokio::test]
async fn a_higher_price_is_offered_on_ethereum_alone() {
    for kind in KINDS {
        let chain = chain(kind);
        chain.switch(|switches| switches.hold = true);
        let prices_rise = || match (different(&chain), kind) {
            (0, _) => {}
            (1, RootKind::Ethereum) => chain.switch(|switches| switches.price_percent = 40),
            _ => chain.switch(|switches| switches.hold = false),
        };
        let (result, kept) = run_while(&chain, None, prices_rise).await;
        let done = result.unwrap();
        match kind {
            RootKind::Ethereum => {
                assert_eq!(kept.len(), 2);
                assert_eq!((kept[1].slot, &kept[1].earlier), (kept[0].slot, &vec![kept[0].version.clone()]));
                assert_eq!(done.id, kept[1].version.id);
            }
            RootKind::Tron => assert_eq!((kept.len(), done.id), (1, kept[0].version.id)),
        }
        assert_eq!(chain.included(ME).len(), 1);
    }
}

#[tokio::test]
async fn failures_follow_the_table() {
    let of = async |endings: &[Ending]| {
        let chain = chain(RootKind::Tron);
        chain.switch(|switches| switches.endings.extend(endings.iter().cloned()));
        let (result, kept) = run(&chain, None).await;
        (result, kept.len())
    };
    let (result, attempts) = of(&[Ending::OutOfEnergy, Ending::OutOfEnergy]).await;
    assert_eq!((result.is_ok(), attempts), (true, 3), "raised twice");
    for (endings, attempts) in [
        (vec![Ending::OutOfEnergy; 3], 3),
        (vec![Ending::OutOfTime], 1),
        (vec![Ending::Reverted("somebody was first".into())], 1),
        (vec![Ending::Failed("STACK_OVERFLOW".into())], 1),
    ] {
        let (result, made) = of(&endings).await;
        let Err(CarryOutError::Failed { ending, .. }) = result else { panic!("{result:?}") };
        assert_eq!((Some(&*ending), made), (endings.last(), attempts));
    }
}

#[tokio::test]
async fn a_refused_broadcast_and_a_reorganisation() {
    let chain = chain(RootKind::Ethereum);
    chain.switch(|switches| switches.verdicts.push_back(BroadcastVerdict::Refused("insufficient funds".into())));
    let (result, _) = run(&chain, None).await;
    assert!(matches!(result, Err(CarryOutError::Refused { .. })));

    // A block with it is taken back, and it is forgotten: it is sent again.
    let intent = Intent::call("thing/1", ME, Bytes::new());
    let attempt = chain.prepare(&intent, &fee(), &[]).await.unwrap();
    chain.broadcast(&attempt).await;
    chain.mine(1);
    assert!(matches!(chain.status(&attempt).await, Ok(AttemptStatus::Included { .. })));
    chain.reorg(1, false);
    assert_eq!(chain.status(&attempt).await, Ok(AttemptStatus::Unknown));
    let (result, kept) = run(&chain, Some(attempt.clone())).await;
    assert_eq!((result.unwrap().id, kept.len()), (attempt.version.id, 0));
}

#[tokio::test]
async fn a_deployment_says_where_the_contract_is() {
    let chain = chain(RootKind::Tron);
    let fee = fee();
    let work = deploy(&chain, "RootBridge", Bytes::from_static(b"code"), &fee, PACE, |_| Ok(()));
    let address = tokio::select! { address = work => address.unwrap(), () = blocks(&chain, || ()) => unreachable!() };
    assert_eq!(address, Address::from_word(chain.included(ME)[0].0));
}
