//! The key that pays on a root chain: an encrypted file (Web3 Secret Storage, version 3, as `bttc account` writes them) and a file with its
//! password. Neither may be open to other users.

use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};
use zeroize::Zeroizing;

/// Why a key cannot be had. All of it is for the operator to mend.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read.
    #[error("cannot read the {what} {path}: {error}; {advice}")]
    Unreadable {
        /// What it holds.
        what: &'static str,
        /// Where it should be.
        path: String,
        /// What the system says.
        error: io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// Others may read a secret.
    #[error("the {what} {path} is open to other users (mode {mode:03o}); close it with: chmod 600 {path}")]
    Open {
        /// What it holds.
        what: &'static str,
        /// Where it is.
        path: String,
        /// Its rights.
        mode: u32,
    },
    /// No password in its file.
    #[error("the first line of the password file {path} is empty; put the password there")]
    NoPassword {
        /// Where it is.
        path: String,
    },
    /// No such key file, or another password.
    #[error(
        "cannot open the key {path}: {error}; is it an encrypted key file, and the password in {password_file} its own?"
    )]
    Locked {
        /// Where the key is.
        path: String,
        /// Where the password is.
        password_file: String,
        /// What is wrong.
        error: String,
    },
    /// The file says another address than its key has.
    #[error("{path} says it is {claimed} but holds the key of {held}; do not trust it")]
    Lies {
        /// Where it is.
        path: String,
        /// What it says.
        claimed: Address,
        /// What it has.
        held: Address,
    },
}

/// Decrypts a key. This takes about a second: it is meant to.
///
/// Errors: a file cannot be read or is open to other users, the password is wrong, or the file lies about its address.
pub fn open_key(path: &Path, password_file: &Path) -> Result<PrivateKeySigner, KeyError> {
    let text = read_private(path, "key file", "`bttc account new` makes one")?;
    let password = read_private(password_file, "password file", "write the password into its first line")?;
    let password = match password.lines().next() {
        Some(line) if !line.is_empty() => Zeroizing::new(line.to_owned()),
        _ => return Err(KeyError::NoPassword { path: password_file.display().to_string() }),
    };
    let key = PrivateKeySigner::decrypt_keystore(path, &*password).map_err(|error| KeyError::Locked {
        path: path.display().to_string(),
        password_file: password_file.display().to_string(),
        error: error.to_string(),
    })?;
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let claimed = json.get("address").and_then(|text| text.as_str()?.parse::<Address>().ok());
    match claimed {
        Some(claimed) if claimed != key.address() => {
            Err(KeyError::Lies { path: path.display().to_string(), claimed, held: key.address() })
        }
        // Files of some programs do not say.
        _ => Ok(key),
    }
}

fn read_private(path: &Path, what: &'static str, advice: &'static str) -> Result<Zeroizing<String>, KeyError> {
    let shown = || path.display().to_string();
    let unreadable = |error| KeyError::Unreadable { what, path: shown(), error, advice };
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { what, path: shown(), mode: mode & 0o777 });
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct Files {
        dir: tempfile::TempDir,
        key: PrivateKeySigner,
    }

    impl Files {
        fn new(password: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let key = PrivateKeySigner::random();
            let bytes = key.to_bytes();
            PrivateKeySigner::encrypt_keystore(
                dir.path(),
                &mut rand::thread_rng(),
                bytes,
                "correct horse",
                Some("key"),
            )
            .unwrap();
            let files = Self { dir, key };
            fs::write(files.path("password"), password).unwrap();
            files.close("key");
            files.close("password");
            files
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn close(&self, name: &str) {
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
        }

        fn open(&self) -> Result<PrivateKeySigner, KeyError> {
            open_key(&self.path("key"), &self.path("password"))
        }

        fn claim(&self, address: Address) {
            let mut json: serde_json::Value = serde_json::from_slice(&fs::read(self.path("key")).unwrap()).unwrap();
            json["address"] = format!("{address:x}").into();
            fs::write(self.path("key"), json.to_string()).unwrap();
        }
    }

    #[test]
    fn a_key_is_opened_by_its_password_alone() {
        let files = Files::new("correct horse\nnot this line");
        assert_eq!(files.open().unwrap(), files.key);
        files.claim(files.key.address());
        assert_eq!(files.open().unwrap(), files.key);
        let other = Files::new("battery");
        let error = other.open().unwrap_err();
        assert!(matches!(error, KeyError::Locked { .. }) && error.to_string().contains("is it an encrypted key file"));
        assert!(matches!(Files::new("\nsecond").open(), Err(KeyError::NoPassword { .. })));
    }

    #[test]
    fn secrets_open_to_others_and_missing_files_are_refused() {
        let files = Files::new("correct horse");
        for name in ["key", "password"] {
            fs::set_permissions(files.path(name), fs::Permissions::from_mode(0o640)).unwrap();
            let error = files.open().unwrap_err().to_string();
            assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
            files.close(name);
        }
        fs::remove_file(files.path("password")).unwrap();
        assert!(matches!(files.open(), Err(KeyError::Unreadable { what: "password file", .. })));
    }

    #[test]
    fn a_file_that_lies_about_its_address_is_refused() {
        let files = Files::new("correct horse");
        files.claim(Address::repeat_byte(7));
        assert!(files.open().unwrap_err().to_string().contains("do not trust it"));
    }
}
