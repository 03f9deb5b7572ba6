//! Dotted flags: `--rpc.port 8545`, `--rpc.port=8545`, and `--rpc.enabled` alone for `true`.
//!
//! They stand for keys of the configuration, whose structs are in many crates; so they are taken out before the grammar of [`crate::cli`]
//! reads the rest. A hyphen in a key may stand for an underscore.

use bttc_node::Override;
use std::ffi::OsString;

/// Parts the arguments into those of the grammar and the dotted flags, in order. After `--` nothing is taken.
pub(crate) fn split(arguments: impl IntoIterator<Item = OsString>) -> (Vec<OsString>, Vec<Override>) {
    let (mut rest, mut flags) = (Vec::new(), Vec::new());
    let mut arguments = arguments.into_iter().peekable();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            rest.push(argument);
            rest.extend(arguments);
            break;
        }
        let Some((key, value)) = argument.to_str().and_then(dotted) else {
            rest.push(argument);
            continue;
        };
        let value = value.or_else(|| {
            let next = arguments.next_if(|next| next.to_str().is_some_and(|next| !next.starts_with("--")))?;
            next.into_string().ok()
        });
        flags.push(Override { key, value: value.unwrap_or_else(|| "true".to_owned()) });
    }
    (rest, flags)
}

/// Key, and the value if it stands in the same argument.
fn dotted(argument: &str) -> Option<(String, Option<String>)> {
    let flag = argument.strip_prefix("--")?;
    let (key, value) = match flag.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (flag, None),
    };
    key.contains('.').then(|| (key.replace('-', "_"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Vec<(String, String)>) {
        let (rest, flags) = split(text.split(' ').map(OsString::from));
        let rest: Vec<_> = rest.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        (rest.join(" "), flags.into_iter().map(|flag| (flag.key, flag.value)).collect())
    }

    #[test]
    fn dotted_flags_are_taken_out_in_order() {
        let (rest, flags) =
            parts("bttc node --rpc.port 0 --dev --log.format=json --rpc.enabled --datadir /a.b --rpc.ipc-path /c.d");
        assert_eq!(rest, "bttc node --dev --datadir /a.b");
        let expected = [("rpc.port", "0"), ("log.format", "json"), ("rpc.enabled", "true"), ("rpc.ipc_path", "/c.d")];
        assert_eq!(flags, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn after_two_hyphens_nothing_is_taken() {
        assert_eq!(parts("bttc node -- --a.b c"), ("bttc node -- --a.b c".to_owned(), Vec::new()));
    }
}
