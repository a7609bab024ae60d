//! The options about what Ingresses mean.

use std::collections::BTreeSet;
use std::net::IpAddr;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use super::some;
use crate::annotations::Vip;
use crate::model::ObjectKey;

/// Which Ingresses are ours, and what holds where they say nothing.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Ingresses")]
pub(super) struct IngressOptions {
    /// Serve the classes whose IngressClass has this controller; can be given several times
    /// [default: citrix.com/ingress-controller for manifests; none in a cluster]
    ///
    /// Those with `nitro-ingress.dev/ingress-controller` are always served. In a cluster the vendor's
    /// controller may run beside this one, and then its classes are its own.
    #[arg(
        long = "controller-name",
        env = "NITRO_INGRESS_CONTROLLER_NAMES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub(super) controller_names: Vec<String>,

    /// Serve Ingresses of this class even if there is no such IngressClass; can be given several
    /// times
    #[arg(
        long = "ingress-class",
        env = "NITRO_INGRESS_CLASSES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub(super) ingress_classes: Vec<String>,

    /// The address that Ingresses without `frontend-ip` are served on; if not given, `NS_VIP`
    #[arg(long, env = "NITRO_INGRESS_DEFAULT_VIP", value_name = "IP")]
    pub(super) default_vip: Option<Vip>,

    /// Let only Ingresses of this namespace name this address; can be given several times
    ///
    /// Addresses that are not named here are for all.
    #[arg(
        long = "vip-namespace",
        env = "NITRO_INGRESS_VIP_NAMESPACES",
        value_name = "IP=NAMESPACE",
        value_delimiter = ',',
        value_parser = parse_vip_namespace
    )]
    pub(super) vip_namespaces: Vec<(IpAddr, String)>,

    /// The `ConfigMap` with the defaults of front ends: `FRONTEND_SSL_PROFILE`,
    /// `FRONTEND_TCP_PROFILE` and `FRONTEND_HTTP_PROFILE`
    #[arg(
        long = "configmap",
        env = "NITRO_INGRESS_CONFIGMAP",
        value_name = "NAMESPACE/NAME",
        value_parser = parse_object_key
    )]
    pub(super) config_map: Option<ObjectKey>,

    /// Let annotations name this object of the appliance; `*` stands for any text; can be given
    /// several times
    ///
    /// For SSL, TCP, HTTP and net profiles and certkeys that somebody else has put there.
    #[arg(
        long = "allow-reference",
        env = "NITRO_INGRESS_ALLOW_REFERENCES",
        value_name = "PATTERN",
        value_delimiter = ','
    )]
    pub(super) references: Vec<String>,

    /// Let Ingresses refuse clients with an HTTP status instead of in the handshake
    ///
    /// The appliance then lets everyone in, and policies of the controller turn away who has no
    /// valid certificate. What they rely on was not found in the vendor's documentation: see
    /// docs/mutual-tls.md for how to prove it on your appliance. Without this option an Ingress that
    /// asks for it is not served.
    #[arg(long, env = "NITRO_INGRESS_ALLOW_HTTP_REFUSAL", action = ArgAction::SetTrue,
        value_parser = BoolishValueParser::new())]
    pub(super) allow_http_refusal: bool,
}

/// The `spec.controller` of the IngressClasses that are made for this controller.
pub(super) const OWN_CONTROLLER_NAME: &str = "nitro-ingress.dev/ingress-controller";

/// That of the IngressClasses that are made for the vendor's.
const VENDOR_CONTROLLER_NAME: &str = "citrix.com/ingress-controller";

impl IngressOptions {
    /// The `spec.controller` values that are ours where manifests are read.
    pub(super) fn controller_names(&self) -> BTreeSet<String> {
        let mut names = self.controller_names_in_cluster();
        if some(&self.controller_names).is_empty() {
            names.insert(VENDOR_CONTROLLER_NAME.to_owned());
        }
        names
    }

    /// Those that are ours in a cluster.
    pub(super) fn controller_names_in_cluster(&self) -> BTreeSet<String> {
        let mut names = some(&self.controller_names);
        names.insert(OWN_CONTROLLER_NAME.to_owned());
        names
    }
}

fn parse_object_key(text: &str) -> Result<ObjectKey, &'static str> {
    let wanted = "must be a namespace and a name, as in default/settings";
    let (namespace, name) = text.split_once('/').ok_or(wanted)?;
    let is_whole = !namespace.is_empty() && !name.is_empty() && !name.contains('/');
    is_whole.then(|| ObjectKey::new(namespace, name)).ok_or(wanted)
}

fn parse_vip_namespace(text: &str) -> Result<(IpAddr, String), String> {
    let wanted = || "must be an address and a namespace, as in 192.0.2.10=shop".to_owned();
    let (vip, namespace) = text.split_once('=').ok_or_else(wanted)?;
    let Vip(vip) = vip.parse().map_err(|error| format!("{error}"))?;
    if namespace.is_empty() { Err(wanted()) } else { Ok((vip, namespace.to_owned())) }
}
