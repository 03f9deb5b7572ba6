#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::LogFormat;
use std::time::Duration;

fn from(text: &str, flags: &[(&str, &str)]) -> Result<Config, String> {
    let flags: Vec<_> =
        flags.iter().map(|(key, value)| Override { key: (*key).into(), value: (*value).into() }).collect();
    load(Path::new("node.toml"), text, &flags).map_err(|error| error.to_string())
}

#[test]
fn flags_lie_over_the_file_and_the_file_over_the_defaults() {
    let text = "block_time = \"500ms\"\n[log]\nfilter = \"warn\"\nformat = \"json\"\n";
    let config = from(text, &[("log.filter", "debug"), ("metrics.listen", "127.0.0.1:9090")]).unwrap();
    assert_eq!(config.block_time, Some(Duration::from_millis(500)));
    assert_eq!(config.log.filter, "debug");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.metrics.listen, Some("127.0.0.1:9090".parse().unwrap()));
    assert_eq!(from("", &[]).unwrap().log, crate::LogConfig::default());
}

#[test]
fn the_default_configuration_reads_back_from_what_show_prints() {
    let text = Config::default().to_toml();
    assert_eq!(from(&text, &[]).unwrap().to_toml(), text);
}

#[test]
fn every_default_leaf_can_be_given_as_a_flag() {
    fn leaves(prefix: &str, table: &Table, out: &mut Vec<(String, String)>) {
        for (key, value) in table {
            let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                Value::Table(inner) => leaves(&key, inner, out),
                Value::String(text) => out.push((key, text.clone())),
                other => out.push((key, other.to_string())),
            }
        }
    }
    let mut all = Vec::new();
    leaves("", &Table::try_from(Config::default()).unwrap(), &mut all);
    assert!(all.len() > 10, "{all:?}");
    for (key, value) in &all {
        let config = from("", &[(key, value)]).unwrap();
        assert_eq!(config.to_toml(), Config::default().to_toml(), "{key} {value}");
    }
}

#[test]
fn what_is_kept_follows_the_preset_and_the_distances_beside_it() {
    use bttc_storage::Retention;
    let kept = |text, flags: &[(&str, &str)]| from(text, flags).unwrap().storage.retention();
    assert_eq!(kept("", &[]), Retention::ARCHIVE);
    assert_eq!(kept("[storage]\nprune = \"full\"\n", &[]), Retention::FULL);
    assert_eq!(kept("[storage]\nprune = \"full\"\n", &[("storage.prune", "minimal")]), Retention::MINIMAL);
    let custom = kept("[storage]\nkeep_state = 500\nkeep_logs = 128\n", &[("storage.keep_blocks", "900")]);
    assert_eq!(custom, Retention { state: Some(500), blocks: Some(900), logs: Some(128) });
    let error = from("", &[("storage.prune", "some")]).unwrap_err();
    assert!(error.contains("--storage.prune some") && error.contains("minimal"), "{error}");
    let error = from("", &[("storage.keep_state", "127")]).unwrap_err();
    assert!(error.contains("127 blocks are too few to keep, the least is 128"), "{error}");
    let error = from("[storage]\nkeep_blocks = 1\n", &[]).unwrap_err();
    assert!(error.contains("1 blocks are too few") && error.contains("line 2"), "{error}");
}

#[test]
fn an_unknown_key_is_named() {
    let error = from("[log]\nfilter = \"info\"\ncolour = true\n", &[]).unwrap_err();
    assert!(error.contains("node.toml") && error.contains("colour") && error.contains("line 3"), "{error}");
    let error = from("[logs]\n", &[]).unwrap_err();
    assert!(error.contains("logs"), "{error}");
    let error = from("", &[("log.colour", "true")]).unwrap_err();
    assert!(
        error.starts_with("--log.colour true cannot be used") && error.contains("unknown field `colour`"),
        "{error}"
    );
    let error = from("", &[("nothing.at.all", "1")]).unwrap_err();
    assert!(error.contains("--nothing.at.all") && error.contains("unknown field `nothing`"), "{error}");
}

#[test]
fn a_value_of_another_kind_is_refused_with_its_key() {
    let error = from("block_time = \"soon\"\n", &[]).unwrap_err();
    assert!(error.contains("block_time") && error.contains("soon"), "{error}");
    let error = from("", &[("block_time", "soon")]).unwrap_err();
    assert!(error.contains("--block_time soon"), "{error}");
    let error = from("", &[("metrics.listen", "here")]).unwrap_err();
    assert!(error.contains("--metrics.listen here") && error.contains("socket address"), "{error}");
    let error = from("", &[("log.format", "xml")]).unwrap_err();
    assert!(error.contains("xml") && error.contains("logfmt"), "{error}");
    let error = from("", &[("log", "info")]).unwrap_err();
    assert!(error.contains("--log info") && error.contains("it is a section"), "{error}");
    assert!(from("[log\n", &[]).unwrap_err().contains("node.toml"));
}

#[test]
fn lists_are_read_between_commas_or_as_toml() {
    let strings = |items: &[&str]| Value::Array(items.iter().map(|item| Value::String((*item).into())).collect());
    assert_eq!(list("a, b"), strings(&["a", "b"]));
    assert_eq!(list("[\"a\"]"), strings(&["a"]));
    assert_eq!(list(""), strings(&[]));
}
