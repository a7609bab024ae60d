//! `nitro-ingress explain`: why an Ingress is on an appliance as it is.

mod json;
mod text;
mod words;

use clap::{Args, ValueEnum};

use super::cluster::ClusterOptions;
use super::input::{self, Manifests};
use super::{End, Error, Surroundings};
use crate::explain::{Standing, explain};
use crate::model::ObjectKey;
use crate::settings::MeaningSettings;
use crate::snapshot::{Facts, Snapshot};

/// The options of `explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, override_usage = USAGE)]
pub struct Arguments {
    /// The Ingress: NAME, ingress/NAME, NAMESPACE/NAME or ingress/NAMESPACE/NAME
    #[arg(value_name = "INGRESS")]
    ingress: String,

    /// The form of the explanation
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t = Form::Text)]
    output: Form,

    #[command(flatten)]
    manifests: Manifests,

    #[command(flatten)]
    settings: MeaningSettings,

    #[command(flatten)]
    cluster: ClusterOptions,
}

/// What follows `-f` is taken for a path, so the name comes first.
const USAGE: &str = "nitro-ingress explain <INGRESS> [-f <PATH>...] [OPTIONS]";

const EXAMPLE: &str = "\
Exit status: 0 if the Ingress is served, 1 if it is not, or if there is an error.

Example:
  nitro-ingress explain ingress/web -f manifests/
  nitro-ingress explain shop/web --context production";

/// The form of the explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Runs the command.
pub(super) async fn run(
    arguments: &Arguments,
    surroundings: &mut Surroundings<'_>,
) -> Result<End, Error> {
    let Arguments { ingress, output, manifests, settings, cluster } = arguments;
    let Surroundings { environment, now, stdin, screen } = surroundings;
    let (policy, snapshot, key) = if manifests.is_empty() {
        let policy = settings.policy_in_cluster(environment)?;
        let mut cluster = cluster.read((policy, settings.cluster_id()), None).await?;
        let key = find(ingress, &cluster.objects())?;
        cluster.mean_that_of(&key).await?;
        let policy = cluster.policy();
        let snapshot = cluster.snapshot(&policy).await;
        (policy, snapshot, key)
    } else {
        let mut snapshot = input::read(manifests, *stdin, *now)?.snapshot;
        // TLS is judged as on an appliance that is ready for it.
        snapshot.facts = Facts { default_profile: true, ..Facts::default() };
        let key = find(ingress, &snapshot)?;
        (settings.policy(environment)?, snapshot, key)
    };
    let Some(explanation) = explain(&snapshot, &policy, &key) else {
        return Err(missing(ingress, &snapshot));
    };
    screen.diagnostics(&explanation.diagnostics)?;
    match output {
        Form::Text => text::show(&key, &explanation, &mut screen.out)?,
        Form::Json => screen.out.text(&json::json(&key, &explanation))?,
    }
    Ok(match explanation.standing {
        Standing::Served => End::Well,
        Standing::Refused | Standing::Elsewhere => End::Short,
    })
}

/// The Ingress that is meant. A namespace may be left out where there is one Ingress of the name.
fn find(written: &str, snapshot: &Snapshot) -> Result<ObjectKey, Error> {
    let name = ["ingress/", "ingresses/", "ing/"]
        .iter()
        .find_map(|kind| written.strip_prefix(kind))
        .unwrap_or(written);
    let keys = snapshot.ingresses.keys();
    let meant: Vec<&ObjectKey> = match name.split_once('/') {
        Some((namespace, name)) => {
            keys.filter(|key| key.namespace == namespace && key.name == name).collect()
        }
        None => keys.filter(|key| key.name == name).collect(),
    };
    match meant.as_slice() {
        [] => Err(missing(name, snapshot)),
        [one] => Ok((*one).clone()),
        several => Err(Error::SeveralIngresses { names: list(several) }),
    }
}

fn missing(written: &str, snapshot: &Snapshot) -> Error {
    let there: Vec<&ObjectKey> = snapshot.ingresses.keys().take(10).collect();
    let held = match (there.as_slice(), snapshot.ingresses.len()) {
        ([], _) => "no Ingress".to_owned(),
        (all, count) if count > all.len() => {
            format!("{count} Ingresses, the first of them {}", list(all))
        }
        (all, _) => list(all),
    };
    Error::NoSuchIngress { name: written.to_owned(), held }
}

fn list(keys: &[&ObjectKey]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
