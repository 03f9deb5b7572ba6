//! Importing a file of blocks that another client made (`bttc import`).

use crate::{
    Config,
    launch::{datadir, open_chain, open_storage, spec},
};
use bttc_chain::{ImportError, Imported};
use bttc_primitives::{Height, SealedBlock};
use eyre::{WrapErr, bail, eyre};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// No block is larger than this; what says so is no block. Unit: bytes.
const MAX_BLOCK_BYTES: u64 = 64 * 1024 * 1024;

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Blocks that were added.
    pub added: u64,
    /// Blocks of the file that the chain had before.
    pub known: u64,
    /// Height of the head.
    pub height: Height,
}

/// Appends the blocks of `file`, each as Ethereum programs encode it in RLP, one after the other. `progress` is called after each block.
///
/// Blocks that are there already are skipped. Errors: the first block that cannot be used, named by its height; what came before it is kept.
pub fn import_file(
    mut config: Config,
    file: &Path,
    mut progress: impl FnMut(&ImportProgress),
) -> eyre::Result<ImportProgress> {
    let source = File::open(file).wrap_err_with(|| format!("cannot read the blocks in {}", file.display()))?;
    let datadir = datadir(&config)?;
    let storage = open_storage(&mut config, &datadir)?;
    let (network, spec) = spec(&config, &storage)?;
    if !spec.is_ethereum() {
        bail!(
            "the chain {network} takes only blocks that its validators have signed; blocks of a file can be imported into a chain \
             whose genesis has no section `bttc`, prepared with: bttc init --genesis FILE --datadir DIR"
        );
    }
    let chain = open_chain(&config, spec, storage, None)?;
    let mut done = ImportProgress { height: chain.head().height(), ..ImportProgress::default() };
    let mut blocks = Blocks { source: BufReader::new(source), offset: 0 };
    loop {
        let kept = |height| format!("the chain stays at height {height}, everything up to it is kept");
        let block = match blocks.next() {
            Ok(Some(block)) => block,
            Ok(None) => return Ok(done),
            Err(error) => return Err(error.wrap_err(kept(done.height))),
        };
        let height = block.height();
        // A file may begin with the genesis block; it is compared like any other.
        match chain.import_block(block) {
            Ok(Imported::Appended) => done = ImportProgress { added: done.added.saturating_add(1), height, ..done },
            Ok(Imported::Known) => done.known = done.known.saturating_add(1),
            Err(ImportError::Fatal(fatal)) => return Err(eyre!(fatal).wrap_err(format!("importing block {height}"))),
            Err(refused) => bail!("block {height} of {} is refused: {refused}; {}", file.display(), kept(done.height)),
        }
        progress(&done);
    }
}

/// Blocks of a file, one at a time in memory.
struct Blocks<R> {
    source: R,
    /// Where the next one begins. Unit: bytes.
    offset: u64,
}

impl<R: BufRead> Blocks<R> {
    fn next(&mut self) -> eyre::Result<Option<SealedBlock>> {
        let at = self.offset;
        let what = || format!("at byte {at} of the file there is no whole block in RLP");
        let Some(bytes) = self.item().wrap_err_with(what)? else { return Ok(None) };
        let mut rest = bytes.as_slice();
        let block = SealedBlock::decode_ethereum(&mut rest).wrap_err_with(what)?;
        self.offset = at.saturating_add(bytes.len() as u64);
        Ok(Some(block))
    }

    /// The bytes of the next list; none at the end of the file.
    fn item(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(&first) = self.source.fill_buf()?.first() else { return Ok(None) };
        let invalid = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
        let length_bytes = match first {
            0xc0..=0xf7 => 0,
            0xf8..=0xff => usize::from(first - 0xf7),
            _ => return invalid("it is no list"),
        };
        let mut bytes = vec![0; 1 + length_bytes];
        self.source.read_exact(&mut bytes)?;
        let payload = match length_bytes {
            0 => u64::from(first - 0xc0),
            _ => bytes.iter().skip(1).fold(0u64, |sum, byte| sum.saturating_mul(256).saturating_add(u64::from(*byte))),
        };
        if payload > MAX_BLOCK_BYTES {
            return invalid("it says that it is larger than any block");
        }
        let read = (&mut self.source).take(payload).read_to_end(&mut bytes)?;
        if (read as u64) < payload {
            return invalid("the file ends in the middle of it");
        }
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use bttc_primitives::{Body, Header};

    #[test]
    fn blocks_come_one_by_one_until_the_file_ends_or_breaks() {
        let block = |number| SealedBlock::seal(Header { number, ..Default::default() }, Body::default());
        let mut file = [block(1).ethereum_rlp(), block(2).ethereum_rlp()].concat();
        let whole = file.len();
        file.extend(&block(3).ethereum_rlp()[..100]);
        let mut blocks = Blocks { source: file.as_slice(), offset: 0 };
        assert_eq!(blocks.next().unwrap(), Some(block(1)));
        assert_eq!(blocks.next().unwrap(), Some(block(2)));
        let error = format!("{:#}", blocks.next().unwrap_err());
        assert!(error.contains(&format!("at byte {whole} ")) && error.contains("ends in the middle"), "{error}");

        assert_eq!(Blocks { source: &file[..0], offset: 0 }.next().unwrap(), None);
        for (bytes, why) in [(&b"text"[..], "no list"), (&[0xff; 9][..], "larger than any"), (&[0xf9, 1][..], "fill")] {
            let error = format!("{:#}", Blocks { source: bytes, offset: 0 }.next().unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }
}
