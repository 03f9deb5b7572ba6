//! Encrypted key files and password files on their way in.

use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use eyre::{WrapErr, bail, eyre};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use zeroize::Zeroizing;

/// Name of the encrypted consensus key in a validator's directory.
pub const KEY_FILE: &str = "consensus-key.json";

/// Name of the sign state in a validator's directory.
pub const SIGN_STATE_FILE: &str = "sign-state";

/// Decrypts the consensus key (Web3 Secret Storage, version 3) with the password in a file.
///
/// Errors: a file cannot be read or is open to other users, the password is wrong, or the file lies about its address.
pub fn open_key_file(path: &Path, password_file: &Path) -> eyre::Result<PrivateKeySigner> {
    let shown = path.display();
    check_private(path, "consensus key")?;
    check_private(password_file, "password file")?;
    let claimed = key_file_address(path)?;
    let password = read_secret_line(password_file, "password")?;
    let key = PrivateKeySigner::decrypt_keystore(path, &*password).wrap_err_with(|| {
        format!("cannot open the consensus key {shown}; is the password in {} right?", password_file.display())
    })?;
    if key.address() != claimed {
        bail!("{shown} says it is {claimed} but holds the key of {}; do not trust it", key.address());
    }
    Ok(key)
}

/// The address that an encrypted key file says it holds.
pub fn key_file_address(path: &Path) -> eyre::Result<Address> {
    let shown = path.display();
    let text = fs::read(path)
        .wrap_err_with(|| format!("cannot read the consensus key {shown}; `bttc validator keygen` makes one"))?;
    let json: serde_json::Value =
        serde_json::from_slice(&text).wrap_err_with(|| format!("{shown} is no encrypted key file"))?;
    json.get("address")
        .and_then(|text| text.as_str()?.parse().ok())
        .ok_or_else(|| eyre!("{shown} does not say its address; make the file with `bttc validator keygen`"))
}

/// First line of a file that holds a secret; `what` names it in errors.
pub fn read_secret_line(path: &Path, what: &str) -> eyre::Result<Zeroizing<String>> {
    let text = fs::read_to_string(path)
        .map(Zeroizing::new)
        .wrap_err_with(|| format!("cannot read the {what} file {}", path.display()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!("the first line of the {what} file {} is empty; put the {what} there", path.display());
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn check_private(path: &Path, what: &str) -> eyre::Result<()> {
    let shown = path.display();
    let mode = fs::metadata(path).wrap_err_with(|| format!("cannot find the {what} {shown}"))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!(
            "the {what} {shown} is open to other users (mode {:03o}); close it with: chmod 600 {shown}",
            mode & 0o777
        );
    }
    Ok(())
}
