//! Metrics of the whole process, as Prometheus reads them.

use eyre::WrapErr;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Bounds of every histogram of seconds, from a tenth of a millisecond to ten seconds.
const SECONDS: [f64; 22] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.35,
    0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Installs the recorder, once; a second call answers with the same handle.
pub(crate) fn install(version: &'static str) -> eyre::Result<PrometheusHandle> {
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .wrap_err("cannot set the buckets of histograms")?
        .install_recorder()
        .wrap_err("cannot install the metrics recorder")?;
    metrics::describe_gauge!("bttc_build_info", "Always 1; the label says which version runs.");
    metrics::gauge!("bttc_build_info", "version" => version).set(1.0);
    Ok(HANDLE.get_or_init(|| handle).clone())
}
