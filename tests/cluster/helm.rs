//! The chart, as helm renders and installs it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::access::User;
use crate::api_server::{ApiServer, Cluster};

/// Where the chart is.
pub(crate) const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/nitro-ingress");

const VALUES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/chart");

/// What helm said, and whether it was content.
#[derive(Debug)]
pub(crate) struct Said {
    /// Whether it ended with 0.
    pub(crate) is_success: bool,
    /// What it wrote to standard output.
    pub(crate) out: String,
    /// What it wrote to standard error.
    pub(crate) err: String,
}

impl ApiServer {
    /// Runs helm to its end.
    pub(crate) fn helm(&self, arguments: &[&str]) -> Said {
        let output = self.command("helm", &User::admin()).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        Said { is_success: output.status.success(), out, err }
    }
}

impl Said {
    /// What it wrote, if it was content.
    #[track_caller]
    pub(crate) fn content(self) -> String {
        assert!(self.is_success, "{}\n{}", self.out, self.err);
        self.out
    }
}

/// Values of `tests/fixtures/chart`, for namespaces that there are.
#[derive(Debug)]
pub(crate) struct Values {
    /// The name of the file.
    pub(crate) name: String,
    /// Where they are, for helm.
    pub(crate) path: String,
    /// The namespace of the release.
    pub(crate) release: String,
    /// A namespace that is served.
    pub(crate) shop: String,
    /// Another.
    pub(crate) bank: String,
}

impl Values {
    /// All of them, each with namespaces of its own.
    pub(crate) async fn all(cluster: &Cluster) -> Vec<Self> {
        let files = fs::read_dir(VALUES).unwrap().map(|entry| entry.unwrap().file_name());
        let names = files.filter_map(|name| Some(name.to_str()?.strip_suffix(".yaml")?.to_owned()));
        let mut all = Vec::new();
        for name in names.collect::<BTreeSet<_>>() {
            all.push(Self::of(&cluster.server, &name).await);
        }
        assert!(all.len() >= 10, "found only {all:?}");
        all
    }

    /// Those of this file.
    pub(crate) async fn of(server: &ApiServer, name: &str) -> Self {
        let (shop, bank) = (server.namespace().await, server.namespace().await);
        let release = server.namespace().await;
        let text = fs::read_to_string(format!("{VALUES}/{name}.yaml")).unwrap();
        let text = text.replace("shop", &shop).replace("bank", &bank);
        let path = server.folder.join(format!("{release}-values.yaml"));
        fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        Self { name: name.to_owned(), path, release, shop, bank }
    }

    /// The objects that the chart makes of them.
    pub(crate) fn rendered(&self, server: &ApiServer) -> Vec<Value> {
        let arguments = ["template", "edge", CHART, "-f", &self.path, "-n", &self.release];
        let text = server.helm(&arguments).content();
        let objects: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        objects.into_iter().filter(|object| !object.is_null()).collect()
    }
}

/// The one object of this kind.
#[track_caller]
pub(crate) fn only<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found: Vec<&Value> = objects.iter().filter(|object| object["kind"] == kind).collect();
    let &[object] = found.as_slice() else { panic!("{} objects of kind {kind}", found.len()) };
    object
}

/// A file of the chart, in JSON or YAML.
pub(crate) fn file(name: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(Path::new(CHART).join(name)).unwrap()).unwrap()
}
