//! The stable names of all diagnostics.

use std::fmt;

macro_rules! codes {
    ($($variant:ident = $name:literal: $doc:literal,)*) => {
        /// The stable name of a kind of diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// All codes, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that people search for.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

// One line per code; keep related ones together.
codes! {
    DocumentSkipped = "document-skipped": "A document of a kind that is not read was passed over.",
    ObjectRepeated = "object-repeated": "One object was given twice; the later one counts.",
    ClassAssumed = "class-assumed": "The class of an Ingress is not among the files; it counts as ours.",
    ClassMissing = "class-missing": "The IngressClass that an Ingress names does not exist.",
    AnnotationUnknown = "annotation-unknown": "An annotation under our prefixes is not known.",
    AnnotationForeign = "annotation-foreign": "An annotation protects the Ingress on another controller and is not read here.",
    AnnotationUnsupported = "annotation-unsupported": "An annotation of the vendor's controller is not supported yet.",
    AnnotationRepeated = "annotation-repeated": "One annotation was given in two spellings.",
    AnnotationMalformed = "annotation-malformed": "The value of an annotation cannot be read.",
    AnnotationServiceUnknown = "annotation-service-unknown": "An annotation is keyed by a Service that the Ingress does not use.",
    FieldUnknown = "field-unknown": "A member of a smart annotation is no field of its NITRO type.",
    FieldRefused = "field-refused": "A member of a smart annotation may not be set, or has a wrong value.",
    SecretMissing = "secret-missing": "A Secret that is named does not exist.",
    SecretKeyMissing = "secret-key-missing": "A Secret lacks the key that its use needs.",
    SecretForeign = "secret-foreign": "A Secret of another namespace is named.",
    CertificateMalformed = "certificate-malformed": "A Secret holds no readable certificate or key.",
    CertificateKeyMismatch = "certificate-key-mismatch": "A private key does not belong to its certificate.",
    CertificateExpired = "certificate-expired": "A certificate is out of its dates.",
    CertificateVersion1 = "certificate-version-1": "A certificate is of the old X.509 version 1.",
    CertificateCommonNameOnly = "certificate-common-name-only": "A certificate names its host in its common name only.",
    CertificateUnused = "certificate-unused": "A certificate of a bundle belongs to no chain there.",
    CertificateNotCa = "certificate-not-ca": "A certificate that should be a CA is none.",
    CertificateHostUncovered = "certificate-host-uncovered": "A certificate does not cover the host that it is for.",
    CertificateTaken = "certificate-taken": "An older Ingress has another certificate for this name on the front end.",
    TlsRequired = "tls-required": "TLS settings are given for an Ingress without TLS.",
    CaRequired = "ca-required": "Verification is asked for without a CA.",
    BackEndNameRequired = "backend-name-required": "A back end cannot be verified because its name is not known.",
    BackEndNotSecure = "backend-not-secure": "TLS settings are given for a back end that is spoken to in plain text.",
    VipMissing = "vip-missing": "No address for the front end is known.",
    ServiceMissing = "service-missing": "A Service that is routed to does not exist.",
    ServicePortMissing = "service-port-missing": "A Service has no such port.",
    NodePortMissing = "node-port-missing": "Members are node ports, and a Service has none.",
    NodesMissing = "nodes-missing": "Members are node ports, and no Node is known.",
    ServiceWithoutMembers = "service-without-members": "A Service has no ready endpoints.",
    RuleUnsupported = "rule-unsupported": "A part of the Ingress is not supported.",
    RouteTaken = "route-taken": "Another Ingress has this host and path.",
    PlainRouteRefused = "plain-route-refused": "A host that demands client certificates is not served in plain text.",
    FrontEndKept = "front-end-kept": "A front end stays as it is until the Ingress that holds it is understood.",
    FrontEndConflict = "front-end-conflict": "Another Ingress holds the front end with other settings.",
    FrontEndForeign = "front-end-foreign": "The address and port belong to an object that is not ours.",
    ChildForeign = "child-foreign": "Something that is not ours is bound to an object of ours, and stays.",
    NameForeign = "name-foreign": "An object that is not ours has a name that would be used.",
    CertificateForeign = "certificate-foreign": "The certificate is installed under a name that is not ours.",
    DefaultProfileRefused = "default-profile-refused": "TLS needs the default SSL profile, and enabling it would change what is not ours.",
    IngressHeld = "ingress-held": "The last good configuration of an Ingress stays until it is understood.",
    IngressClosed = "ingress-closed": "The routes of an Ingress are withdrawn until it is understood.",
    IngressUnknown = "ingress-unknown": "The appliance holds an Ingress that is not among the input.",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
