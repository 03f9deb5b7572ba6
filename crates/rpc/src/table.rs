//! The table of methods without doors, for fuzzing.

use crate::{RpcConfig, RpcContext, context::Api, server::methods};
use jsonrpsee::server::Methods;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// All methods, asked directly.
#[derive(Clone, Debug)]
pub struct MethodTable(Methods);

impl MethodTable {
    /// The methods that a server of this configuration would have, with those of the operator.
    pub fn new(config: RpcConfig, context: RpcContext) -> Self {
        Self(methods(Arc::new(Api::new(config, context, CancellationToken::new())), true))
    }

    /// Names of all methods, in the order of the alphabet.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.0.method_names().collect();
        names.sort_unstable();
        names
    }

    /// The answer to one request; none if it is not JSON of a request.
    pub async fn answer(&self, request: &str) -> Option<String> {
        let (answer, _) = self.0.raw_json_request(request, 1).await.ok()?;
        Some(answer.get().to_owned())
    }
}
