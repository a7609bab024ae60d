//! What the appliance holds: one value that is cheap to clone, so that a test can keep every
//! state between two commands.

mod kept;
mod priorities;
mod references;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;

use self::priorities::Priorities;
use crate::schema;
use crate::table::Table;
use crate::x509::Material;

pub(crate) use self::kept::{Foreign, Kept, KeptFiles};
pub(crate) use self::priorities::bind_point;
pub(crate) use self::references::Referrer;

/// The fields of one object or binding, in NITRO's spelling. Values are normalised by the schema:
/// numbers are JSON numbers, booleans JSON booleans, enum values have NITRO's case. Defaults are
/// filled in when an object is made; what was never set and has no default is absent.
pub(crate) type Fields = BTreeMap<&'static str, Value>;

/// The text of a field; empty if absent or no text.
pub(crate) fn text<'a>(fields: &'a Fields, field: &str) -> &'a str {
    fields.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The number in a field.
pub(crate) fn number(fields: &Fields, field: &str) -> Option<i64> {
    fields.get(field).and_then(Value::as_i64)
}

/// Whether a boolean field is true.
pub(crate) fn flag(fields: &Fields, field: &str) -> bool {
    fields.get(field).and_then(Value::as_bool).unwrap_or_default()
}

/// The identity of an object. A second key part (`nsip.td`) follows in the name after `\u{1f}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectKey {
    /// The type.
    pub(crate) kind: &'static str,
    /// The name.
    pub(crate) name: Arc<str>,
}

/// The identity of one binding on the appliance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BindingKey {
    /// The binding type, for example `sslvserver_sslcertkey_binding`.
    pub(crate) kind: &'static str,
    /// The name of the parent.
    pub(crate) parent: Arc<str>,
    /// The bound side, and what else tells two bindings apart (role, port, bind point), as text.
    pub(crate) child: Arc<str>,
}

impl BindingKey {
    /// The identity of the binding that these fields describe: its parent, and its bound side with
    /// the role (`ca`, `snicert`) where the type has roles, each role being a binding of its own.
    /// `rules::complete` names the server of a member that was given by address.
    pub(crate) fn of(kind: &'static str, fields: &Fields) -> Self {
        const ROLES: [&str; 3] = ["ca", "snicert", "snicertkeybundle"];
        let schema = schema::kind(kind).expect("bindings are of types of the schema");
        let parent = schema.key.first().map_or("", |key| text(fields, key));
        let mut child = String::new();
        for field in &schema.binding_key {
            if !child.is_empty() {
                child.push('\u{1f}');
            }
            // A member given by an address that no server has yet makes a server of that name.
            let of_member = || fields.get("ip").filter(|_| field == "servername");
            match fields.get(field.as_str()).or_else(of_member) {
                Some(Value::String(value)) => child.push_str(value),
                Some(value) => child.push_str(&value.to_string()),
                None => {}
            }
        }
        for role in ROLES.into_iter().filter(|role| flag(fields, role)) {
            child.push('\u{1f}');
            child.push_str(role);
        }
        Self { kind, parent: parent.into(), child: child.into() }
    }
}

/// One configuration: all named objects, singletons, bindings and files.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    objects: Table<ObjectKey, Fields>,
    bindings: Table<BindingKey, Fields>,
    files: Table<(Arc<str>, Arc<str>), Vec<u8>>,
    materials: Table<Arc<str>, Material>,
    singletons: Arc<BTreeMap<&'static str, Fields>>,
    features: Arc<BTreeSet<&'static str>>,
    /// The server that has an address: thousands of them are looked up once for each command.
    servers: Table<IpAddr, String>,
    /// The policy that holds a priority: a vserver may have thousands, and each new one is compared.
    priorities: Priorities,
    /// What cannot be listened on, though the configuration asks for it.
    unopened: Arc<Unopened>,
}

/// Addresses and ports that could not be opened, and why. Only an appliance that carries traffic has
/// any.
pub(crate) type Unopened = BTreeMap<(IpAddr, u16), String>;

// === Objects ===

impl State {
    /// The fields of a named object.
    pub(crate) fn object(&self, kind: &str, name: &str) -> Option<&Arc<Fields>> {
        self.objects.find(|key| (key.kind, &*key.name).cmp(&(kind, name)))
    }

