//! How a test gets its servers.

use std::sync::{Arc, OnceLock};

use libtest_mimic::{Failed, Trial};
use tokio::runtime::{Builder, Runtime};

use crate::api_server::Cluster;

/// The servers of this run. They start when the first test asks for them, so that a run without
/// tests starts none, and end when nobody has them any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<OnceLock<Result<Cluster, String>>>);

/// The tests of these names, with their modules.
macro_rules! trials {
    ($shared:ident; $($module:ident: $test:ident),* $(,)?) => {
        vec![$($crate::running::trial(
            concat!(stringify!($module), "::", stringify!($test)),
            &$shared,
            $module::$test,
        )),*]
    };
}
pub(crate) use trials;

/// One test.
pub(crate) fn trial<T>(name: &str, shared: &Shared, test: T) -> Trial
where
    T: AsyncFn(&Cluster) + Send + 'static,
{
    let shared = shared.clone();
    Trial::test(name, move || {
        let cluster = shared.0.get_or_init(|| runtime().block_on(Cluster::start()));
        runtime().block_on(test(cluster.as_ref().map_err(Failed::from)?));
        Ok(())
    })
}

/// One for a single test: clients don't survive theirs.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
