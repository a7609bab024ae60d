//! Observing: what is ours, what is not, and what cannot be told.

use mock_nitro::{Appliance, Options};
use nitro_ingress::model::{ClusterId, Mark};
use nitro_ingress::observe::observe;
use nitro_ingress::observed::Owned;

use crate::in_process::{InProcess, client, run};

pub(crate) fn mark() -> Mark {
    Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("local").unwrap() }
}

#[test]
fn a_fresh_appliance_holds_nothing_of_ours() {
    for default_profile in [false, true] {
        let options = Options { default_profile, ..Options::default() };
        let client = client(InProcess::new(Appliance::new(options)));
        let observed = run(observe(&client, &mark())).unwrap();
        assert_eq!(observed.owned, Owned::default());
        assert_eq!(observed.settings.default_profile, default_profile);
        assert_eq!(observed.facts.default_profile, default_profile);
        assert!(!observed.settings.unsaved);
        assert!(observed.settings.version.contains("NS14.1"));
        assert!(observed.facts.foreign_ssl.is_empty(), "{:?}", observed.facts.foreign_ssl);
    }
}
