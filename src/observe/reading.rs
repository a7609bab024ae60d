//! Everything that is asked of the appliance, as it was answered.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Error;
use super::unsaved::UnsavedChanges;
use crate::model::{BindingShape, Kind, Mark};
use crate::nitro::row::text;
use crate::nitro::{Answer, Client, Request, Row, Transport};
use crate::schema;

/// All answers of one look at an appliance, by type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The objects and bindings of each type.
    pub rows: BTreeMap<&'static str, Vec<Row>>,
    /// What differs between the running and the saved configuration; `None` where nothing does,
    /// or where the appliance does not say.
    pub unsaved_changes: Option<UnsavedChanges>,
}

/// The named objects that are read, whole.
const LISTED: [Kind; 18] = [
    Kind::SSLCERTKEY,
    Kind::SSLPROFILE,
    Kind::NSTCPPROFILE,
    Kind::NSHTTPPROFILE,
    Kind::SSLSERVICE,
    Kind::SERVER,
    Kind::LBMONITOR,
    Kind::SERVICEGROUP,
    Kind::SSLSERVICEGROUP,
    Kind::RESPONDERACTION,
    Kind::RESPONDERPOLICY,
    Kind::REWRITEACTION,
    Kind::REWRITEPOLICY,
    Kind::LBVSERVER,
    Kind::CSACTION,
    Kind::CSPOLICY,
    Kind::CSVSERVER,
    Kind::SSLVSERVER,
];

const SINGLETONS: [&str; 4] = ["nsversion", "nsfeature", "sslparameter", "nsconfig"];

impl Reading {
    /// Asks for everything.
    pub async fn take<T: Transport>(client: &Client<T>, mark: &Mark) -> Result<Self, Error> {
        let mut reading = Self::default();
        for kind in SINGLETONS {
            let rows = rows(kind, client.send(&Request::singleton(kind)).await)?;
            reading.rows.insert(kind, rows);
        }
        for kind in LISTED {
            reading.rows.insert(kind.name(), list(client, kind).await?);
        }
        for shape in BindingShape::ALL {
            let rows = bindings(client, shape, &reading, mark).await?;
            reading.rows.insert(shape.kind.name(), rows);
        }
        let kind = Kind::SYSTEMFILE.name();
        reading.rows.insert(kind, rows(kind, client.send(&Request::files()).await)?);
        // Last, so that it tells of what somebody has changed while we read.
        if reading.flag("nsconfig", "configchanged") {
            reading.unsaved_changes = unsaved_changes(client, mark).await?;
        }
        Ok(reading)
    }

    /// The objects of a type.
    pub(super) fn of(&self, kind: &str) -> &[Row] {
        self.rows.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a singleton's switch is on. One that is not there is off.
    pub(super) fn flag(&self, kind: &'static str, field: &str) -> bool {
        match self.of(kind).first().and_then(|row| row.get(field)) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => {
                ["ENABLED", "TRUE", "YES"].iter().any(|on| text.eq_ignore_ascii_case(on))
            }
            Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
                false
            }
        }
    }

    /// A text that a singleton must have.
    pub(super) fn text(&self, kind: &'static str, field: &'static str) -> Result<String, Error> {
        let value = self.of(kind).first().and_then(|row| row.get(field)?.as_str());
        value.map(str::to_owned).ok_or(Error::Row { kind, field })
    }

    /// A list of texts of a singleton; an empty one is left out of the answer.
    pub(super) fn list(
        &self,
        kind: &'static str,
        field: &'static str,
    ) -> Result<Vec<String>, Error> {
        let row = self.of(kind).first().ok_or(Error::Row { kind, field })?;
        match row.get(field) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or(Error::Row { kind, field }))
                .collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                Err(Error::Row { kind, field })
            }
        }
    }
}

