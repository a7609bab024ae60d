//! The whole configuration as one value, for tests that compare appliances, and as a page.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Appliance, reply};
use crate::{page, schema};

impl Appliance {
    /// The whole running configuration in a canonical form, without secrets. Files are given by
    /// their digests.
    pub fn dump(&self) -> Value {
        let digest = |content: &[u8]| format!("{:x}", Sha256::digest(content));
        let files = self.running.all_files().map(|(location, name, content)| {
            (format!("{location}/{name}"), Value::from(digest(content)))
        });
        let mut objects = Map::new();
        for (key, fields) in self.running.all_objects() {
            let kind = schema::kind(key.kind).expect("objects are of types of the schema");
            let of_kind = objects.entry(key.kind).or_insert_with(|| json!({}));
            of_kind[&*key.name] = reply::shown(kind, fields);
        }
        let mut bindings = Map::new();
        for (key, fields) in self.running.all_bindings() {
            let kind = schema::kind(key.kind).expect("bindings are of types of the schema");
            let of_kind = bindings.entry(key.kind).or_insert_with(|| json!({}));
            let name = format!("{} {}", key.parent, key.child.replace('\u{1f}', " "));
            of_kind[name] = reply::shown(kind, fields);
        }
        let singletons = self.running.all_singletons().map(|(name, fields)| {
            let kind = schema::kind(name).expect("singletons are of types of the schema");
            (name.to_owned(), reply::shown(kind, fields))
        });
        json!({
            "features": self.running.features().collect::<Vec<_>>(),
            "settings": singletons.collect::<Map<_, _>>(),
            "objects": objects,
            "bindings": bindings,
            "files": files.collect::<Map<_, _>>(),
        })
    }
    /// The running configuration as a page for people, in HTML.
    pub fn page(&self) -> String {
        page::page(&self.running, self.now)
    }
}
