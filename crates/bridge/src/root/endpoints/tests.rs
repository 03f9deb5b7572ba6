use super::*;
use crate::root::RootKind;
use alloy_primitives::B256;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

const ROOT: RootChainId = RootChainId { kind: RootKind::Tron, chain_id: 1 };
const PATIENCE: Duration = Duration::from_millis(200);

/// What an endpoint does.
#[derive(Clone, Debug)]
enum Does {
    Says(u64),
    /// One more each time it is asked.
    Counts(Arc<AtomicU64>),
    Fails(NoAnswer),
    Hangs,
    /// Takes a while, and counts what it has answered.
    Tarries(Arc<AtomicU64>),
}

use Does::{Counts, Fails, Hangs, Says, Tarries};

async fn ask(does: Does) -> Result<u64, NoAnswer> {
    match does {
        Says(number) => Ok(number),
        Counts(number) => Ok(number.fetch_add(1, Ordering::SeqCst)),
        Fails(why) => Err(why),
        Hangs => std::future::pending().await,
        Tarries(answered) => {
            tokio::time::sleep(PATIENCE / 4).await;
            answered.fetch_add(1, Ordering::SeqCst);
            Ok(7)
        }
    }
}

fn away() -> Does {
    Fails(NoAnswer::Away("gone".to_owned()))
}

fn refuses() -> Does {
    Fails(NoAnswer::Refuses("pruned".to_owned()))
}

fn behind() -> Does {
    Fails(NoAnswer::Lags { asked: 9, head: 7 })
}

fn endpoints(ways: &[Does], agree: Option<usize>) -> Result<Endpoints<Does>, RootError> {
    let ways = ways.iter().enumerate().map(|(i, does)| (format!("http://node-{i}.example/secret"), does.clone()));
    Endpoints::new(ROOT, ways.collect(), Agreement { agree, patience: PATIENCE, pause: Duration::from_millis(1) })
}

async fn agreed(ways: &[Does], about: About) -> Result<u64, RootError> {
    endpoints(ways, None).unwrap().agree("it", about, ask).await
}

#[test]
fn more_than_half_must_agree() {
    let three = [Says(1), Says(1), Says(1)];
    assert_eq!(endpoints(&three, None).unwrap().needed(), 2);
    assert_eq!(endpoints(&three, Some(3)).unwrap().needed(), 3);
    assert_eq!(endpoints(&three[..1], None).unwrap().needed(), 1);
    assert_eq!(endpoints(&three[..2], None).unwrap().needed(), 2);
    for wrong in [endpoints(&three, Some(1)), endpoints(&three, Some(4)), endpoints(&[], None)] {
        assert!(matches!(wrong, Err(RootError::Configuration { .. })));
    }
    let twice = vec![("http://a".to_owned(), Says(1)), ("http://a".to_owned(), Says(1))];
    let error = Endpoints::new(ROOT, twice, Agreement::default()).unwrap_err().to_string();
    assert!(error.contains("named twice"), "{error}");
}

#[tokio::test]
async fn a_minority_that_lies_or_is_silent_changes_nothing() {
    for third in [Says(8), away(), refuses(), behind(), Hangs] {
        assert_eq!(agreed(&[third, Says(7), Says(7)], About::Final).await, Ok(7));
    }
}

#[tokio::test]
async fn who_is_outrun_may_finish_so_that_its_connection_stays() {
    let answered = Arc::new(AtomicU64::new(0));
    let begin = std::time::Instant::now();
    let three = endpoints(&[Tarries(answered.clone()), Says(7), Says(7)], None).unwrap();
    assert_eq!(three.agree("it", About::Final, ask).await, Ok(7));
    assert_eq!(answered.load(Ordering::SeqCst), 0, "it was waited for");
    while answered.load(Ordering::SeqCst) == 0 {
        assert!(begin.elapsed() < late::GRACE, "its question was dropped");
        tokio::time::sleep(PATIENCE / 2).await;
        assert_eq!(three.agree("it", About::Final, ask).await, Ok(7));
    }
    let held = three.late.len();
    assert!(held <= 2, "{held} questions are kept though they are over");
}

