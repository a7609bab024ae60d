//! The stable names of all diagnostics, and what the reference says about each.

use std::fmt;

use super::Severity;

macro_rules! codes {
    ($($variant:ident = $name:literal, [$($severity:ident),+]: $meaning:literal,
        fix $remedy:literal,
        example $example:literal;)*) => {
        /// The stable name of a kind of diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// All codes, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that people search for.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How bad it can be, worst first.
            pub const fn severities(self) -> &'static [Severity] {
                match self { $(Self::$variant => &[$(Severity::$severity),+],)* }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What to do about it in general, in one sentence; a diagnostic says it of its case.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }

            /// A message that has this code.
            pub const fn example(self) -> &'static str {
                match self { $(Self::$variant => $example,)* }
            }
        }
    };
}

// Keep related ones together. The texts are for docs/diagnostics.md and may use its markdown.
codes! {
    DocumentUnreadable = "document-unreadable", [Error]: "A part of the input is no manifest, or not as Kubernetes defines it.",
        fix "Mend the place that is named, or leave the file out of the input.",
        example r#"unknown field "pathtype", did you mean "pathType"?"#;
    DocumentSkipped = "document-skipped", [Warning, Note]: "A document of a kind that is not read was passed over.",
        fix "Nothing, if it is not meant for this controller.",
        example r#"ConfigMap of API version "v1" is not read"#;
    ApiOutdated = "api-outdated", [Warning]: "An Ingress is written for an API that Kubernetes no longer serves; it is read all the same.",
        fix "Write it for networking.k8s.io/v1; the message shows how.",
        example r#""extensions/v1beta1" is served by no Kubernetes since 1.22"#;
    ObjectRepeated = "object-repeated", [Warning]: "One object was given twice; the later one counts.",
        fix "Remove one of the two.",
        example "Service default/apache is given twice; this one counts";
    ClassAssumed = "class-assumed", [Note]: "The class of an Ingress is not among the files; it counts as ours.",
        fix "Write `spec.ingressClassName`, and give the IngressClass as well.",
        example "the Ingress names no class; it counts as ours";
    ClassMissing = "class-missing", [Error, Note]: "The IngressClass that an Ingress names does not exist.",
        fix "Create the IngressClass, or name one that exists.",
        example r#"the class "“citrix”" contains typographic quotes, as no IngressClass can"#;
    AnnotationUnknown = "annotation-unknown", [Error, Warning]: "An annotation under our prefixes is not known.",
        fix "Correct the name, or remove the annotation.",
        example r#""ingress.citrix.com/ca-secrets" is no annotation, but nearly one that protects"#;
    AnnotationForeign = "annotation-foreign", [Error]: "An annotation protects the Ingress on another controller and is not read here.",
        fix "Say the same with annotations that are read here, or leave the Ingress to the other controller.",
        example r#""nginx.ingress.kubernetes.io/auth-tls-secret" protects this Ingress on another controller and is not read here"#;
    AnnotationUnsupported = "annotation-unsupported", [Error, Warning]: "An annotation of the vendor's controller is not supported.",
        fix "Do what the message says instead, or remove it if the Ingress is to work without it.",
        example r#""ingress.citrix.com/ipam-range" is not supported, and the Ingress means something else without it"#;
    AnnotationRepeated = "annotation-repeated", [Error]: "One annotation was given in two spellings.",
        fix "Keep one of the two.",
        example r#""ingress.citrix.com/secure-backend" and "ingress.citrix.com/secure_backend" are two spellings of one annotation"#;
    AnnotationMalformed = "annotation-malformed", [Error]: "The value of an annotation cannot be read.",
        fix "Write a value as in [annotations.md](annotations.md).",
        example "the value contains typographic quotes (“), which do not count as quotes";
    AnnotationServiceUnknown = "annotation-service-unknown", [Error, Warning, Note]: "An annotation is keyed by a Service that the Ingress does not use.",
        fix "Write the name of a Service that the rules use.",
        example r#"the Ingress does not use a Service "apatche""#;
    FieldUnknown = "field-unknown", [Error]: "A member of a smart annotation is no field of its NITRO type.",
        fix "Correct the name.",
        example r#"sslprofile has no field "clientauht""#;
    FieldRefused = "field-refused", [Error]: "A member of a smart annotation may not be set, or has a wrong value.",
        fix "Write one of the values that are named, or remove the member.",
        example r#""maybe" is not a value of "clientauth""#;
    SecretMissing = "secret-missing", [Error, Note]: "A Secret that is named does not exist.",
        fix "Create it, or name another.",
        example r#"Secret "default/nowhere" does not exist"#;
    SecretUnread = "secret-unread", [Error]: "A Secret that is named could not be read, so that nobody knows whether it is there.",
        fix "Let the controller's ServiceAccount read Secrets of that namespace.",
        example r#"Secret "default/server" could not be read: the API server answered 403"#;
    SecretKeyMissing = "secret-key-missing", [Error]: "A Secret lacks the key that its use needs.",
        fix "Put PEM under the key that is named.",
        example r#"Secret "default/clients" cannot be used: the Secret has no key "tls.crt", only "ca.crt""#;
    SecretForeign = "secret-foreign", [Error]: "A Secret of another namespace is named.",
        fix "Name a Secret of the namespace of the Ingress, without a namespace.",
        example r#"the Secret "other/elsewhere" is named with a namespace"#;
    CertificateMalformed = "certificate-malformed", [Error]: "A Secret holds no readable certificate or key.",
        fix "Put the certificates in PEM, whole, into the Secret.",
        example r#"Secret "default/bad-pem" cannot be used: the block at line 1 of "tls.crt" is no X.509 certificate"#;
    CertificateKeyMismatch = "certificate-key-mismatch", [Error]: "A private key does not belong to its certificate.",
        fix "Put the certificate that was issued for the key first, or put its key into the Secret.",
        example r#"Secret "default/server" cannot be used: the private key does not belong to the certificate "CN=www.guestbook.com""#;
    CertificateExpired = "certificate-expired", [Warning]: "A certificate is out of its dates.",
        fix "Renew it and put the new one into the Secret.",
        example r#"in Secret "default/expired", the certificate "CN=Guestbook" expired on 2027-11-25T00:29:09Z"#;
    CertificateVersion1 = "certificate-version-1", [Warning]: "A certificate is of the old X.509 version 1.",
        fix "Issue it as version 3; a CA with basicConstraints CA:TRUE.",
        example r#"in Secret "default/tls-ca", the root "O=Fixture, CN=Root v1" is of X.509 version 1, which cannot say that it is a CA; it counts as one because it is its own issuer"#;
    CertificateCommonNameOnly = "certificate-common-name-only", [Warning]: "A certificate names its host in its common name only.",
        fix "Issue it with a subjectAltName.",
        example r#"in Secret "default/server", the certificate "CN=www.guestbook.com" names its host in its common name only, which most clients no longer read"#;
    CertificateUnused = "certificate-unused", [Warning]: "A certificate of a bundle belongs to no chain there.",
        fix "Put the certificates between into the Secret as well, or take this one out.",
        example r#"in Secret "default/server", the certificate "CN=Other CA" in "tls.crt" belongs to no chain there"#;
    CertificateNotCa = "certificate-not-ca", [Error]: "A certificate that should be a CA is none.",
        fix "Put the certificate of the issuing authority there.",
        example r#"Secret "default/leaf" cannot be used: the certificate "CN=Guestbook" in "ca.crt" is no CA"#;
    CertificateHostUncovered = "certificate-host-uncovered", [Error]: "A certificate does not cover the host that it is for.",
        fix "Name a Secret whose certificate has the host as a subjectAltName.",
        example r#"in Secret "default/www", the certificate "CN=www.guestbook.com" is not for "other-host.guestbook.com"; it covers "www.guestbook.com""#;
    CertificateTaken = "certificate-taken", [Warning]: "An older Ingress has another certificate for this name on the front end.",
        fix "Use the same certificate for one name, or another address.",
        example r#"the certificate "CN=shop.example" is not the default one of 192.0.2.10_443_ssl: that of Ingress default/a-older, whose name comes first, is"#;
    TlsRequired = "tls-required", [Error]: "TLS settings are given for an Ingress without TLS.",
        fix "Add `spec.tls` with the hosts and a Secret with their certificate.",
        example r#""ingress.citrix.com/ca-secret" is about TLS towards clients, but the Ingress has no spec.tls"#;
    CaRequired = "ca-required", [Error]: "Verification is asked for without a CA.",
        fix "Name a Secret with the CA in `ca-secret` or `backend-ca-secret`.",
        example "client certificates are asked for, but no CA to verify them with is named";
    RefusalNotAllowed = "refusal-not-allowed", [Error]: "An Ingress asks to refuse clients with an HTTP status, and the operator does not allow that.",
        fix "Remove the annotation, or prove that your appliance does as is relied on ([mutual-tls.md](mutual-tls.md#refusing-with-a-page)) and allow it with `--allow-http-refusal`.",
        example r#""nitro-ingress.dev/client-certificate-refusal" is http, and the operator does not allow that"#;
    RefusalUnproven = "refusal-unproven", [Warning]: "Clients are refused with an HTTP status, by an expression whose definition was not found in the vendor's documentation.",
        fix "Prove on your appliance, as [mutual-tls.md](mutual-tls.md#refusing-with-a-page) shows, that no bad certificate gets through.",
        example "clients with an invalid certificate are refused by CLIENT.SSL.CLIENT_CERT.IS_VALID alone, whose definition was not found in the vendor's documentation";
    BackEndNameRequired = "backend-name-required", [Error]: "A back end cannot be verified because its name is not known.",
        fix "Give the name in `backend-sslprofile` as `commonname`.",
        example "there is no host to verify, since the rule has none or a wildcard";
    BackEndNotSecure = "backend-not-secure", [Error]: "TLS settings are given for a back end that is spoken to in plain text.",
        fix "Add `secure-backend` for the Service.",
        example r#""ingress.citrix.com/backend-secret" is about TLS towards Service "apache", which is spoken to in plain text"#;
    VipMissing = "vip-missing", [Error]: "No address for the front end is known.",
        fix "Add `frontend-ip`, or start with `--default-vip`.",
        example "the Ingress names no address for its front end, and the controller has none";
    ServiceMissing = "service-missing", [Error, Note]: "A Service that is routed to does not exist.",
        fix "Create it, or name another.",
        example r#"Service "default/nowhere" does not exist"#;
    ServicePortMissing = "service-port-missing", [Error]: "A Service has no such port.",
        fix "Write one of its TCP ports.",
        example r#"Service "default/apache" has no port "80"; it has 443"#;
    NodePortMissing = "node-port-missing", [Error]: "Members are node ports, and a Service has none.",
        fix "Make it a Service of type NodePort, or run with `--members endpoints`.",
        example r#"members are node ports, and Service "default/shop" of type ClusterIP has none"#;
    NodesMissing = "nodes-missing", [Error, Note]: "Members are node ports, and no Node is known.",
        fix "Give the Nodes as well, or run with `--members endpoints`.",
        example "members are node ports, and no Node is known";
    ServiceWithoutMembers = "service-without-members", [Warning, Note]: "A Service has no ready endpoints.",
        fix "Start its pods, or check its selector and the name of its port.",
        example r#"Service "default/idle" has no ready endpoints behind port 80"#;
    DefaultsUnreadable = "defaults-unreadable", [Error]: "The defaults of front ends cannot be read, or are not there.",
        fix "Mend the ConfigMap that `--configmap` names.",
        example "the defaults of front ends, which it would take, cannot be read";
    CertkeyMissing = "certkey-missing", [Error]: "A certkey that an annotation names is not on the appliance, or has no key.",
        fix "Install it, or name another.",
        example r#"the appliance has no certkey "wildcard""#;
    ProfileMissing = "profile-missing", [Error]: "An SSL profile that an annotation names is not on the appliance.",
        fix "Make it there, name another, or write the settings themselves.",
        example r#"the appliance has no SSL profile "strict""#;
    ProfileUnfit = "profile-unfit", [Error]: "An SSL profile that an annotation names does not demand what the Ingress asks for, or is for the other side of TLS.",
        fix "Name a profile that does, change it on the appliance, or write the settings themselves.",
        example r#"the SSL profile "lax" has "clientauth" as DISABLED, and must have it as ENABLED: "ingress.citrix.com/ca-secret" asks for client certificates"#;
    SessionsResumed = "sessions-resumed", [Warning]: "An SSL profile that an annotation names lets clients resume sessions that began with a client certificate.",
        fix "Name a profile that has `sessreuse` and `sessionticket` off, or write the settings themselves.",
        example r#"the SSL profile "strict" has "sessreuse" as ENABLED: a client whose CA is taken away can resume its session for a while"#;
    ReferenceRefused = "reference-refused", [Error]: "An annotation names an object of the appliance that is not of this Ingress.",
        fix "Write the settings themselves, or have the operator allow the reference with `--allow-reference`.",
        example r#""mobile" names a nstcpprofile of the appliance, which is not of this Ingress"#;
    VipRefused = "vip-refused", [Error]: "The address is for Ingresses of other namespaces.",
        fix "Name another address, or have the operator allow the namespace.",
        example "the address 192.0.2.10 is for Ingresses of team-a only";
    AnnotationWithoutEffect = "annotation-without-effect", [Warning]: "An annotation says nothing about this Ingress as it is.",
        fix "Remove it, or add what it is about.",
        example r#""ingress.citrix.com/secure-port" has no effect, since the Ingress has no spec.tls"#;
    RuleWithoutPaths = "rule-without-paths", [Warning]: "A rule has a host and no paths, so that no request goes anywhere.",
        fix "Write its paths, or `spec.defaultBackend`.",
        example "the rule has a host and no paths, so that no request goes anywhere";
    PathIgnored = "path-ignored", [Warning]: "A path is given where paths cannot be seen.",
        fix "Write one path `/`.",
        example "TLS is passed on as it comes, so paths cannot be seen";
    RuleUnsupported = "rule-unsupported", [Error]: "A part of the Ingress is not supported.",
        fix "Write it as rules with a host, paths and a Service, and `spec.tls` with hosts and a Secret.",
        example "the front end carries bytes, which have no hosts and paths";
    RouteTaken = "route-taken", [Warning]: "Another Ingress has this host and path.",
        fix "Choose another host or path, or remove it from one of the two.",
        example "www.guestbook.com/ on 192.0.2.10_443_ssl belongs to Ingress default/first, whose name comes first";
    PlainRouteRefused = "plain-route-refused", [Warning]: "A host that demands client certificates, or is redirected to TLS, is not served in plain text.",
        fix "Add `spec.tls` to the Ingress, or choose another host.",
        example "a.example/ gets no route in plain text: Ingress default/b-shop sends requests for a host that it would serve to TLS";
    FrontEndKept = "front-end-kept", [Error, Warning]: "A front end stays as it is until the Ingress that holds it is understood.",
        fix "Mend the Ingress that holds the front end.",
        example "Ingress default/front, whose name comes first, has a demand for client certificates on 192.0.2.10_443_ssl that is not understood; until it is, nobody else comes there";
    ClientAuthenticationLost = "client-authentication-lost", [Warning]: "An older Ingress asks for client certificates on the front end and is not served, so that nobody asks for them there.",
        fix "Mend the older Ingress, or name a CA in this one if its clients must show certificates.",
        example "Ingress default/shop, whose name comes first, asks for client certificates on 192.0.2.10_443_ssl and is not served: clients of this Ingress need none";
    FrontEndConflict = "front-end-conflict", [Error]: "Another Ingress holds the front end with other settings.",
        fix "Give the Ingress an address of its own with `frontend-ip`, or let both ask for the same.",
        example r#"Ingress default/first, whose name comes first, has "clientauth" as DISABLED on 192.0.2.10_443_ssl, and ENABLED is asked for here"#;
    FrontEndForeign = "front-end-foreign", [Error]: "The address and port belong to an object that is not ours.",
        fix "Name another address, or remove what listens there.",
        example "192.0.2.10:443 belongs to lbvserver payments, which is not ours";
    ChildForeign = "child-foreign", [Warning]: "Something that is not ours is bound to an object of ours, and stays.",
        fix "Unbind it, unless it is meant to act on the requests of these Ingresses.",
        example r#""clients-ca", which is not ours, is bound to it (sslvserver_sslcertkey_binding as CA) and stays"#;
    NameForeign = "name-foreign", [Error]: "An object that is not ours has a name that would be used.",
        fix "Remove or rename it, choose another `--prefix`, or take it over with `--takeover`, which is for vservers and service groups.",
        example r#"the appliance has a csvserver "k8s-192.0.2.10_80_http", which is not ours and whose name is needed"#;
    CertificateForeign = "certificate-foreign", [Error]: "The certificate is installed under a name that is not ours.",
        fix "Remove the certkey from the appliance, or issue another certificate.",
        example r#"the certificate "CN=www.guestbook.com" is installed on the appliance as certkey "payments", which is not ours, and the appliance takes a certificate only once"#;
    DefaultProfileRefused = "default-profile-refused", [Error]: "TLS needs the default SSL profile, and enabling it would change what is not ours.",
        fix "Enable it yourself when those objects are prepared, or allow it with `--enable-default-profile`.",
        example "TLS needs the default SSL profile of the appliance, and enabling it would reset the SSL settings of sslvserver payments, for good";
    IngressPaused = "ingress-paused", [Warning]: "An Ingress is paused: nothing is changed for it.",
        fix "Remove the annotation.",
        example "the Ingress is paused, so nothing is changed for it";
    IngressHeld = "ingress-held", [Warning]: "The last good configuration of an Ingress stays until it is understood.",
        fix "Mend the errors of this Ingress.",
        example "its last good configuration stays on the appliance: 1 route";
    IngressClosed = "ingress-closed", [Warning]: "The routes of an Ingress are withdrawn until it is understood.",
        fix "Mend the errors of this Ingress.",
        example "its routes are withdrawn, since its text asks for client certificates (Mandatory), and its front end for nothing";
    IngressUnknown = "ingress-unknown", [Warning]: "The appliance holds an Ingress that is not among the input.",
        fix "Give its manifest as well, or delete what it left with `--prune`.",
        example "the appliance has configuration of this Ingress, which is not among the input; it stays as it is";
}

impl Code {
    /// Whether it is about something that an Ingress refers to, rather than about its own text.
    pub const fn is_about_reference(self) -> bool {
        matches!(
            self,
            Self::SecretMissing
                | Self::SecretUnread
                | Self::SecretKeyMissing
                | Self::SecretForeign
                | Self::CertificateMalformed
                | Self::CertificateKeyMismatch
                | Self::CertificateNotCa
                | Self::CertificateHostUncovered
                | Self::CertificateForeign
                | Self::ServiceMissing
                | Self::ServicePortMissing
                | Self::NodePortMissing
                | Self::NodesMissing
                | Self::DefaultsUnreadable
                | Self::CertkeyMissing
                | Self::ProfileMissing
                | Self::ProfileUnfit
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
