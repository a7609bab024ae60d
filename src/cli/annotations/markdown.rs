//! The reference of annotations as a page.

use std::fmt::Write as _;

use super::faults_of;
use crate::annotations::{ANNOTATIONS, Annotation, Faults, Outcome, Scope};

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
        let Annotation { key, scope, value, default, doc, example, security, read: _ } = annotation;
        let about = match scope {
            Scope::FrontEnd => "the front end",
            Scope::Service => "the back end of each Service",
        };
        let example =
            if example.starts_with('{') { format!("'{example}'") } else { (*example).to_owned() };
        write!(
            text,
            "\n## {key}\n\n{doc}\n\n- about: {about}\n- value: `{value}`\n- without it: \
             {default}\n\n```yaml\n{key}: {example}\n```\n"
        )
        .expect("a String takes all text");
        if let Some(faults) = security {
            text += "\nIt protects, so its faults are never passed over:\n\n";
            text += &table(*faults);
        }
    }
    text
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
