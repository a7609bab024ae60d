//! Reads the appliance: what is ours, what is not, and what everybody shares.
//!
//! Reading takes one request for each kind of object and of binding, however many there are
//! (large lists come in pages). What comes of the answers is a pure function of them:
//! [`assemble`]. An answer that cannot be read is an error, never "nothing there".

mod reading;
mod world;
mod certificates;
mod owned;
mod protection;
mod facts;
mod unsaved;

use crate::model::{Kind, Mark};
use crate::nitro::{Client, Transport};
use crate::observed::{ApplianceSettings, LastChange, ObservedState};
pub use reading::Reading;
pub use unsaved::UnsavedChanges;
use world::World;

/// Reads the whole appliance.
pub async fn observe<T: Transport>(
    client: &Client<T>,
    mark: &Mark,
) -> Result<ObservedState, Error> {
    let reading = Reading::take(client, mark).await?;
    assemble(&reading, mark)
}

/// Makes sense of everything that was read.
pub fn assemble(reading: &Reading, mark: &Mark) -> Result<ObservedState, Error> {
    let world = World::new(reading, mark)?;
    let mut owned = owned::owned(&world, reading)?;
    let settings = settings(reading, &world)?;
    let mut facts = facts::facts(&world, &settings);
    facts.foreign_children.clone_from(&owned.foreign_children);
    owned.foreign_ssl_profiles.clone_from(&facts.foreign_ssl_profiles);
    Ok(ObservedState { owned, facts, settings })
}

fn settings(reading: &Reading, world: &World<'_>) -> Result<ApplianceSettings, Error> {
    let features = reading.list("nsfeature", "feature")?;
    let version = reading.text("nsversion", "version")?;
    let unsaved = reading.flag("nsconfig", "configchanged");
    let changes = reading.unsaved_changes.as_ref();
    // Read before everything else: what changes meanwhile shows at the next look.
    let time = |field| reading.text("nsconfig", field).unwrap_or_default();
    let (last_change, now) = (time("lastconfigchangedtime"), time("currentsytemtime"));
    Ok(ApplianceSettings {
        features: features.iter().map(|feature| feature.to_ascii_uppercase()).collect(),
        default_profile: reading.flag(Kind::SSLPARAMETER.name(), "defaultprofile"),
        unsaved,
        unsaved_is_ours: unsaved && changes.is_some_and(|changes| changes.are_ours(world)),
        last_change: LastChange {
            // Where no time is told, nothing is gained by reading twice.
            is_past: last_change.is_empty() || last_change != now,
            time: last_change,
        },
        version,
    })
}

/// Why the appliance could not be observed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request did not succeed.
    #[error("cannot read {kind}")]
    Read {
        /// The type that was asked for.
        kind: &'static str,
        /// Why.
        #[source]
        source: crate::nitro::Error,
    },
    /// An object lacks what every object of its type has.
    #[error("a {kind} without a usable {field:?} was read")]
    Row {
        /// Its type.
        kind: &'static str,
        /// What it lacks.
        field: &'static str,
    },
    /// The pages of a list are not pages of one list.
    #[error("the pages of all {kind} repeat themselves")]
    Pages {
        /// The type that was listed.
        kind: &'static str,
    },
}

