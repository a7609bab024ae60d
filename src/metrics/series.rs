//! The series of one metric, sorted by their labels, and the registry that knows all metrics.
//!
//! `prometheus-client` has families of its own; they cannot be asked for the series of one
//! appliance, and print theirs in any order.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;

use super::Description;
use super::labels::Labels;

/// What every name starts with.
const PREFIX: &str = "nitro_ingress";

/// What durations are sorted into, in seconds: a request takes tens of milliseconds, a save
/// seconds, and everything of a large appliance minutes.
const BUCKETS: [f64; 11] = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// The series of one metric. Clones are one and the same.
#[derive(Debug)]
pub(super) struct Series<L, M>(Arc<Mutex<BTreeMap<L, M>>>);

/// What a series measures by.
pub(super) trait Measure: EncodeMetric + TypedMetric + fmt::Debug + Send + 'static {
    /// What names of its samples end with.
    const ENDING: &'static str;

    /// One that has seen nothing.
    fn start() -> Self;
}

impl Measure for Counter {
    const ENDING: &'static str = "_total";

    fn start() -> Self {
        Self::default()
    }
}

impl Measure for Gauge {
    const ENDING: &'static str = "";

    fn start() -> Self {
        Self::default()
    }
}

impl Measure for Histogram {
    const ENDING: &'static str = "";

    fn start() -> Self {
        Self::new(BUCKETS)
    }
}

impl<L: Labels, M: Measure> Series<L, M> {
    /// Measures with the one that has these labels.
    pub(super) fn at<T>(&self, labels: L, measure: impl FnOnce(&M) -> T) -> T {
        measure(self.all().entry(labels).or_insert_with(M::start))
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<L, M>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L: Labels> Series<L, Gauge> {
    /// Sets what there is of an appliance; what there was besides is gone.
    pub(super) fn set_all(&self, appliance: &str, values: impl IntoIterator<Item = (L, i64)>) {
        let mut all = self.all();
        all.retain(|labels, _| labels.appliance() != Some(appliance));
        for (labels, value) in values {
            all.entry(labels).or_default().set(value);
        }
    }
}

impl<L, M> Clone for Series<L, M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<L: Labels, M: Measure> EncodeMetric for Series<L, M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let all = self.all();
        if L::NAMES.is_empty() {
            return all.values().next().map_or(Ok(()), |only| only.encode(encoder));
        }
        for (labels, one) in all.iter() {
            one.encode(encoder.encode_family(labels)?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        M::TYPE
    }

    fn is_empty(&self) -> bool {
        self.all().is_empty()
    }
}

/// Series of any type that may be about appliances.
pub(super) trait Forget: fmt::Debug + Send + Sync {
    /// Drops those that are about appliances that are gone.
    fn forget(&self, is_gone: &dyn Fn(&str) -> bool);
}

impl<L: Labels, M: Measure> Forget for Series<L, M> {
    fn forget(&self, is_gone: &dyn Fn(&str) -> bool) {
        self.all().retain(|labels, _| !labels.appliance().is_some_and(is_gone));
    }
}

/// All metrics: how they print, what they are, and how to forget an appliance.
#[derive(Debug)]
pub(super) struct Register {
    pub(super) registry: Registry,
    pub(super) described: Vec<Description>,
    pub(super) series: Vec<Box<dyn Forget>>,
}

impl Register {
    /// One without metrics.
    pub(super) fn new() -> Self {
        let registry = Registry::with_prefix(PREFIX);
        Self { registry, described: Vec::new(), series: Vec::new() }
    }

    /// Takes in a metric. The registry ends `help` with a full stop.
    pub(super) fn add<L: Labels, M: Measure>(
        &mut self,
        name: &'static str,
        help: &'static str,
    ) -> Series<L, M> {
        let series = Series(Arc::default());
        self.registry.register(name, help, series.clone());
        let kind = match M::TYPE {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Histogram => "histogram",
            MetricType::Info => "info",
            MetricType::Unknown => "unknown",
        };
        let name = format!("{PREFIX}_{name}{}", M::ENDING);
        self.described.push(Description { name, kind, labels: L::NAMES, help });
        self.series.push(Box::new(series.clone()));
        series
    }
}