    /// All objects of a type, by name.
    pub(crate) fn objects<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Arc<Fields>)> {
        self.objects.range(move |key| key.kind.cmp(kind)).map(|(key, fields)| (&*key.name, fields))
    }

    /// All objects of all types.
    pub(crate) fn all_objects(&self) -> impl Iterator<Item = (&ObjectKey, &Arc<Fields>)> {
        self.objects.iter()
    }

    /// Puts an object in, over one of the same name.
    pub(crate) fn put_object(&mut self, kind: &'static str, name: &str, fields: Fields) {
        let address = (kind == SERVER).then(|| address_of(&fields)).flatten();
        let replaced = self.objects.insert(ObjectKey { kind, name: name.into() }, Arc::new(fields));
        self.forget_address(kind, name, replaced.as_deref());
        if let Some(address) = address {
            self.servers.insert(address, Arc::new(name.to_owned()));
        }
    }

    /// The fields of an object, to be changed. The address of a server is not: for that it is put in
    /// anew.
    pub(crate) fn object_mut(&mut self, kind: &str, name: &str) -> Option<&mut Fields> {
        self.objects.get_mut(|key| (key.kind, &*key.name).cmp(&(kind, name)))
    }

    /// Takes an object out; its bindings stay.
    pub(crate) fn remove_object(&mut self, kind: &str, name: &str) -> Option<Arc<Fields>> {
        let removed = self.objects.remove(|key| (key.kind, &*key.name).cmp(&(kind, name)));
        self.forget_address(kind, name, removed.as_deref());
        removed
    }

    /// The server that has this address, in whatever spelling.
    pub(crate) fn server_at(&self, address: &str) -> Option<&str> {
        let address: IpAddr = address.parse().ok()?;
        self.servers.find(|other| other.cmp(&address)).map(|name| name.as_str())
    }

    fn forget_address(&mut self, kind: &str, name: &str, fields: Option<&Fields>) {
        let address = fields.filter(|_| kind == SERVER).and_then(address_of);
        let Some(address) = address else { return };
        if self.servers.find(|other| other.cmp(&address)).is_some_and(|held| **held == name) {
            self.servers.remove(|other| other.cmp(&address));
        }
    }
}

/// The type of the objects that are found by their addresses.
const SERVER: &str = "server";

fn address_of(server: &Fields) -> Option<IpAddr> {
    text(server, "ipaddress").parse().ok()
}

// === Bindings ===

impl State {
    /// The attributes of a binding.
    pub(crate) fn binding(&self, kind: &str, parent: &str, child: &str) -> Option<&Arc<Fields>> {
        self.bindings.find(binding_order(kind, parent, child))
    }

    /// The bindings of one type and one parent, in the order of their bound sides.
    pub(crate) fn bindings<'a>(
        &'a self,
        kind: &'a str,
        parent: &'a str,
    ) -> impl Iterator<Item = (&'a BindingKey, &'a Arc<Fields>)> {
        self.bindings.range(move |key| (key.kind, &*key.parent).cmp(&(kind, parent)))
    }

    /// The bindings of one type, by parent.
    pub(crate) fn bindings_of<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (&'a BindingKey, &'a Arc<Fields>)> {
        self.bindings.range(move |key| key.kind.cmp(kind))
    }

    /// All bindings of all types.
    pub(crate) fn all_bindings(&self) -> impl Iterator<Item = (&BindingKey, &Arc<Fields>)> {
        self.bindings.iter()
    }

    /// Puts a binding in, over one with the same identity.
    pub(crate) fn put_binding(&mut self, key: BindingKey, fields: Fields) {
        let before = self.binding(key.kind, &key.parent, &key.child).cloned();
        self.priorities.forget(&key, before.as_deref());
        self.priorities.note(&key, &fields);
        self.bindings.insert(key, Arc::new(fields));
    }

    /// Takes a binding out.
    pub(crate) fn remove_binding(&mut self, key: &BindingKey) -> Option<Arc<Fields>> {
        let removed = self.bindings.remove(binding_order(key.kind, &key.parent, &key.child));
        self.priorities.forget(key, removed.as_deref());
        removed
    }

    /// The policy that is bound to a parent at this bind point with this priority.
    pub(crate) fn policy_at(&self, kind: &str, parent: &str, place: (&str, i64)) -> Option<&str> {
        self.priorities.policy_at(kind, parent, place)
    }
}

fn binding_order(kind: &str, parent: &str, child: &str) -> impl Fn(&BindingKey) -> Ordering {
    move |key| (key.kind, &*key.parent, &*key.child).cmp(&(kind, parent, child))
}

// === Files, singletons, features ===

impl State {
    /// The content of a file.
    pub(crate) fn file(&self, location: &str, name: &str) -> Option<&Arc<Vec<u8>>> {
        self.files.find(|(other, file)| (&**other, &**file).cmp(&(location, name)))
    }

