//! Where `anvil` is, the program that plays Ethereum.
//!
//! npm gives it as a small script that starts the program proper of a package for the platform. A process that we end by its number must be the
//! program itself, so the script is followed to it.

use eyre::{WrapErr, bail, eyre};
use std::{
    ffi::OsStr,
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

const ADVICE: &str = "install it with `npm install @foundry-rs/anvil` and name node_modules/.bin/anvil with --anvil, in BTTC_ANVIL, or put it on the PATH";

/// Finds the program: the one named, else that on `path`.
pub(crate) fn find(named: Option<&Path>, path: Option<&OsStr>) -> eyre::Result<PathBuf> {
    let found = match named {
        Some(named) if is_program(named) => named.to_owned(),
        Some(named) => {
            bail!("{} is no program that can be run, so anvil cannot play Ethereum; {ADVICE}", named.display())
        }
        None => std::env::split_paths(path.unwrap_or_default())
            .map(|folder| folder.join("anvil"))
            .find(|file| is_program(file))
            .ok_or_else(|| eyre!("anvil, which plays Ethereum, was not found; {ADVICE}"))?,
    };
    let real = fs::canonicalize(&found).wrap_err_with(|| format!("cannot use {}", found.display()))?;
    if !is_script(&real)? {
        return Ok(real);
    }
    beside(&real).ok_or_else(|| {
        eyre!("{} is a script, and the program that it starts was not found beside it; {ADVICE}", real.display())
    })
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn is_script(file: &Path) -> eyre::Result<bool> {
    let mut first = [0; 2];
    let mut open = fs::File::open(file).wrap_err_with(|| format!("cannot read {}", file.display()))?;
    Ok(open.read_exact(&mut first).is_ok() && &first == b"#!")
}

/// The program of the package for this platform, which npm puts beside that of the script: `@foundry-rs/anvil-<platform>/bin/anvil`.
fn beside(script: &Path) -> Option<PathBuf> {
    let family = script.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "@foundry-rs"))?;
    let packages = fs::read_dir(family).ok()?.flatten();
    let mut found: Vec<_> = packages
        .filter(|package| package.file_name().to_string_lossy().starts_with("anvil-"))
        .map(|package| package.path().join("bin/anvil"))
        .filter(|file| is_program(file))
        .collect();
    found.sort();
    found.pop()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn program(file: &Path, text: &str) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_script_of_npm_is_followed_to_the_program() {
        let home = tempfile::tempdir().unwrap();
        let modules = home.path().canonicalize().unwrap().join("node_modules");
        let script = modules.join("@foundry-rs/anvil/bin.mjs");
        program(&script, "#!/usr/bin/env node\n");
        let link = modules.join(".bin/anvil");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("../@foundry-rs/anvil/bin.mjs", &link).unwrap();
        let error = find(Some(&link), None).unwrap_err().to_string();
        assert!(error.contains("script") && error.contains("npm install @foundry-rs/anvil"), "{error}");

        let real = modules.join("@foundry-rs/anvil-linux-amd64/bin/anvil");
        program(&real, "\u{7f}ELF");
        assert_eq!(find(Some(&link), None).unwrap(), real);
        assert_eq!(find(None, Some(modules.join(".bin").as_os_str())).unwrap(), real);
        assert_eq!(find(Some(&real), None).unwrap(), real);
    }

    #[test]
    fn what_is_not_there_is_told_with_the_remedy() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("anvil");
        for (named, path) in [(Some(file.as_path()), None), (None, Some(home.path().as_os_str())), (None, None)] {
            let error = find(named, path).unwrap_err().to_string();
            assert!(error.contains("npm install @foundry-rs/anvil") && error.contains("BTTC_ANVIL"), "{error}");
        }
        fs::write(&file, "no program").unwrap();
        assert!(find(Some(&file), None).is_err());
    }
}
