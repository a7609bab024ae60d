//! The reference of annotations as a page.

use std::fmt::{self, Write as _};

use super::faults_of;
use crate::annotations::{
    ANNOTATIONS, Annotation, Dependant, Faults, FieldSet, Outcome, Scope, UNSUPPORTED, Unsupported,
    Weight,
};

const HEAD: &str = "\
# Annotations

This page is what `nitro-ingress annotations` writes.

`-` and `_` are the same in a name, and case does not matter.
What is unknown below our prefixes is reported; if it is nearly an annotation that protects, its Ingress is not served.
";

/// The whole page.
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for annotation in ANNOTATIONS {
        section(&mut text, annotation).expect("a String takes all text");
    }
    unsupported(&mut text).expect("a String takes all text");
    text
}

fn section(text: &mut String, annotation: &Annotation) -> fmt::Result {
    let Annotation {
        key,
        scope,
        weight: _,
        value,
        default,
        doc,
        example,
        fields,
        security,
        read: _,
    } = annotation;
    let about = match scope {
        Scope::FrontEnd => "the front end",
        Scope::Ingress => "the Ingress",
        Scope::Service => "the back end of each Service",
    };
    write!(
        text,
        "\n## {key}\n\n{doc}\n\n- about: {about}\n- value: `{value}`\n- without it: {default}\n"
    )?;
    if let Some(set) = fields {
        fields_of(text, set)?;
    }
    // In quotes, since the value of an annotation is a text whatever it looks like.
    write!(text, "\n```yaml\n{key}: '{example}'\n```\n")?;
    if let Some(faults) = security {
        *text += "\nIt protects, so its faults are never passed over:\n\n";
        *text += &table(*faults);
    }
    Ok(())
}

/// The fields that an annotation may set, and what they depend on.
fn fields_of(text: &mut String, set: &FieldSet) -> fmt::Result {
    let quoted = |names: &[&str]| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    writeln!(text, "- fields of `{}`: {}", set.kind, quoted(set.allowed))?;
    for (alias, field) in set.aliases.iter().filter(|(_, field)| set.allowed.contains(field)) {
        writeln!(text, "- `{alias}` stands for `{field}`")?;
    }
    for Dependant { field, master, values } in set.dependants {
        writeln!(text, "- `{field}` has an effect only where `{master}` is {}", quoted(values))?;
    }
    for (field, values, _) in set.refused {
        writeln!(text, "- `{field}` may not be {}", quoted(values))?;
    }
    Ok(())
}

/// What is known and not honoured.
fn unsupported(text: &mut String) -> fmt::Result {
    *text += "\n## Not supported\n\n| annotation | an Ingress with it | what to do |\n\
              | --- | --- | --- |\n";
    for Unsupported { key, weight, advice } in UNSUPPORTED {
        let becomes = match weight {
            Weight::Decisive => "is not served",
            Weight::Harmless => "is served as if it were not there, with a warning",
        };
        writeln!(text, "| `{key}` | {becomes} | {advice} |")?;
    }
    Ok(())
}

/// What each fault of an annotation does.
fn table(faults: Faults) -> String {
    let mut text = "| fault | what happens |\n| --- | --- |\n".to_owned();
    for (_, fault, outcome) in faults_of(faults) {
        let what = match outcome {
            Outcome::Unmet => {
                "the Ingress is not served; if it was, its last good configuration stays, or its \
                 routes are withdrawn where that would protect less"
            }
            Outcome::Impossible => continue,
        };
        writeln!(text, "| {fault} | {what} |").expect("a String takes all text");
    }
    text
}
