//! Whose transaction it is, and the key that signs it.

use super::{
    args::KeyArgs,
    ledger::{AccountPath, Device},
    who,
};
use crate::{address_book::AddressBook, keystore::Keystore, secrets};
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, Signature};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use eyre::{WrapErr, bail, eyre};
use std::path::{Path, PathBuf};

/// An account, and where its key lies if it can be had here.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) address: Address,
    place: Option<Place>,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Ledger(Device),
}

/// What signs.
#[derive(Debug)]
pub(crate) enum Key {
    /// A key in memory.
    Here(PrivateKeySigner),
    /// A key in a device.
    Ledger(Device),
}

impl Key {
    pub(crate) fn address(&self) -> Address {
        match self {
            Self::Here(key) => key.address(),
            Self::Ledger(device) => device.address(),
        }
    }

    pub(crate) fn sign(&self, transaction: &mut TxEip1559) -> eyre::Result<Signature> {
        match self {
            Self::Here(key) => key.sign_hash_sync(&transaction.signature_hash()).wrap_err("cannot sign"),
            Self::Ledger(device) => device.sign(transaction),
        }
    }
}

impl Sender {
    /// The account that the arguments name, by default the only one of the keystore. Nothing is decrypted yet.
    ///
    /// With `key_needed` its key must be there.
    pub(crate) fn find(args: &KeyArgs, book: &AddressBook, key_needed: bool) -> eyre::Result<Self> {
        let wanted = args.account.as_deref().map(|text| who::account(text, book)).transpose()?;
        if let Some(path) = &args.ledger {
            return Self::on_device(path, wanted);
        }
        if let Some(file) = args.keystore.as_deref().filter(|path| !path.is_dir()) {
            let address = match (address_in(file)?, wanted) {
                (Some(held), Some(wanted)) if held != wanted => {
                    bail!(
                        "{} holds the key of {held}, not of {wanted}; give another file, or leave --account out",
                        file.display()
                    )
                }
                (held, wanted) => held.or(wanted).ok_or_else(|| {
                    eyre!("{} does not say whose key it holds; say it with --account ADDRESS", file.display())
                })?,
            };
            return Ok(Self { address, place: Some(Place::File(file.to_owned())) });
        }
        let dir = match &args.keystore {
            Some(dir) => dir.clone(),
            None => {
                bttc_node::default_data_home().wrap_err("say where the key lies with --keystore FILE")?.join("keystore")
            }
        };
        let files = Keystore::new(dir.clone()).list()?;
        if let Some(address) = wanted {
            let file = files.into_iter().find(|file| file.address == Some(address)).map(|file| file.path);
            if file.is_none() && key_needed {
                bail!(
                    "the keystore {} holds no key of {address}; give its file with --keystore FILE, or sign with --ledger, or elsewhere with --unsigned FILE",
                    dir.display()
                );
            }
            return Ok(Self { address, place: file.map(Place::File) });
        }
        let mut known = files.into_iter().filter_map(|file| Some((file.address?, file.path)));
        match (known.next(), known.next()) {
            (Some((address, path)), None) => Ok(Self { address, place: Some(Place::File(path)) }),
            (None, _) => bail!(
                "which account? The keystore {} holds none; make one with `bttc account new` or `import`, or give --keystore FILE or --account ADDRESS",
                dir.display()
            ),
            (Some(_), Some(_)) => {
                bail!("which account? The keystore {} holds several; name one with --account ADDRESS", dir.display())
            }
        }
    }

    fn on_device(path: &AccountPath, wanted: Option<Address>) -> eyre::Result<Self> {
        let device = Device::connect(path)?;
        let address = device.address();
        match wanted {
            Some(wanted) if wanted != address => bail!(
                "the device has {address} at {path}, not {wanted}; name its path with --ledger=PATH, or leave --account out"
            ),
            _ => Ok(Self { address, place: Some(Place::Ledger(device)) }),
        }
    }

    /// Whether the key is in a device.
    pub(crate) const fn is_device(&self) -> bool {
        matches!(self.place, Some(Place::Ledger(_)))
    }

    /// Decrypts the key, if it lies in a file.
    ///
    /// Errors: there is none here, the password is wrong, or the file holds another key.
    pub(crate) fn open(self, password_file: Option<&Path>) -> eyre::Result<Key> {
        let file = match self.place {
            Some(Place::Ledger(device)) => return Ok(Key::Ledger(device)),
            Some(Place::File(file)) => file,
            None => bail!("the key of {} is not here; give its file with --keystore FILE", self.address),
        };
        let password = secrets::password(password_file)?;
        let key = PrivateKeySigner::decrypt_keystore(&file, &*password)
            .wrap_err_with(|| format!("cannot open {}; is the password right?", file.display()))?;
        if key.address() != self.address {
            bail!(
                "{} says it is {} but holds the key of {}; do not trust it",
                file.display(),
                self.address,
                key.address()
            );
        }
        Ok(Key::Here(key))
    }
}

fn address_in(file: &Path) -> eyre::Result<Option<Address>> {
    let shown = file.display();
    let text = std::fs::read(file).wrap_err_with(|| format!("cannot read the key file {shown}"))?;
    let json: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|_| eyre!("{shown} is no encrypted key file; `bttc account import` makes one"))?;
    Ok(json.get("address").and_then(|text| text.as_str()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_only_account_is_meant_and_of_several_the_named_one() {
        let dir = tempfile::tempdir().unwrap();
        let book = AddressBook::open().unwrap();
        let mut args = KeyArgs { keystore: Some(dir.path().into()), ..KeyArgs::default() };
        let find = |args: &KeyArgs, key_needed| Sender::find(args, &book, key_needed);
        assert!(find(&args, true).unwrap_err().to_string().contains("holds none"));
        let (one, two) = (PrivateKeySigner::random(), PrivateKeySigner::random());
        let keystore = Keystore::new(dir.path().into());
        let path = keystore.add(&one, "x").unwrap();
        assert_eq!(find(&args, true).unwrap().address, one.address());
        keystore.add(&two, "x").unwrap();
        assert!(find(&args, true).unwrap_err().to_string().contains("several"));
        args.account = Some(bttc_primitives::format_tron(two.address()));
        assert_eq!(find(&args, true).unwrap().address, two.address());
        args.account = Some(Address::ZERO.to_string());
        assert!(find(&args, true).unwrap_err().to_string().contains("holds no key"));
        let elsewhere = find(&args, false).unwrap();
        assert!(elsewhere.address == Address::ZERO && elsewhere.open(None).is_err());

        args.keystore = Some(path);
        assert!(find(&args, true).unwrap_err().to_string().contains("not of"));
        args.account = None;
        assert_eq!(find(&args, true).unwrap().address, one.address());
    }
}
