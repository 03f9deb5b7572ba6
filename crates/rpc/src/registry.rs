//! How the methods of a namespace are entered: each with the way it runs.

use crate::{args::Args, context::Api, error::Reply};
use jsonrpsee::RpcModule;
use serde::Serialize;
use std::{future::Future, sync::Arc};

/// What every registration may rely on: two methods of one name are a mistake in this crate, seen by its first test.
const ONCE: &str = "each method is entered once";

/// The table of methods while it is filled.
pub(crate) struct Registry {
    pub(crate) module: RpcModule<Api>,
}

impl Registry {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self { module: RpcModule::from_arc(api) }
    }

    /// A method that answers from memory or with a few reads of the store: runs where the request arrived.
    pub(crate) fn read<T, F>(&mut self, name: &'static str, method: F)
    where
        T: Serialize + Clone + 'static,
        F: Fn(&Api, Args) -> Reply<T> + Send + Sync + 'static,
    {
        self.module
            .register_method(name, move |params, api, _| Args::of(&params).and_then(|args| method(api, args)))
            .expect(ONCE);
    }

    /// A method that executes or reads a lot: runs on a worker.
    pub(crate) fn work<T, F>(&mut self, name: &'static str, method: F)
    where
        T: Serialize + Clone + Send + 'static,
        F: Fn(&Api, Args) -> Reply<T> + Clone + Send + Sync + 'static,
    {
        self.wait(name, move |api, args| {
            let method = method.clone();
            async move { api.workers.clone().run(move || method(&api, args)).await }
        });
    }

    /// A method that waits for something.
    pub(crate) fn wait<T, F, Fut>(&mut self, name: &'static str, method: F)
    where
        T: Serialize + Clone + 'static,
        F: Fn(Arc<Api>, Args) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Reply<T>> + Send,
    {
        self.module
            .register_async_method(name, move |params, api, _| {
                let method = method.clone();
                async move { method(api, Args::of(&params)?).await }
            })
            .expect(ONCE);
    }

    /// Another name of a method.
    pub(crate) fn alias(&mut self, alias: &'static str, method: &'static str) {
        self.module.register_alias(alias, method).expect(ONCE);
    }
}
