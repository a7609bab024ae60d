//! What the golden files of a scenario say.

use std::fmt::Write as _;

use nitro_ingress::diagnostic::Diagnostic;
use nitro_ingress::model::{Fields, State};
use nitro_ingress::tls::Material;
use nitro_ingress::translate::{Desired, Translation, Unmet};

/// What is desired and what becomes of the Ingresses that are not understood.
pub(crate) fn translation(translation: &Translation) -> String {
    let Desired { state, certificates, bands, kept_front_ends, yielded, kept_cas, owners: _ } =
        &translation.desired;
    let mut text = configuration(state, bands);
    if !certificates.is_empty() {
        text.push_str("\n# certificates\n");
    }
    for Material { certificate, key, issuer } in certificates.values() {
        let keyed = if key.is_some() { ", with key" } else { "" };
        let link = issuer.as_ref().map(|id| format!(", linked to {id}")).unwrap_or_default();
        line(&mut text, &format!("{} {}{keyed}{link}", certificate.id, certificate.subject));
    }
    let name =
        |id| translation.ingresses.get(id).map_or_else(|| format!("{id}"), |k| format!("{k}"));
    if !(translation.unmet.is_empty() && translation.gone.is_empty() && kept_front_ends.is_empty())
    {
        text.push_str("\n# Ingresses that are not as their text says\n");
    }
    for (id, unmet) in &translation.unmet {
        let becomes = match unmet {
            Unmet::Held => "unmet: held, if there".to_owned(),
            Unmet::Closed(reason) => format!("unmet: closed, because {reason}"),
        };
        line(&mut text, &format!("{} is {becomes}", name(id)));
    }
    for (id, proof) in &translation.gone {
        line(&mut text, &format!("{} is gone: {proof:?}", name(id)));
    }
    for route in yielded {
        line(&mut text, &format!("{route} passes to another"));
    }
    for csvserver in kept_front_ends {
        line(&mut text, &format!("{csvserver} stays as it is bound"));
    }
    for ca in kept_cas {
        line(&mut text, &format!("{ca} stays as well"));
    }
    for (group, members) in &translation.pinned_members {
        line(&mut text, &format!("{group} has {} members", members.bindings.len()));
    }
    if !translation.draining.members.is_empty() {
        text.push_str("\n# members to drain, if they are bound\n");
    }
    for member in &translation.draining.members {
        line(&mut text, &member.to_string());
    }
    text
}

fn configuration(
    state: &State,
    bands: &std::collections::BTreeMap<
        nitro_ingress::model::BindingId,
        nitro_ingress::translate::Band,
    >,
) -> String {
    let mut text = String::new();
    let shown = |text: &mut String, fields: &Fields| {
        for (name, value) in fields {
            line(text, &format!("    {name} {value}"));
        }
    };
    for (entity, fields) in &state.entities {
        line(&mut text, &entity.to_string());
        shown(&mut text, fields);
    }
    if !state.bindings.is_empty() {
        text.push_str("\n# bindings\n");
    }
    for (binding, attributes) in &state.bindings {
        line(&mut text, &binding.to_string());
        shown(&mut text, attributes);
        if let Some(band) = bands.get(binding) {
            let priorities = band.priorities();
            line(
                &mut text,
                &format!("    priority from {} to {}", priorities.start, priorities.end - 1),
            );
        }
    }
    text
}

/// All diagnostics, sorted.
pub(crate) fn diagnostics(diagnostics: &[Diagnostic]) -> String {
    let mut texts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.iter().fold(String::new(), |mut all, text| {
        line(&mut all, text);
        all
    })
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes all text");
}
