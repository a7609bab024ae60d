//! Chains that lead to an accepted CA, and what is wrong with those that do not.

use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CrlIssuingDistributionPoint,
    CrlScope, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyUsagePurpose,
    PKCS_ED25519,
};

use super::super::workshop::{Authority, Made, early, expired, only_for};
use super::super::{Encoding, RevocationList, Strictness, load};
use super::*;

const ROOT_V1: &[u8] = include_bytes!("../../../tests/fixtures/root-v1.crt");
const LEAF_V1: &[u8] = include_bytes!("../../../tests/fixtures/leaf-v1.crt");

fn now() -> Timestamp {
    "2030-06-01T00:00:00Z".parse().unwrap()
}

fn with(authority: &Made, revocation: Revocation) -> Trusted {
    Trusted { authority: Arc::clone(&authority.material), revocation, is_announced: true }
}

fn trust(authorities: &[&Authority]) -> Vec<Trusted> {
    authorities.iter().map(|authority| with(&authority.made, Revocation::Unchecked)).collect()
}

/// Why the chain of a client is refused.
fn refused(shown: &[&Made], trusted: &[Trusted]) -> Option<Reason> {
    let shown: Vec<Vec<u8>> = shown.iter().map(|made| made.der()).collect();
    check(&shown, trusted, Purpose::Client, now()).err().map(|rejection| rejection.reason)
}

#[test]
fn a_chain_leads_to_an_accepted_ca_over_its_own_intermediates_in_any_order() {
    let root = Authority::new("Root");
    let middle = root.below("Middle");
    let issuing = middle.below("Issuing");
    let (near, far) = (root.leaf("near"), issuing.leaf("far"));
    let trusted = trust(&[&root]);
    assert_eq!(refused(&[&near], &trusted), None);
    assert_eq!(refused(&[&near, &root.made], &trusted), None);
    assert_eq!(refused(&[&far, &issuing.made, &middle.made], &trusted), None);
    assert_eq!(refused(&[&far, &near, &root.made, &middle.made, &issuing.made], &trusted), None);
    assert_eq!(refused(&[&far, &issuing.made], &trusted), Some(Reason::UnknownIssuer));
    assert_eq!(refused(&[&far], &trusted), Some(Reason::UnknownIssuer));
}

#[test]
fn an_accepted_ca_may_be_an_intermediate_one() {
    let root = Authority::new("Root");
    let (middle, other) = (root.below("Middle"), root.below("Other"));
    let trusted = trust(&[&middle]);
    assert_eq!(refused(&[&middle.leaf("a")], &trusted), None);
    assert_eq!(
        refused(&[&other.leaf("a"), &other.made, &root.made], &trusted),
        Some(Reason::UnknownIssuer)
    );
}

#[test]
fn the_own_certificate_of_the_peer_is_returned() {
    let root = Authority::new("Root");
    let leaf = root.leaf("mine");
    let chain = [leaf.der(), root.made.der()];
    let peer = check(&chain, &trust(&[&root]), Purpose::Client, now()).unwrap();
    assert_eq!(&peer, leaf.certificate());
}

#[test]
fn a_certificate_of_version_1_is_accepted_from_a_root_of_version_1() {
    let file = |pem| Made { material: load(pem, None, Encoding::Pem).unwrap() };
    let trusted = [with(&file(ROOT_V1), Revocation::Unchecked)];
    assert_eq!(refused(&[&file(LEAF_V1)], &trusted), None);
    let foreign = Authority::new("Root");
    assert_eq!(refused(&[&file(LEAF_V1)], &trust(&[&foreign])), Some(Reason::UnknownIssuer));
    let mut changed = file(LEAF_V1).der();
    *changed.last_mut().unwrap() ^= 1;
    let forged = check(&[changed], &trusted, Purpose::Client, now()).unwrap_err();
    assert_eq!(forged.reason, Reason::Namesake);
}

