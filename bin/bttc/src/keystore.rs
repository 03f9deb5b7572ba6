//! Encrypted key files: Web3 Secret Storage, version 3, as geth, Foundry and wallets read and write them.
//!
//! One file an account, named by its address, in a directory that only its owner may enter. A file is written beside its place and then
//! linked into it, so that a key is never half there and never replaces another.

use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use eyre::{WrapErr, bail, eyre};
use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

const OWNER_ONLY: u32 = 0o600;
const OWNER_ONLY_DIR: u32 = 0o700;

/// A directory of key files.
#[derive(Debug)]
pub(crate) struct Keystore {
    dir: PathBuf,
}

/// One key file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyFile {
    /// Its account; none if a foreign program wrote the file without it.
    pub(crate) address: Option<Address>,
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Keystore {
    pub(crate) const fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Encrypts a key into a new file.
    ///
    /// Errors: the account is there already, or the directory cannot be written.
    pub(crate) fn add(&self, key: &PrivateKeySigner, password: &str) -> eyre::Result<PathBuf> {
        let address = key.address();
        if let Some(file) = self.list()?.into_iter().find(|file| file.address == Some(address)) {
            bail!("the account {address} is already in {}; nothing was written", file.path.display());
        }
        write_encrypted(&self.dir, &format!("{address}.json"), key, password)
    }

    /// The key files, by address.
    ///
    /// Errors: the directory is there and cannot be read.
    pub(crate) fn list(&self) -> eyre::Result<Vec<KeyFile>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error).wrap_err_with(|| format!("cannot read the keystore {}", self.dir.display()));
            }
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.wrap_err_with(|| format!("cannot read the keystore {}", self.dir.display()))?.path();
            let Ok(text) = fs::read(&path) else { continue };
            let Ok(json) = serde_json::from_slice::<serde_json::Value>(&text) else { continue };
            if json.get("version").and_then(serde_json::Value::as_u64) == Some(3) {
                let address = json.get("address").and_then(|text| text.as_str()?.parse().ok());
                files.push(KeyFile { address, path });
            }
        }
        files.sort();
        Ok(files)
    }

    /// Decrypts the key of an account.
    ///
    /// Errors: no such account, or another password.
    pub(crate) fn open(&self, address: Address, password: &str) -> eyre::Result<PrivateKeySigner> {
        let files = self.list()?;
        let Some(file) = files.iter().find(|file| file.address == Some(address)) else {
            bail!(
                "the keystore {} holds no account {address}; `bttc account list` shows those it holds",
                self.dir.display()
            );
        };
        let shown = file.path.display();
        let key = PrivateKeySigner::decrypt_keystore(&file.path, password)
            .wrap_err_with(|| format!("cannot open {shown}; is the password right?"))?;
        if key.address() != address {
            bail!("{shown} says it is {address} but holds the key of {}; do not trust it", key.address());
        }
        Ok(key)
    }
}

/// Encrypts a key into the new file `name` of a directory, which is made if it is not there.
///
/// Errors: the file exists, or the directory cannot be written.
pub(crate) fn write_encrypted(dir: &Path, name: &str, key: &PrivateKeySigner, password: &str) -> eyre::Result<PathBuf> {
    let shown = dir.display();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(OWNER_ONLY_DIR)
        .create(dir)
        .wrap_err_with(|| format!("cannot make the directory {shown}; choose another"))?;
    // The library writes with the rights of the umask: let it do so where only we can look.
    let private = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(dir)
        .wrap_err_with(|| format!("cannot write to the directory {shown}"))?;
    PrivateKeySigner::encrypt_keystore(private.path(), &mut rand::thread_rng(), key.to_bytes(), password, Some("key"))
        .wrap_err("cannot encrypt the key")?;
    let plain = fs::read(private.path().join("key")).wrap_err("cannot read the encrypted key back")?;
    let mut json: serde_json::Value = serde_json::from_slice(&plain).wrap_err("the encrypted key is no JSON")?;
    let fields = json.as_object_mut().ok_or_else(|| eyre!("the encrypted key is no JSON object"))?;
    let address = format!("{:x}", key.address());
    fields.insert("address".to_owned(), address.trim_start_matches("0x").into());
    let (ready, path) = (private.path().join("ready"), dir.join(name));
    write_private(&ready, &serde_json::to_vec(&json)?)?;
    fs::hard_link(&ready, &path).wrap_err_with(|| format!("cannot write {}", path.display()))?;
    sync_dir(dir)?;
    Ok(path)
}

/// Writes a file that must not exist and that only its owner may read; on disk on return.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> eyre::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(path)
        .wrap_err_with(|| format!("cannot make {}", path.display()))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).wrap_err_with(|| format!("cannot write {}", path.display()))
}

fn sync_dir(dir: &Path) -> eyre::Result<()> {
    fs::File::open(dir).and_then(|dir| dir.sync_all()).wrap_err_with(|| format!("cannot write {}", dir.display()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_comes_back_with_its_password_alone() {
        let dir = tempfile::tempdir().unwrap();
        let keystore = Keystore::new(dir.path().join("keys"));
        assert!(keystore.list().unwrap().is_empty());
        let key = PrivateKeySigner::random();
        let path = keystore.add(&key, "correct horse").unwrap();

        assert_eq!(keystore.list().unwrap(), [KeyFile { address: Some(key.address()), path: path.clone() }]);
        assert_eq!(keystore.open(key.address(), "correct horse").unwrap(), key);
        let wrong = keystore.open(key.address(), "battery").unwrap_err().to_string();
        assert!(wrong.contains("is the password right?"), "{wrong}");
        let absent = keystore.open(Address::ZERO, "correct horse").unwrap_err().to_string();
        assert!(absent.contains("bttc account list"), "{absent}");
        let again = keystore.add(&key, "other").unwrap_err().to_string();
        assert!(again.contains("is already in"), "{again}");

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        // Nothing but the key file is left.
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        let json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!((json["version"].as_u64(), json["crypto"]["kdf"].as_str()), (Some(3), Some("scrypt")));
        assert!(!fs::read_to_string(&path).unwrap().contains(&alloy_primitives::hex::encode(key.to_bytes())));
    }

    #[test]
    fn a_file_that_lies_about_its_address_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let keystore = Keystore::new(dir.path().into());
        let (honest, claimed) = (PrivateKeySigner::random(), Address::repeat_byte(7));
        let path = keystore.add(&honest, "x").unwrap();
        let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        json["address"] = format!("{claimed:x}").into();
        fs::write(&path, json.to_string()).unwrap();
        assert!(keystore.open(claimed, "x").unwrap_err().to_string().contains("do not trust it"));
    }
}
