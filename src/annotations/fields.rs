//! Objects whose members are fields of a NITRO type: which ones may be set, and their values.

use std::collections::BTreeMap;

use crate::model::{Fields, Kind, Value};
use crate::schema::{self, Mismatch};

use super::json::{self, Node};
use super::{ParseError, Scope};

/// The fields of one NITRO type that one annotation may set.
#[derive(Debug)]
pub struct FieldSet {
    /// The type.
    pub kind: Kind,
    /// What is set, for messages: `back-end SSL profile`.
    pub what: &'static str,
    /// Whether it is set for each Service.
    pub scope: Scope,
    /// The fields, sorted.
    pub allowed: &'static [&'static str],
    /// Other spellings: what people write, and the field that it means.
    pub aliases: &'static [(&'static str, &'static str)],
    /// Fields that mean nothing, and are refused, unless another has one of some values.
    pub dependants: &'static [Dependant],
    /// Values of fields that are not taken, and what to do instead.
    pub refused: &'static [(&'static str, &'static [&'static str], &'static str)],
    /// Why a field that is not allowed is not, or what to do instead.
    pub(super) advice: fn(&str) -> &'static str,
    /// What else must be right about fields that fit together.
    pub(super) check: fn(&Fields) -> Result<(), ParseError>,
}

/// A field that means nothing unless another one has one of some values (documented).
#[derive(Debug, Clone, Copy)]
pub struct Dependant {
    /// The field.
    pub field: &'static str,
    /// What it depends on.
    pub master: &'static str,
    /// What that must be.
    pub values: &'static [&'static str],
}

/// What to do about a field of a kind that no annotation reaches.
pub(super) const TAKE_BACK: &str =
    "remove it: annotations set only what can be taken back and concerns one Ingress";

/// Nothing else to check.
#[expect(clippy::unnecessary_wraps, reason = "it stands where others check")]
pub(super) const fn no_check(_: &Fields) -> Result<(), ParseError> {
    Ok(())
}