#[test]
fn nobody_is_accepted_without_a_certificate_a_ca_or_a_key_that_can_be_read() {
    let root = Authority::new("Root");
    assert_eq!(refused(&[], &trust(&[&root])), Some(Reason::None));
    assert_eq!(refused(&[&root.leaf("a")], &[]), Some(Reason::UnknownIssuer));
    let ed25519 = rcgen::KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let ed25519 = CertificateParams::default().self_signed(&ed25519).unwrap().der().to_vec();
    for garbage in [b"garbage".to_vec(), Vec::new(), ed25519] {
        let refused = check(&[garbage], &trust(&[&root]), Purpose::Client, now()).unwrap_err();
        assert_eq!(refused.reason, Reason::Unreadable);
    }
}

#[test]
fn what_cannot_be_read_beside_the_own_certificate_does_no_harm() {
    let root = Authority::new("Root");
    let chain = [root.leaf("a").der(), b"garbage".to_vec()];
    assert!(check(&chain, &trust(&[&root]), Purpose::Client, now()).is_ok());
}

#[test]
fn a_ca_of_the_same_name_with_another_key_is_another_ca() {
    let (root, foreign) = (Authority::new("Root"), Authority::new("Root"));
    // Without ids of keys, the signature alone tells them apart.
    let no_id = |params: &mut CertificateParams| {
        params.use_authority_key_identifier_extension = false;
    };
    let trusted = trust(&[&root]);
    for leaf in [foreign.leaf("a"), foreign.leaf_with("a", no_id)] {
        assert_eq!(refused(&[&leaf], &trusted), Some(Reason::Namesake));
        assert_eq!(refused(&[&leaf, &foreign.made], &trusted), Some(Reason::Namesake));
        assert_eq!(refused(&[&leaf, &root.made], &trusted), Some(Reason::Namesake));
        assert_eq!(refused(&[&leaf], &trust(&[&root, &foreign])), None);
    }
}

#[test]
fn where_ids_of_keys_are_stated_they_are_the_same() {
    let root = Authority::new("Root");
    let other_id = |params: &mut CertificateParams| {
        params.key_identifier_method = KeyIdMethod::PreSpecified(vec![1, 2, 3]);
    };
    let leaf = root.again_with(other_id).leaf("a");
    assert_eq!(leaf.certificate().carries_signature_of(root.made.certificate()), Some(true));
    assert_eq!(refused(&[&leaf], &trust(&[&root])), Some(Reason::Namesake));
}

#[test]
fn a_signature_that_cannot_be_checked_proves_nothing() {
    let p521 = include_bytes!("../../../tests/fixtures/p521.crt");
    let p521 = Made { material: load(p521, None, Encoding::Pem).unwrap() };
    assert!(p521.certificate().is_issued_by(p521.certificate()));
    let trusted = [with(&p521, Revocation::Unchecked)];
    assert_eq!(refused(&[&p521], &trusted), Some(Reason::Algorithm));
}

#[test]
fn who_signs_his_certificate_himself_is_not_accepted_whatever_issuer_he_names() {
    let root = Authority::new("Root");
    let alone = Authority::new("Alone").made;
    for own in [&root.copied_by("a"), &root.copied_by("Root"), &alone] {
        assert_eq!(refused(&[own], &trust(&[&root])), Some(Reason::SelfSigned));
        assert_eq!(refused(&[own, &root.made], &trust(&[&root])), Some(Reason::SelfSigned));
    }
}

#[test]
fn each_certificate_of_the_path_is_within_its_dates() {
    let root = Authority::new("Root");
    let trusted = trust(&[&root]);
    assert_eq!(refused(&[&root.leaf_with("a", expired)], &trusted), Some(Reason::Expired));
    assert_eq!(refused(&[&root.leaf_with("a", early)], &trusted), Some(Reason::NotYetValid));
    let middle = root.below_with("Middle", expired);
    assert_eq!(refused(&[&middle.leaf("a"), &middle.made], &trusted), Some(Reason::Expired));
    let old = Authority::new_with("Old", expired);
    assert_eq!(refused(&[&old.leaf("a")], &trust(&[&old])), Some(Reason::Expired));
}

