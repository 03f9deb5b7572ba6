//! Names for addresses, in a file of this user: `addresses.toml` in the data home, lines of `name = "0x..."`.

use alloy_primitives::Address;
use bttc_primitives::parse_address;
use eyre::{WrapErr, bail};
use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Write},
    path::PathBuf,
};

const LONGEST_NAME: usize = 64;

/// The address book.
#[derive(Debug)]
pub(crate) struct AddressBook {
    file: PathBuf,
    entries: BTreeMap<String, Address>,
}

impl AddressBook {
    /// That of the user; empty if there is none yet.
    pub(crate) fn open() -> eyre::Result<Self> {
        let home = bttc_node::default_data_home().wrap_err("there is no place for an address book")?;
        Self::load(home.join("addresses.toml"))
    }

    fn load(file: PathBuf) -> eyre::Result<Self> {
        let shown = file.display().to_string();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).wrap_err_with(|| format!("cannot read the address book {shown}")),
        };
        let lines: BTreeMap<String, String> = toml::from_str(&text)
            .wrap_err_with(|| format!("the address book {shown} is not lines of name = \"address\""))?;
        let mut entries = BTreeMap::new();
        for (name, address) in lines {
            let address = parse_address(&address).wrap_err_with(|| format!("{name} in the address book {shown}"))?;
            entries.insert(name, address);
        }
        Ok(Self { file, entries })
    }

    /// By name, in its order.
    pub(crate) const fn entries(&self) -> &BTreeMap<String, Address> {
        &self.entries
    }

    /// The address behind a name.
    pub(crate) fn get(&self, name: &str) -> Option<Address> {
        self.entries.get(name).copied()
    }

    /// Takes in a new name.
    ///
    /// Errors: the name is taken by another address, or cannot be told from an address.
    pub(crate) fn add(&mut self, name: &str, address: Address) -> eyre::Result<()> {
        let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains(odd) {
            bail!("{name:?} is no name for an address: take 1 to {LONGEST_NAME} letters, digits, '-', '_' and '.'");
        }
        if name.starts_with("0x") || parse_address(name).is_ok() {
            bail!("{name:?} looks like an address; choose another name");
        }
        match self.get(name) {
            Some(known) if known != address => {
                bail!("{name} is {known} already; remove it first with `bttc account book remove {name}`")
            }
            _ => {
                self.entries.insert(name.to_owned(), address);
                self.save()
            }
        }
    }

    /// Forgets a name.
    ///
    /// Errors: there is no such name.
    pub(crate) fn remove(&mut self, name: &str) -> eyre::Result<Address> {
        let Some(address) = self.entries.remove(name) else {
            bail!("the address book has no {name:?}; `bttc account book list` shows what it has");
        };
        self.save()?;
        Ok(address)
    }

    fn save(&self) -> eyre::Result<()> {
        let shown = self.file.display();
        let dir = self.file.parent().map_or_else(|| PathBuf::from("."), PathBuf::from);
        fs::create_dir_all(&dir).wrap_err_with(|| format!("cannot make {}", dir.display()))?;
        let lines: BTreeMap<_, _> = self.entries.iter().map(|(name, address)| (name, address.to_string())).collect();
        // Beside its place first: a book is never half there.
        let mut new =
            tempfile::NamedTempFile::new_in(&dir).wrap_err_with(|| format!("cannot write to {}", dir.display()))?;
        new.write_all(toml::to_string(&lines)?.as_bytes()).wrap_err_with(|| format!("cannot write {shown}"))?;
        new.as_file().sync_all().wrap_err_with(|| format!("cannot write {shown}"))?;
        new.persist(&self.file).wrap_err_with(|| format!("cannot write {shown}"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_are_kept_and_never_replaced_by_accident() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("home/addresses.toml");
        let mut book = AddressBook::load(file.clone()).unwrap();
        let (alice, bob) = (Address::repeat_byte(1), Address::repeat_byte(2));
        book.add("alice", alice).unwrap();
        book.add("a.b-c_1", bob).unwrap();
        book.add("alice", alice).unwrap();
        assert!(book.add("alice", bob).unwrap_err().to_string().contains("book remove alice"));
        for name in ["", "0xabc", "two words", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "a=b", "ü"] {
            assert!(book.add(name, bob).is_err(), "{name:?}");
        }
        let mut again = AddressBook::load(file.clone()).unwrap();
        assert_eq!(again.entries(), book.entries());
        assert_eq!((again.remove("alice").unwrap(), again.get("alice")), (alice, None));
        assert!(again.remove("alice").is_err());
        assert_eq!(AddressBook::load(file.clone()).unwrap().entries().len(), 1);

        fs::write(&file, "carol = \"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\"\n").unwrap();
        assert!(AddressBook::load(file.clone()).unwrap().get("carol").is_some());
        fs::write(&file, "carol = \"0x12\"\n").unwrap();
        assert!(AddressBook::load(file).unwrap_err().to_string().contains("carol"));
    }
}