impl Error {
    /// Whether it may go away by itself.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Read { source, .. } => source.is_retryable(),
            Self::Row { .. } => false,
            Self::Pages { .. } => true,
        }
    }

    /// A label for metrics, one of few.
    pub const fn category(&self) -> &'static str {
        match self {
            Self::Read { source, .. } => source.category(),
            Self::Row { .. } => "row",
            Self::Pages { .. } => "pages",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{BindingId, BindingShape, ClusterId, Role, Value};
    use crate::schema;

    fn mark() -> Mark {
        Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("local").unwrap() }
    }

    /// Rows of a type as an appliance sends them.
    fn reading<const N: usize>(types: [(&'static str, serde_json::Value); N]) -> Reading {
        let settings = [
            ("nsversion", json!([{ "version": "NetScaler NS14.1" }])),
            ("nsfeature", json!([{ "feature": ["lb", "SSL"] }])),
        ];
        let mut reading = Reading::default();
        for (kind, rows) in settings.into_iter().chain(types) {
            let rows = rows.as_array().unwrap().iter();
            let rows = rows.map(|row| row.as_object().unwrap().clone().into());
            reading.rows.insert(kind, rows.collect());
        }
        reading
    }

    #[test]
    fn an_appliance_that_says_little_is_understood() {
        let observed = assemble(&reading([]), &mark()).unwrap();
        assert_eq!(observed.settings.features, ["LB", "SSL"].map(str::to_owned).into());
        assert!(!observed.settings.default_profile && !observed.settings.unsaved);
        assert!(observed.owned.state.entities.is_empty());
    }

    #[test]
    fn values_are_the_same_in_every_spelling() {
        let comment = "nitro-ingress cluster=local";
        for port in [json!(80), json!("80")] {
            let observed = assemble(
                &reading([
                    (
                        "servicegroup",
                        json!([{
                            "servicegroupname": "k8s-g", "servicetype": "http",
                            "healthmonitor": "YES", "comment": comment, "numofconnections": 7
                        }]),
                    ),
                    (
                        "servicegroup_servicegroupmember_binding",
                        json!([{ "servicegroupname": "k8s-g", "servername": "s", "port": port }]),
                    ),
                    (
                        "servicegroup_lbmonitor_binding",
                        json!([{ "servicegroupname": "k8s-g", "monitor_name": "tcp-default" }]),
                    ),
                ]),
                &mark(),
            )
            .unwrap();
            let fields = observed.owned.state.fields(Kind::SERVICEGROUP, "k8s-g").unwrap();
            let expected = [("comment", comment), ("servicetype", "HTTP")];
            assert!(
                fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.clone()))
                    .eq(expected.map(|(name, value)| (name, Value::from(value))))
            );
            let member = BindingId::new(Kind::SERVICEGROUP_MEMBER, "k8s-g", "s", Role::Port(80));
            assert!(observed.owned.state.bindings.keys().eq([&member]));
        }
    }

    #[test]
    fn a_row_that_names_nothing_is_an_error() {
        let refused = |kind, row| {
            let error = assemble(&reading([(kind, json!([row]))]), &mark()).unwrap_err();
            error.to_string()
        };
        assert_eq!(
            refused("lbvserver", json!({ "servicetype": "HTTP" })),
            r#"a lbvserver without a usable "name" was read"#
        );
        let member = json!({ "servicegroupname": "g", "servername": "s", "port": "many" });
        assert_eq!(
            refused("servicegroup_servicegroupmember_binding", member),
            r#"a servicegroup_servicegroupmember_binding without a usable "port" was read"#
        );
        assert_eq!(
            refused("systemfile", json!({ "filesize": "3" })),
            r#"a systemfile without a usable "filename" was read"#
        );
        let mut unversioned = reading([]);
        unversioned.rows.remove("nsversion");
        assert!(assemble(&unversioned, &mark()).is_err());
    }

    #[test]
    fn a_policy_bound_to_nothing_is_passed_over() {
        let row = json!({ "name": "cs", "targetlbvserver": "lb" });
        let observed = assemble(&reading([("csvserver_cspolicy_binding", json!([row]))]), &mark());
        assert!(observed.is_ok());
    }

    #[test]
    fn what_is_dropped_is_not_looked_at() {
        let (name, comment) = (mark().shared_name("x"), "nitro-ingress cluster=local");
        let mut whole = reading([]);
        for &kind in Kind::ALL {
            let facts = schema::facts(kind);
            let mut row = serde_json::Map::new();
            for (field, facts) in &facts.fields {
                row.insert(field.clone(), json!(facts.allowed.last().map_or("1", String::as_str)));
            }
            if let Some(shape) = BindingShape::of(kind) {
                row.insert(shape.parent_field.to_owned(), json!(name));
                row.insert(shape.answered_as.to_owned(), json!(name));
            } else if let Some(key) = facts.key.first() {
                row.insert(key.clone(), json!(name));
                row.insert("comment".to_owned(), json!(comment));
            }
            for (field, value) in [("ipaddress", "10.0.0.1"), ("ipv46", "10.0.0.2"), ("port", "80")]
            {
                if row.contains_key(field) {
                    row.insert(field.to_owned(), json!(value));
                }
            }
            whole.rows.entry(kind.name()).or_insert_with(|| vec![row.into()]);
        }
        let mut pruned = whole.clone();
        for (kind, rows) in &mut pruned.rows {
            if let Some(kind) = Kind::parse(kind) {
                reading::prune(kind, rows);
            }
        }
        assert_ne!(pruned, whole);
        assert_eq!(assemble(&pruned, &mark()).unwrap(), assemble(&whole, &mark()).unwrap());
    }
}