#[test]
fn only_a_ca_issues_certificates() {
    let root = Authority::new("Root");
    let trusted = trust(&[&root]);
    let no_ca = root.below_with("a", |params| params.is_ca = IsCa::ExplicitNoCa);
    let silent = root.below_with("a", |params| params.is_ca = IsCa::NoCa);
    for impostor in [no_ca, silent] {
        let chain = [&impostor.leaf("victim"), &impostor.made];
        assert_eq!(refused(&chain, &trusted), Some(Reason::NotCa));
    }
    let usage = |params: &mut CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    };
    let mute = root.below_with("Mute", usage);
    assert_eq!(refused(&[&mute.leaf("a"), &mute.made], &trusted), Some(Reason::KeyUsage));
}

#[test]
fn a_path_is_no_longer_than_its_cas_allow() {
    let most = |number| {
        move |params: &mut CertificateParams| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(number));
        }
    };
    for (number, outcome) in [(0, Some(Reason::PathLength)), (1, None)] {
        let root = Authority::new_with("Root", most(number));
        let middle = root.below("Middle");
        let trusted = trust(&[&root]);
        assert_eq!(refused(&[&root.leaf("a")], &trusted), None);
        assert_eq!(refused(&[&middle.leaf("a"), &middle.made], &trusted), outcome);
        // One that renews itself does not count.
        let renewed = root.below("Root");
        assert_eq!(refused(&[&renewed.leaf("a"), &renewed.made], &trusted), None);
    }
}

#[test]
fn a_certificate_is_for_the_side_that_shows_it() {
    let root = Authority::new("Root");
    let server = only_for(ExtendedKeyUsagePurpose::ServerAuth);
    let client = only_for(ExtendedKeyUsagePurpose::ClientAuth);
    let trusted = trust(&[&root]);
    let leaf = root.leaf_with("a", server);
    assert_eq!(refused(&[&leaf], &trusted), Some(Reason::Purpose));
    assert!(check(&[leaf.der()], &trusted, Purpose::Server, now()).is_ok());
    let leaf = root.leaf_with("a", client);
    assert_eq!(refused(&[&leaf], &trusted), None);
    let refusal = check(&[leaf.der()], &trusted, Purpose::Server, now()).unwrap_err();
    assert_eq!(refusal.reason, Reason::Purpose);
    let server = only_for(ExtendedKeyUsagePurpose::ServerAuth);
    let middle = root.below_with("Servers", server);
    assert_eq!(refused(&[&middle.leaf("a"), &middle.made], &trusted), Some(Reason::Purpose));
}

#[test]
fn what_is_marked_as_critical_must_be_understood() {
    let root = Authority::new("Root");
    let marked = |is_critical| {
        move |params: &mut CertificateParams| {
            let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            extension.set_criticality(is_critical);
            params.custom_extensions.push(extension);
        }
    };
    let trusted = trust(&[&root]);
    assert_eq!(refused(&[&root.leaf_with("a", marked(false))], &trusted), None);
    let demanding = root.leaf_with("a", marked(true));
    assert_eq!(refused(&[&demanding], &trusted), Some(Reason::Extension));
    let middle = root.below_with("Middle", marked(true));
    assert_eq!(refused(&[&middle.leaf("a"), &middle.made], &trusted), Some(Reason::Extension));
    let unreadable = |params: &mut CertificateParams| {
        let usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], vec![1, 2, 3]);
        params.custom_extensions.push(usage);
    };
    let twice = |params: &mut CertificateParams| {
        marked(false)(params);
        marked(false)(params);
    };
    for leaf in [root.leaf_with("a", unreadable), root.leaf_with("a", twice)] {
        assert_eq!(refused(&[&leaf], &trusted), Some(Reason::Extension));
    }
}