async fn list<T: Transport>(client: &Client<T>, kind: Kind) -> Result<Vec<Row>, Error> {
    let (size, kind_name) = (client.limits().page, kind.name());
    let mut all = Vec::new();
    for page in 1.. {
        let answer = client.send(&Request::list(kind, page, size)).await;
        let mut rows = rows(kind_name, answer)?;
        prune(kind, &mut rows);
        let count = rows.len();
        if page > 1 && count > 0 && all.first() == rows.first() {
            return Err(Error::Pages { kind: kind_name });
        }
        all.extend(rows);
        // More than asked for means that the appliance does not page: then that was everything.
        if count != size {
            break;
        }
    }
    Ok(all)
}

/// All bindings of a kind; where the appliance refuses to list them all, those of each parent that
/// could be ours. A refusal is no proof that there are none.
async fn bindings<T: Transport>(
    client: &Client<T>,
    shape: &BindingShape,
    reading: &Reading,
    mark: &Mark,
) -> Result<Vec<Row>, Error> {
    let kind = shape.kind;
    let refusal = match client.send(&Request::all_bindings(kind)).await {
        Err(error) if !error.is_lost() && !error.is_unknown() => error,
        answer => {
            let mut rows = rows(kind.name(), answer)?;
            prune(kind, &mut rows);
            return Ok(rows);
        }
    };
    tracing::debug!(%kind, error = refusal.chain(), "reading bindings parent by parent");
    let mut all = Vec::new();
    let parents = reading.of(shape.parent.name());
    let key = schema::facts(shape.parent).key.first().map_or("name", String::as_str);
    for parent in parents.iter().filter_map(|row| text(row, key)) {
        if parent.strip_prefix(&mark.prefix).is_some_and(|rest| rest.starts_with('-')) {
            let answer = client.send(&Request::bindings_of(kind, parent)).await;
            all.extend(rows(kind.name(), answer)?);
        }
    }
    Ok(all)
}

/// Drops what nobody looks at of the types of which there are many objects: of what is read, that is
/// the most.
pub(super) fn prune(kind: Kind, rows: &mut [Row]) {
    let looked_at: &[&str] = match kind {
        Kind::SERVER => &["ipaddress"],
        Kind::SERVICEGROUP => &["autoscale", "servicetype", "td"],
        Kind::LBVSERVER => &["ipv46", "port", "servicetype", "td"],
        Kind::CSACTION => &["targetlbvserver"],
        Kind::CSPOLICY => &["action", "rule"],
        kind if BindingShape::of(kind).is_some() => &["bindpoint", "ca", "port", "snicert"],
        _ => return,
    };
    let names = BindingShape::of(kind).map(|shape| [shape.parent_field, shape.answered_as]);
    let (key, managed) = (schema::facts(kind).key.first(), schema::managed_fields(kind));
    let is_looked_at = |field: &str| {
        managed.contains(&field)
            || looked_at.contains(&field)
            || key.is_some_and(|key| key == field)
            || names.is_some_and(|names| names.contains(&field))
    };
    for row in rows {
        row.keep(is_looked_at);
    }
}

/// An appliance that cannot tell does not stop us; what it cannot name is then somebody else's.
async fn unsaved_changes<T: Transport>(
    client: &Client<T>,
    mark: &Mark,
) -> Result<Option<UnsavedChanges>, Error> {
    let kind = "nsconfig";
    match client.send(&Request::unsaved_changes()).await {
        Err(source) if source.is_lost() => Err(Error::Read { kind, source }),
        Err(error) => {
            tracing::debug!(error = error.chain(), "unsaved changes cannot be told apart");
            Ok(None)
        }
        answer => {
            let row = rows(kind, answer)?.into_iter().next();
            let text = row.as_ref().and_then(|row| row.get("response")?.as_str());
            Ok(text.map(|text| UnsavedChanges::parse(text, mark)))
        }
    }
}

fn rows(
    kind: &'static str,
    answer: Result<Answer, crate::nitro::Error>,
) -> Result<Vec<Row>, Error> {
    answer.map(|answer| answer.rows).map_err(|source| Error::Read { kind, source })
}
