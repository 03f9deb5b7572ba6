//! Parameters of a call, read one by one in their order.

use crate::error::{Reply, RpcError};
use jsonrpsee::types::Params;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The list of parameters, with the position that is read next.
#[derive(Debug, Default)]
pub(crate) struct Args {
    values: std::vec::IntoIter<Box<RawValue>>,
    index: usize,
}

impl Args {
    /// Takes the parameters of a request apart, without reading any.
    pub(crate) fn of(params: &Params<'_>) -> Reply<Self> {
        let Some(text) = params.as_str() else { return Ok(Self::default()) };
        if text.starts_with('{') {
            return Err(RpcError::params(
                "parameters must be a list in the order of the method's documentation, not an object",
            ));
        }
        let values: Option<Vec<Box<RawValue>>> =
            serde_json::from_str(text).map_err(|error| RpcError::params(format!("parameters are no list: {error}")))?;
        Ok(Self { values: values.unwrap_or_default().into_iter(), index: 0 })
    }

    /// The next parameter, or none where it is missing or null.
    pub(crate) fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Reply<Option<T>> {
        let index = self.index;
        self.index += 1;
        let Some(value) = self.values.next() else { return Ok(None) };
        if value.get() == "null" {
            return Ok(None);
        }
        match serde_json::from_str(value.get()) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(RpcError::param(index, name, plain(&error))),
        }
    }

    /// The next parameter, which must be there.
    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &str) -> Reply<T> {
        let index = self.index;
        self.optional(name)?
            .ok_or_else(|| RpcError::params(format!("missing value for required argument {index} ({name})")))
    }

    /// Refuses parameters that the method does not have.
    pub(crate) fn end(mut self) -> Reply<()> {
        match self.values.next() {
            None => Ok(()),
            Some(_) => Err(RpcError::params(format!("too many arguments, want at most {}", self.index))),
        }
    }
}

/// The reason alone: where in a text of one line it stands helps nobody.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    fn args(text: &str) -> Args {
        Args::of(&Params::new(Some(text))).unwrap()
    }

    #[test]
    fn a_bad_parameter_is_named() {
        let error = args(r#"["0x12"]"#).required::<Address>("address").unwrap_err();
        assert_eq!(error.code, -32602);
        assert!(error.message.starts_with("invalid argument 0 (address): "), "{}", error.message);
        assert!(!error.message.contains("line"), "{}", error.message);
    }

    #[test]
    fn missing_null_and_surplus_parameters() {
        let mut some = args(r#"[null, 7]"#);
        assert_eq!(some.optional::<u64>("a").unwrap(), None);
        assert_eq!(some.optional::<u64>("b").unwrap(), Some(7));
        assert_eq!(some.optional::<u64>("c").unwrap(), None);
        let error = some.required::<u64>("d").unwrap_err();
        assert_eq!(error.message, "missing value for required argument 3 (d)");
        let mut many = args("[1, 2]");
        many.required::<u64>("a").unwrap();
        assert_eq!(many.end().unwrap_err().message, "too many arguments, want at most 1");
        Args::of(&Params::new(None)).unwrap().end().unwrap();
        assert_eq!(Args::of(&Params::new(Some("{}"))).unwrap_err().code, -32602);
    }
}