#[test]
fn ten_certificates_are_read_and_no_more() {
    let mut path = vec![Authority::new("Root")];
    for number in 0..10 {
        let below = path.last().unwrap().below(&format!("CA {number}"));
        path.push(below);
    }
    let trusted = trust(&[&path[0]]);
    let chain = |length: usize| {
        let leaf = path[length - 1].leaf("a");
        let others = path[1..length].iter().map(|authority| authority.made.der());
        let shown: Vec<Vec<u8>> = std::iter::once(leaf.der()).chain(others).collect();
        check(&shown, &trusted, Purpose::Client, now()).err().map(|refused| refused.reason)
    };
    assert_eq!(chain(10), None);
    assert_eq!(chain(11), Some(Reason::TooMany));
}

#[test]
fn a_crowd_of_namesakes_costs_no_more_than_its_pairs() {
    // Each signed by each: without memory of who was visited there are millions of paths.
    let keys = [(); 2].map(|()| rcgen::KeyPair::generate().unwrap());
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = rcgen::Issuer::new(params.clone(), &keys[0]);
    let mut shown = vec![CertificateParams::default().signed_by(&keys[1], &issuer).unwrap()];
    shown.extend(std::iter::repeat_with(|| params.signed_by(&keys[0], &issuer).unwrap()).take(9));
    let shown: Vec<&[u8]> = shown.iter().map(|certificate| certificate.der().as_ref()).collect();
    let refused = check(&shown, &trust(&[&Authority::new("Root")]), Purpose::Client, now());
    assert_eq!(refused.unwrap_err().reason, Reason::UnknownIssuer);
}

#[test]
fn a_revoked_certificate_is_refused_in_any_case() {
    let root = Authority::new("Root");
    let (good, bad) = (root.leaf("good"), root.leaf("bad"));
    for (years, strictness, unlisted) in [
        ((2029, 2031), Strictness::Mandatory, None),
        ((2029, 2031), Strictness::Optional, None),
        ((2028, 2029), Strictness::Mandatory, Some(Reason::RevocationUnknown)),
        ((2028, 2029), Strictness::Optional, None),
        ((2031, 2032), Strictness::Mandatory, Some(Reason::RevocationUnknown)),
    ] {
        let trusted = [with(&root.made, listed(&root, &[&bad], years, strictness))];
        assert_eq!(refused(&[&bad], &trusted), Some(Reason::Revoked));
        assert_eq!(refused(&[&good], &trusted), unlisted, "{years:?} {strictness:?}");
    }
}

fn listed(
    authority: &Authority,
    revoked: &[&Made],
    years: (i32, i32),
    strictness: Strictness,
) -> Revocation {
    let file = authority.list(revoked, years);
    let certificate = authority.made.certificate();
    let list = RevocationList::read(file.as_bytes(), Encoding::Pem, certificate).unwrap();
    Revocation::List(strictness, Some(Arc::new(list)))
}

#[test]
fn without_a_list_or_a_responder_it_depends_on_how_strict_the_ca_is() {
    let root = Authority::new("Root");
    let leaf = root.leaf("a");
    for (revocation, outcome) in [
        (Revocation::List(Strictness::Mandatory, None), Some(Reason::RevocationUnknown)),
        (Revocation::List(Strictness::Optional, None), None),
        (Revocation::Responder(Strictness::Mandatory), Some(Reason::RevocationUnknown)),
        (Revocation::Responder(Strictness::Optional), None),
    ] {
        assert_eq!(refused(&[&leaf], &[with(&root.made, revocation)]), outcome);
    }
}

#[test]
fn no_way_leads_around_what_a_ca_says_of_revocation() {
    let root = Authority::new("Root");
    let middle = root.below("Middle");
    let bad = middle.leaf("bad");
    let list = listed(&middle, &[&bad], (2029, 2031), Strictness::Optional);
    let mut trusted = vec![
        with(&root.made, Revocation::Unchecked),
        with(&middle.made, Revocation::Unchecked),
        with(&middle.made, list),
    ];
    for _ in 0..3 {
        assert_eq!(refused(&[&bad, &middle.made, &root.made], &trusted), Some(Reason::Revoked));
        trusted.rotate_left(1);
    }
}

