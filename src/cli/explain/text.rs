//! An explanation for people: from the text to the objects, and back.

use std::collections::BTreeMap;
use std::io;

use super::words;
use crate::cli::screen::Stream;
use crate::explain::{Effect, Explanation, Object, Source, Standing, Subject};
use crate::model::{EntityId, ObjectKey};
use crate::plan::render::wrapped;

/// Shows everything.
pub(super) fn show(
    key: &ObjectKey,
    explanation: &Explanation,
    out: &mut Stream<'_>,
) -> io::Result<()> {
    let title = out.strong(&format!("Ingress {key}"));
    match explanation.standing {
        Standing::Served => out.line(&format!("{title} is served\n"))?,
        Standing::Refused => return out.line(&format!("{title} is not served: see its errors")),
        Standing::Elsewhere => return out.line(&format!("{title} is of another controller")),
    }
    let heading = out.strong("From the manifests to the appliance");
    out.line(&format!("{heading}\n"))?;
    for source in &explanation.sources {
        show_source(source, explanation, out)?;
    }
    let heading = out.strong("From the appliance to the manifests");
    out.line(&format!("{heading}\n"))?;
    for object in &explanation.objects {
        show_object(object, explanation, out)?;
    }
    Ok(())
}

fn show_source(source: &Source, explanation: &Explanation, out: &mut Stream<'_>) -> io::Result<()> {
    let Source { part, place, effects } = source;
    let place = place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    let name = out.strong(&part.to_string());
    out.line(&format!("  {name}{place}"))?;
    let mut by_object: BTreeMap<EntityId, Told> = BTreeMap::new();
    for effect in effects {
        match effect {
            Effect::Needed(problem) => {
                let line = format!("needed: without it, {problem}");
                out.line(&format!("    {}", wrapped(&line, 6, out.width)))?;
            }
            Effect::Read(key) => out.line(&format!("    its CAs are those of {key:?}"))?,
            Effect::There(Subject::Entity(entity)) => {
                by_object.entry(entity.clone()).or_default().is_new = true;
            }
            Effect::There(Subject::Binding(binding)) => {
                let told = by_object.entry(binding.parent_id()).or_default();
                told.lines.push(format!("+ {}", words::binding(binding, explanation)));
            }
            Effect::Set { entity, field, value, otherwise } => {
                let otherwise = otherwise.as_ref();
                let otherwise = otherwise.map(|value| format!(", otherwise {value}"));
                let line = format!("{field} {value}{}", otherwise.unwrap_or_default());
                by_object.entry(entity.clone()).or_default().lines.push(line);
            }
        }
    }
    for (entity, Told { is_new, lines }) in &by_object {
        let mark = if *is_new { '+' } else { '~' };
        let fields = explanation.objects.iter().find(|one| one.entity == *entity);
        let name = words::object(entity, fields.map(|one| &one.fields));
        out.line(&format!("    {mark} {name}"))?;
        for line in lines {
            out.line(&format!("        {}", wrapped(line, 10, out.width)))?;
        }
    }
    if effects.is_empty() {
        out.line("    does nothing: all would be the same without it")?;
    }
    out.line("")
}

/// What a part does about one object.
#[derive(Default)]
struct Told {
    /// Whether the object would not be there without it.
    is_new: bool,
    lines: Vec<String>,
}

fn show_object(object: &Object, explanation: &Explanation, out: &mut Stream<'_>) -> io::Result<()> {
    let Object { entity, fields, sources, users } = object;
    let name = out.strong(&words::object(entity, Some(fields)));
    out.line(&format!("  {name}"))?;
    if !sources.is_empty() {
        let parts = sources.iter().map(|place| explanation.sources[*place].part.to_string());
        let line = format!("because of {}", parts.collect::<Vec<_>>().join(", "));
        out.line(&format!("    {}", wrapped(&line, 6, out.width)))?;
    }
    if !users.is_empty() {
        let users = users.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        out.line(&format!("    {}", wrapped(&format!("used by {users}"), 6, out.width)))?;
    }
    if sources.is_empty() && users.is_empty() {
        out.line("    because of the Ingress as a whole")?;
    }
    out.line("")
}