impl FieldSet {
    /// The objects of others that settings name: each field that names one, and its name.
    pub fn references<'f>(
        &self,
        fields: &'f Fields,
    ) -> impl Iterator<Item = (&'f str, &'f str)> + use<'f> {
        let kind = self.kind;
        fields.iter().filter_map(move |(field, value)| {
            let (_, facts) = schema::field(kind, field)?;
            let name = value.as_text()?;
            let names =
                facts.refers_to.is_some() && !facts.ref_literals.iter().any(|it| it == name);
            names.then_some((field.as_str(), name))
        })
    }

    /// Reads settings that stand by themselves.
    pub(super) fn parse(&'static self, text: &str) -> Result<Fields, ParseError> {
        self.read(json::parse(text)?)
    }

    /// Reads settings by Service.
    pub(super) fn parse_services(
        &'static self,
        text: &str,
    ) -> Result<BTreeMap<String, Fields>, ParseError> {
        let services = self.services(json::parse(text)?)?;
        services.into_iter().map(|(service, node)| Ok((service, self.read(node)?))).collect()
    }

    /// What is given for each Service.
    pub(super) fn services(&'static self, node: Node) -> Result<Vec<(String, Node)>, ParseError> {
        let services = json::object(node, PER_SERVICE, str::to_owned)?;
        for (member, node) in &services {
            let is_setting = self.allowed.contains(&self.fold(member).as_str());
            if is_setting && !matches!(node, Node::Object(_)) {
                return Err(ParseError::NotPerService { what: self.what, member: member.clone() });
            }
        }
        Ok(services)
    }

    /// Reads settings that stand in an object.
    pub(super) fn read(&'static self, node: Node) -> Result<Fields, ParseError> {
        self.read_members(json::object(node, SETTINGS, |member| self.fold(member))?)
    }

    /// Reads settings.
    pub(super) fn read_members(
        &'static self,
        members: Vec<(String, Node)>,
    ) -> Result<Fields, ParseError> {
        let mut fields = Fields::new();
        for (member, node) in members {
            if let Node::Object(_) = node {
                return Err(self.too_deep(member));
            }
            let (name, value) = schema::normalise(self.kind, &self.fold(&member), &node.to_json())
                .map_err(|mismatch| self.spelled(mismatch, &member))?;
            self.require_allowed(name, &value)?;
            fields.insert(name.to_owned(), value);
        }
        for dependant in self.dependants {
            self.require_master(*dependant, &fields)?;
        }
        (self.check)(&fields)?;
        Ok(fields)
    }

    /// An object where a value should be.
    fn too_deep(&self, member: String) -> ParseError {
        match self.scope {
            Scope::FrontEnd | Scope::Ingress => ParseError::PerService { what: self.what, member },
            Scope::Service => ParseError::Shape { wanted: PER_SERVICE.0, example: PER_SERVICE.1 },
        }
    }

    /// The field that a member means: any case, and other spellings.
    pub(super) fn fold(&self, member: &str) -> String {
        let folded = member.trim().to_ascii_lowercase();
        let alias = self.aliases.iter().find(|(alias, _)| *alias == folded);
        alias.map_or(folded, |(_, field)| (*field).to_owned())
    }

    /// Puts the member as it was written into a message, and what it is near to.
    fn spelled(&self, mismatch: Mismatch, member: &str) -> Mismatch {
        match mismatch {
            Mismatch::UnknownField { kind, .. } => {
                let near = schema::nearest(&self.fold(member), self.allowed.iter().copied());
                let nearest = near.or_else(|| schema::nearest_field(kind, member));
                Mismatch::UnknownField { kind, field: member.to_owned(), nearest }
            }
            other @ (Mismatch::ReadOnly { .. }
            | Mismatch::NotAllowed { .. }
            | Mismatch::OutOfRange { .. }
            | Mismatch::TooLong { .. }
            | Mismatch::WrongType { .. }) => other,
        }
    }

    fn require_allowed(&self, field: &'static str, value: &Value) -> Result<(), ParseError> {
        if schema::field(self.kind, field).is_some_and(|(_, facts)| facts.readonly) {
            return Err(Mismatch::ReadOnly { kind: self.kind, field }.into());
        }
        if !self.allowed.contains(&field) {
            let advice = (self.advice)(field);
            return Err(ParseError::FieldNotAllowed { field, what: self.what, advice });
        }
        let text = value.as_text().unwrap_or_default();
        let refused = self.refused.iter().find(|(refused, values, _)| {
            *refused == field && values.iter().any(|refused| refused.eq_ignore_ascii_case(text))
        });
        match refused {
            None => Ok(()),
            Some((_, _, advice)) => {
                Err(ParseError::ValueNotAllowed { field, value: text.to_owned(), advice })
            }
        }
    }

    fn require_master(&self, dependant: Dependant, fields: &Fields) -> Result<(), ParseError> {
        let Dependant { field, master, values } = dependant;
        let given = fields.get(master).cloned().or_else(|| schema::reset_value(self.kind, master));
        let given = given.as_ref().and_then(Value::as_text).unwrap_or_default();
        if !fields.contains_key(field) || values.contains(&given) {
            return Ok(());
        }
        Err(ParseError::WithoutMaster { field, master, values })
    }
}

const PER_SERVICE: (&str, &str) =
    ("an object of settings by Service", r#"settings by Service, {"SERVICE": {"FIELD": "VALUE"}}"#);
const SETTINGS: (&str, &str) = ("an object of settings", r#"settings, {"FIELD": "VALUE"}"#);

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What holds for every set of fields.
    pub(in crate::annotations) fn assert_sound(set: &FieldSet) {
        assert!(set.allowed.is_sorted(), "{}", set.what);
        let dependants = set.dependants.iter().flat_map(|one| [one.field, one.master]);
        let named = dependants.chain(set.refused.iter().map(|(field, ..)| *field));
        for field in set.allowed.iter().copied().chain(named) {
            let (_, facts) = schema::field(set.kind, field).expect(field);
            assert!(!facts.readonly && set.allowed.contains(&field), "{} {field}", set.what);
            assert!(schema::managed_fields(set.kind).contains(&field), "{field} is never read");
        }
        for (alias, field) in set.aliases {
            assert!(schema::field(set.kind, alias).is_none(), "{alias} is a field");
            assert!(schema::field(set.kind, field).is_some(), "{field} is none");
        }
    }

    /// What holds where the object stays and a setting goes.
    pub(in crate::annotations) fn assert_can_be_taken_back(set: &FieldSet) {
        let actions = &schema::facts(set.kind).actions;
        for field in set.allowed {
            assert!(schema::reset_value(set.kind, field).is_some(), "{} {field}", set.what);
            for verb in ["update", "unset"] {
                assert!(actions[verb].iter().any(|known| known == field), "{verb} {field}");
            }
        }
    }
}