#[tokio::test]
async fn contradictions_about_what_is_final_halt_and_others_pass() {
    let error = agreed(&[Says(7), Says(8)], About::Final).await.unwrap_err();
    assert!(error.halts() && !error.is_passing(), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("http://node-0.example say 7") && text.contains("say 8") && !text.contains("secret"),
        "{text}"
    );
    let error = agreed(&[Says(7), Says(8)], About::Moving).await.unwrap_err();
    assert!(error.is_passing() && !error.halts(), "{error}");
    // One of many nodes behind one URL was a moment behind.
    let late = Counts(Arc::new(AtomicU64::new(6)));
    assert_eq!(agreed(&[late, Says(7)], About::Final).await, Ok(7));
    // With one silent, two that contradict each other are no majority either.
    assert!(agreed(&[Says(7), Says(8), away()], About::Final).await.unwrap_err().halts());
}

#[tokio::test]
async fn why_there_is_no_answer() {
    let error = agreed(&[away(), Hangs, Says(7)], About::Final).await.unwrap_err();
    let RootError::Unavailable { answered: 1, needed: 2, why, .. } = &error else { panic!("{error}") };
    assert!(why.contains("node-0.example: gone") && why.contains("nothing within 200ms"), "{why}");
    assert!(matches!(agreed(&[refuses(), Says(7)], About::Final).await, Err(RootError::Refused { .. })));
    assert_eq!(
        agreed(&[behind(), Says(7)], About::Final).await,
        Err(RootError::NotFinal { root: ROOT, asked: 9, head: 7 })
    );
    assert!(matches!(agreed(&[behind(), away()], About::Final).await, Err(RootError::Unavailable { .. })));
}

#[tokio::test]
async fn a_number_is_what_enough_reach() {
    let of = async |ways: &[Does]| endpoints(ways, None).unwrap().reached("it", ask).await;
    assert_eq!(of(&[Says(9), Says(5), Says(7)]).await, Ok(7));
    assert_eq!(of(&[Says(u64::MAX), Says(7), Says(7)]).await, Ok(7), "one cannot raise it");
    assert_eq!(of(&[Says(0), Says(7), Says(7)]).await, Ok(7), "nor lower it");
    assert_eq!(of(&[Says(9), Hangs, Says(7)]).await, Ok(7));
    assert!(matches!(of(&[Says(9), Hangs, away()]).await, Err(RootError::Unavailable { answered: 1, .. })));
}

#[tokio::test]
async fn estimates_take_the_first_that_answers() {
    let of = async |ways: &[Does]| endpoints(ways, None).unwrap().first("it", ask).await;
    assert_eq!(of(&[Hangs, away(), Says(7), Says(8)]).await, Ok(7));
    assert!(matches!(of(&[refuses(), refuses()]).await, Err(RootError::Refused { .. })));
    assert!(of(&[refuses(), away()]).await.unwrap_err().is_passing());
}

fn block(number: u64, id: u8) -> BlockRef {
    BlockRef { number, id: B256::repeat_byte(id), time: number }
}

#[tokio::test]
async fn the_final_head_is_one_that_enough_have_and_agree_about() {
    /// Each endpoint's own head, and the id of block 5 that it has.
    async fn head(ways: &[(u64, u8)]) -> Result<BlockRef, RootError> {
        let named = ways.iter().enumerate().map(|(i, way)| (format!("http://{i}"), *way)).collect();
        let agreement = Agreement { agree: None, patience: PATIENCE, pause: Duration::from_millis(1) };
        let endpoints = Endpoints::new(ROOT, named, agreement).unwrap();
        let own = |(number, id): (u64, u8)| async move { Ok(block(number, id)) };
        endpoints.final_head(own, |(_, id), number| async move { Ok(block(number, id)) }).await
    }
    assert_eq!(head(&[(5, 1)]).await, Ok(block(5, 1)));
    assert_eq!(head(&[(5, 1), (5, 1), (9, 1)]).await, Ok(block(5, 1)));
    assert_eq!(head(&[(4, 1), (5, 1), (9, 1)]).await, Ok(block(5, 1)));
    assert_eq!(head(&[(5, 2), (5, 1), (9, 1)]).await, Ok(block(5, 1)), "the one who lies is outvoted");
    assert!(head(&[(5, 2), (9, 1)]).await.unwrap_err().halts());
}

#[test]
fn urls_are_shown_without_what_may_be_secret() {
    assert_eq!(shown("https://user:pass@eth.example:8545/v3/key?x=1"), "https://eth.example:8545");
    assert_eq!(shown("http://127.0.0.1:8090"), "http://127.0.0.1:8090");
}
