//! Why an Ingress is on the appliance as it is: what each part of its text does, and what each
//! object is there for.
//!
//! Nothing is told that translating does not do: a part does what would be otherwise without it,
//! and that is found out by translating without it.

mod difference;
mod part;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::model::{
    BindingId, CertificateId, EntityId, Fields, IngressId, ObjectKey, State, Value,
};
use crate::plan::reference::{origin, references};
use crate::policy::Policy;
use crate::snapshot::Snapshot;
use crate::translate::{Translation, translate};
pub use part::Part;

/// Explains an Ingress. `None` if there is none of this name.
pub fn explain(snapshot: &Snapshot, policy: &Policy, key: &ObjectKey) -> Option<Explanation> {
    let source = snapshot.ingresses.get(key)?;
    let id = IngressId::of(key);
    let translation = translate(snapshot, policy);
    let standing = standing(&translation, &id);
    let mut explanation = Explanation {
        standing,
        sources: Vec::new(),
        objects: Vec::new(),
        certificates: BTreeMap::new(),
        diagnostics: about(&translation, key).cloned().collect(),
    };
    if standing != Standing::Served {
        return Some(explanation);
    }
    let mine = mine(&translation, &id);
    for part in part::parts(snapshot, key) {
        let effects = part::effects(&part, (snapshot, policy, key), &mine);
        let Some(effects) = effects else { continue };
        let place = part.field().and_then(|field| source.places.at(&field)).cloned();
        explanation.sources.push(Source { part, place, effects });
    }
    explanation.objects = objects(&mine, &explanation.sources);
    let subjects = translation.desired.certificates.iter();
    explanation.certificates =
        subjects.map(|(id, one)| (id.clone(), one.certificate.subject.clone())).collect();
    Some(explanation)
}

/// Why an Ingress is on the appliance as it is.
#[derive(Debug)]
pub struct Explanation {
    /// What becomes of the Ingress. Unless it is served, there is nothing more than diagnostics.
    pub standing: Standing,
    /// From its text to the objects.
    pub sources: Vec<Source>,
    /// From the objects to its text.
    pub objects: Vec<Object>,
    /// The subjects of the certificates that bindings name by their id.
    pub certificates: BTreeMap<CertificateId, String>,
    /// What there is to say about the Ingress.
    pub diagnostics: Vec<Diagnostic>,
}

/// What becomes of an Ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is understood.
    Served,
    /// It is not served, because of an error in it.
    Refused,
    /// It is of another controller.
    Elsewhere,
}

/// A part of the text, and what it does.
#[derive(Debug)]
pub struct Source {
    /// The part.
    pub part: Part,
    /// Where it stands.
    pub place: Option<Place>,
    /// What it does. Nothing, if all would be the same without it.
    pub effects: Vec<Effect>,
}

/// What a part of the text does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Without it, the Ingress would not be served: the reason.
    Needed(String),
    /// Authorities are read from this key of it.
    Read(&'static str),
    /// Something is there because of it.
    There(Subject),
    /// A field has its value because of it.
    Set {
        /// Whose field.
        entity: EntityId,
        /// Its name.
        field: String,
        /// Its value.
        value: Value,
        /// The value that it would have without it.
        otherwise: Option<Value>,
    },
}

/// An entity or a binding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An entity.
    Entity(EntityId),
    /// A binding.
    Binding(BindingId),
}

/// An object, and what it is there for.
#[derive(Debug)]
pub struct Object {
    /// The object. Certkeys have the id of their content as a name.
    pub entity: EntityId,
    /// Its fields.
    pub fields: Fields,
    /// The parts of the text that do something about it, by their place in
    /// [`Explanation::sources`].
    pub sources: BTreeSet<usize>,
    /// The objects that refer to it, or that it is bound to.
    pub users: BTreeSet<EntityId>,
}

fn standing(translation: &Translation, id: &IngressId) -> Standing {
    if translation.gone.contains_key(id) {
        Standing::Elsewhere
    } else if translation.unmet.contains_key(id) {
        Standing::Refused
    } else {
        Standing::Served
    }
}

fn about<'a>(
    translation: &'a Translation,
    key: &'a ObjectKey,
) -> impl Iterator<Item = &'a Diagnostic> {
    let about = |one: &&Diagnostic| one.object.kind == "Ingress" && one.object.key == *key;
    translation.diagnostics.iter().filter(about)
}

/// The errors of an Ingress that keep it from being served.
fn errors(translation: &Translation, key: &ObjectKey) -> Option<String> {
    let errors = about(translation, key).filter(|one| one.severity == Severity::Error);
    let mut problems: Vec<&str> = errors.map(|one| one.problem.as_str()).collect();
    problems.dedup();
    let (first, more) = problems.split_first()?;
    Some(match more.len() {
        0 => (*first).to_owned(),
        1 => format!("{first} (and 1 more error)"),
        more => format!("{first} (and {more} more errors)"),
    })
}

/// What is on the appliance for one Ingress, shared or not.
fn mine(translation: &Translation, id: &IngressId) -> State {
    let desired = &translation.desired;
    let is_mine =
        |entity: &EntityId| desired.owners.get(entity).is_some_and(|all| all.contains(id));
    // What nobody owns is not ours at all, such as a server of others that a group has as a member.
    let may_be_mine = |entity: &EntityId| is_mine(entity) || !desired.owners.contains_key(entity);
    let mut mine = State::default();
    for (entity, fields) in &desired.state.entities {
        if is_mine(&origin(entity)) {
            mine.entities.insert(entity.clone(), fields.clone());
        }
    }
    for (binding, attributes) in &desired.state.bindings {
        if is_mine(&origin(&binding.parent_id()))
            && binding.child_id().as_ref().is_none_or(may_be_mine)
        {
            mine.bindings.insert(binding.clone(), attributes.clone());
        }
    }
    mine
}

fn objects(mine: &State, sources: &[Source]) -> Vec<Object> {
    let mut users: BTreeMap<EntityId, BTreeSet<EntityId>> = BTreeMap::new();
    for (entity, fields) in &mine.entities {
        for used in references(entity, fields) {
            users.entry(used).or_default().insert(entity.clone());
        }
    }
    for binding in mine.bindings.keys() {
        if let Some(child) = binding.child_id() {
            users.entry(child).or_default().insert(binding.parent_id());
        }
    }
    let object = |(entity, fields): (&EntityId, &Fields)| {
        let concerned = sources.iter().enumerate();
        let concerned = concerned.filter(|(_, one)| one.effects.iter().any(|e| e.concerns(entity)));
        Object {
            entity: entity.clone(),
            fields: fields.clone(),
            sources: concerned.map(|(place, _)| place).collect(),
            users: users.get(entity).cloned().unwrap_or_default(),
        }
    };
    mine.entities.iter().map(object).collect()
}

impl Effect {
    /// Whether it is about an entity or what is bound to it.
    fn concerns(&self, id: &EntityId) -> bool {
        match self {
            Self::Needed(_) | Self::Read(_) => false,
            Self::There(Subject::Entity(entity)) | Self::Set { entity, .. } => entity == id,
            Self::There(Subject::Binding(binding)) => {
                binding.parent_id() == *id || binding.child_id().as_ref() == Some(id)
            }
        }
    }
}