#[test]
fn what_an_intermediate_of_the_peer_issued_is_on_no_list() {
    let root = Authority::new("Root");
    let (middle, revoked) = (root.below("Middle"), root.below("Revoked"));
    for (strictness, outcome) in
        [(Strictness::Mandatory, Some(Reason::RevocationUnknown)), (Strictness::Optional, None)]
    {
        let list = listed(&root, &[&revoked.made], (2029, 2031), strictness);
        let trusted = [with(&root.made, list)];
        assert_eq!(refused(&[&middle.leaf("a"), &middle.made], &trusted), outcome);
        let chain = [&revoked.leaf("a"), &revoked.made];
        assert_eq!(refused(&chain, &trusted), Some(Reason::Revoked));
    }
}

#[test]
fn a_list_counts_only_if_its_ca_signed_it_and_may_do_so() {
    let (root, foreign) = (Authority::new("Root"), Authority::new("Root"));
    let read = |file: &str, authority: &Authority| {
        let certificate = authority.made.certificate();
        RevocationList::read(file.as_bytes(), Encoding::Pem, certificate).is_some()
    };
    assert!(read(&root.list(&[], (2029, 2031)), &root));
    assert!(!read(&foreign.list(&[], (2029, 2031)), &root));
    assert!(!read("no list", &root));
    let own = root.list(&[], (2029, 2031));
    for (usages, counts) in [
        (vec![KeyUsagePurpose::KeyCertSign], false),
        (vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign], true),
    ] {
        assert_eq!(read(&own, &root.again_with(|params| params.key_usages = usages)), counts);
    }
    let renamed = |params: &mut CertificateParams| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "Another");
    };
    assert!(!read(&own, &root.again_with(renamed)));
}

#[test]
fn a_list_that_does_not_name_everything_is_no_valid_one() {
    let root = Authority::new("Root");
    let (good, bad) = (root.leaf("good"), root.leaf("bad"));
    let file = root.list_with(&[&bad], (2029, 2031), |params| {
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec!["http://a.example".into()] },
            scope: Some(CrlScope::UserCertsOnly),
        });
    });
    let certificate = root.made.certificate();
    let list = RevocationList::read(file.as_bytes(), Encoding::Pem, certificate).unwrap();
    let trusted = [with(&root.made, Revocation::List(Strictness::Mandatory, Some(Arc::new(list))))];
    assert_eq!(refused(&[&good], &trusted), Some(Reason::RevocationUnknown));
    assert_eq!(refused(&[&bad], &trusted), Some(Reason::Revoked));
}

#[test]
fn a_rejection_names_the_certificate_and_what_is_wrong_with_it() {
    let root = Authority::new("Root");
    let refused = |made: &Made| {
        check(&[made.der()], &trust(&[&root]), Purpose::Client, now()).unwrap_err().to_string()
    };
    let expired = refused(&root.leaf_with("a\nb", expired));
    assert_eq!(expired, "certificate \"CN=a\\nb\": it has expired");
    let none = check::<&[u8]>(&[], &[], Purpose::Client, now()).unwrap_err();
    assert_eq!(none.to_string(), "no certificate was shown");
}

#[test]
fn a_certificate_stands_for_its_names_and_a_wildcard_for_one_label() {
    let root = Authority::new("Root");
    let leaf = root.leaf_with("Common.example", |params| {
        let names = ["*.wild.example", "a.example"];
        params.subject_alt_names =
            names.map(|name| rcgen::SanType::DnsName(name.try_into().unwrap())).into();
    });
    for (host, stands) in [
        ("common.example", true),
        ("COMMON.example", true),
        ("a.example", true),
        ("b.wild.example", true),
        ("*.wild.example", true),
        ("wild.example", false),
        (".wild.example", false),
        ("c.b.wild.example", false),
        ("b.example", false),
        ("example", false),
        ("", false),
    ] {
        assert_eq!(leaf.certificate().stands_for(host), stands, "{host}");
    }
}
