//! Defaults, then the file, then dotted flags.
//!
//! A flag carries text; its type is that of the value it replaces. Where nothing stands yet (an optional key), the text is read as a TOML
//! value and, if the struct refuses that, as a plain string.

use super::{Config, InvalidConfig};
use std::path::Path;
use toml::{Table, Value};

/// A dotted flag: `--rpc.port 8545`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Key with its section, such as `rpc.port`.
    pub key: String,
    /// Value as it was typed.
    pub value: String,
}

pub(super) fn load(path: &Path, text: &str, overrides: &[Override]) -> Result<Config, InvalidConfig> {
    let in_file = |why: String| InvalidConfig::File { path: path.into(), why };
    // Read straight from the text, for errors that show the line.
    toml::from_str::<Config>(text).map_err(|error| in_file(error.to_string().trim_end().to_owned()))?;
    let mut table = Table::try_from(Config::default()).expect("every section serialises to TOML");
    lay_over(&mut table, text.parse().map_err(|error: toml::de::Error| in_file(error.to_string()))?);
    let mut config = read(&table).map_err(in_file)?;
    for flag in overrides {
        config = apply(&mut table, flag).map_err(|why| InvalidConfig::Flag {
            key: flag.key.clone(),
            value: flag.value.clone(),
            why,
        })?;
    }
    Ok(config)
}

fn read(table: &Table) -> Result<Config, String> {
    Value::Table(table.clone())
        .try_into()
        .map_err(|error: toml::de::Error| error.to_string().trim_end().replace('\n', " "))
}

/// Puts the values of `upper` in the place of those of `lower`, table by table.
fn lay_over(lower: &mut Table, upper: Table) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

fn apply(table: &mut Table, flag: &Override) -> Result<Config, String> {
    let mut refusal = None;
    for value in readings(lookup(table, &flag.key), &flag.value)? {
        let mut tried = table.clone();
        put(&mut tried, &flag.key, value)?;
        match read(&tried) {
            Ok(config) => {
                *table = tried;
                return Ok(config);
            }
            // The likeliest reading says best what is wrong.
            Err(why) => refusal = refusal.or(Some(why)),
        }
    }
    Err(refusal.unwrap_or_else(|| "it has no value".to_owned()))
}

fn lookup<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((section, rest)) => lookup(table.get(section)?.as_table()?, rest),
    }
}

/// What the text may mean, in the order in which to try.
fn readings(current: Option<&Value>, text: &str) -> Result<Vec<Value>, String> {
    let expected = |what: &str| Err(format!("expected {what}"));
    let plain = Value::String(text.to_owned());
    Ok(match current {
        Some(Value::Integer(_)) => match text.replace('_', "").parse::<i64>() {
            Ok(number) => vec![Value::Integer(number)],
            // A size or a mode may be spelled either way.
            Err(_) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => vec![plain],
            Err(_) => return expected("a whole number"),
        },
        Some(Value::Float(_)) => match text.parse::<f64>() {
            Ok(number) => vec![Value::Float(number)],
            Err(_) => return expected("a number"),
        },
        Some(Value::Boolean(_)) => match text {
            "true" => vec![Value::Boolean(true)],
            "false" => vec![Value::Boolean(false)],
            _ => return expected("true or false"),
        },
        Some(Value::Array(_)) => vec![list(text)],
        Some(Value::Table(_)) => return Err("it is a section, not a key".to_owned()),
        Some(Value::String(_) | Value::Datetime(_)) => vec![plain],
        None => literal(text).into_iter().chain([plain, list(text)]).collect(),
    })
}

/// `[1, 2]` as TOML reads it, otherwise strings between commas.
fn list(text: &str) -> Value {
    match literal(text) {
        Some(array @ Value::Array(_)) => array,
        _ => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
    }
}

fn literal(text: &str) -> Option<Value> {
    format!("value = {text}").parse::<Table>().ok()?.remove("value")
}

fn put(table: &mut Table, key: &str, value: Value) -> Result<(), String> {
    match key.split_once('.') {
        None if key.is_empty() => Err("a part of the key is empty".to_owned()),
        None => {
            table.insert(key.to_owned(), value);
            Ok(())
        }
        Some((section, rest)) => table
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("`{section}` is a key, not a section"))
            .and_then(|inner| put(inner, rest, value)),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
