//! Our own trouble, as against a fault of whoever sent us something.

use std::{error::Error, fmt, sync::Arc};

/// A failure of this node: disk, codec, a broken invariant. It stops the node and never becomes a vote.
///
/// Displays what was being done and every cause beneath it.
#[derive(Clone, Debug)]
pub struct Fatal {
    doing: String,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Fatal {
    /// A failure that nothing beneath explains; `what` says which invariant broke.
    pub fn new(what: impl Into<String>) -> Self {
        Self { doing: what.into(), cause: None }
    }

    /// A failure of `cause` while `doing` something.
    pub fn while_doing(doing: impl Into<String>, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { doing: doing.into(), cause: Some(Arc::new(cause)) }
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl Error for Fatal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}