    /// The files in a directory, by name.
    pub(crate) fn files<'a>(
        &'a self,
        location: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Arc<Vec<u8>>)> {
        self.files
            .range(move |(other, _)| (**other).cmp(location))
            .map(|((_, name), content)| (&**name, content))
    }

    /// Puts a file in place, over one of the same name.
    pub(crate) fn put_file(&mut self, location: &str, name: &str, content: Vec<u8>) {
        self.files.insert((location.into(), name.into()), Arc::new(content));
    }

    /// Removes a file.
    pub(crate) fn remove_file(&mut self, location: &str, name: &str) -> Option<Arc<Vec<u8>>> {
        self.files.remove(|(other, file)| (&**other, &**file).cmp(&(location, name)))
    }

    /// All files: location, name, content.
    pub(crate) fn all_files(&self) -> impl Iterator<Item = (&str, &str, &Arc<Vec<u8>>)> {
        self.files.iter().map(|((location, name), content)| (&**location, &**name, content))
    }

    /// Takes over the files of another state: they lie on the disk of the appliance, which a
    /// restart does not touch.
    pub(crate) fn take_files(&mut self, other: &Self) {
        self.files = other.files.clone();
    }

    /// All singletons that were ever set.
    pub(crate) fn all_singletons(&self) -> impl Iterator<Item = (&'static str, &Fields)> {
        self.singletons.iter().map(|(kind, fields)| (*kind, fields))
    }

    /// The fields of a singleton (`sslparameter`, ...), if any was ever set.
    pub(crate) fn singleton(&self, kind: &str) -> Option<&Fields> {
        self.singletons.get(kind)
    }

    /// The fields of a singleton, to be changed.
    pub(crate) fn singleton_mut(&mut self, kind: &'static str) -> &mut Fields {
        Arc::make_mut(&mut self.singletons).entry(kind).or_default()
    }

    /// Whether a feature is on, by its short name as NITRO writes it (`LB`, `CS`, `SSL`, ...).
    pub(crate) fn has_feature(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }

    /// The features that are on.
    pub(crate) fn features(&self) -> impl Iterator<Item = &'static str> {
        self.features.iter().copied()
    }

    /// Switches a feature on or off.
    pub(crate) fn set_feature(&mut self, feature: &'static str, on: bool) {
        let features = Arc::make_mut(&mut self.features);
        if on {
            features.insert(feature);
        } else {
            features.remove(feature);
        }
    }
}

// === Listeners ===

impl State {
    /// Why nobody listens at this address and port, if that failed.
    pub(crate) fn unopened(&self, place: (IpAddr, u16)) -> Option<&str> {
        self.unopened.get(&place).map(String::as_str)
    }

    /// Notes what could not be opened.
    pub(crate) fn set_unopened(&mut self, unopened: Unopened) {
        self.unopened = Arc::new(unopened);
    }
}

// === Certificates ===

impl State {
    /// What a certkey holds, as it was read from its files when they were last loaded.
    pub(crate) fn material(&self, certkey: &str) -> Option<&Arc<Material>> {
        self.materials.find(|name| (**name).cmp(certkey))
    }

    /// What all certkeys hold, by their names.
    pub(crate) fn materials(&self) -> impl Iterator<Item = (&str, &Arc<Material>)> {
        self.materials.iter().map(|(name, material)| (&**name, material))
    }

    /// Gives a certkey its content.
    pub(crate) fn put_material(&mut self, certkey: &str, material: Arc<Material>) {
        self.materials.insert(certkey.into(), material);
    }

    /// Forgets the content of a certkey.
    pub(crate) fn remove_material(&mut self, certkey: &str) -> Option<Arc<Material>> {
        self.materials.remove(|name| (**name).cmp(certkey))
    }
}

// === Differences ===

impl State {
    /// Whether this is surely the same configuration as another: a copy that has not changed since.
    pub(crate) fn has_same_objects(&self, other: &Self) -> bool {
        self.objects.is_same(&other.objects) && self.bindings.is_same(&other.bindings)
    }

    /// What differs from another state: objects and certkey contents by type and name, bindings by
    /// type and parent, singletons by type. Files are left out.
    pub(crate) fn changes(&self, other: &Self) -> BTreeSet<(&'static str, Arc<str>)> {
        let mut changes = BTreeSet::new();
        self.objects.differences(&other.objects, |key| {
            changes.insert((key.kind, Arc::clone(&key.name)));
        });
        self.bindings.differences(&other.bindings, |key| {
            changes.insert((key.kind, Arc::clone(&key.parent)));
        });
        self.materials.differences(&other.materials, |name| {
            changes.insert(("sslcertkey", Arc::clone(name)));
        });
        if !Arc::ptr_eq(&self.singletons, &other.singletons) {
            let kinds = self.singletons.keys().chain(other.singletons.keys());
            changes.extend(
                kinds
                    .filter(|kind| self.singletons.get(*kind) != other.singletons.get(*kind))
                    .map(|kind| (*kind, "".into())),
            );
        }
        changes
    }
}
