//! The controllers of Kubernetes that some tests need.

use crate::access::User;
use crate::api_server::ApiServer;
use crate::leashed::{Folder, Leashed};
use crate::programs;

impl ApiServer {
    /// Starts what removes objects whose owner is gone, and what empties deleted namespaces. They
    /// run until this is dropped.
    pub(crate) fn controllers(&self) -> Leashed {
        let arguments = [
            format!("--kubeconfig={}", self.kubeconfig(&User::admin()).display()),
            "--controllers=garbage-collector-controller,namespace-controller".to_owned(),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
        ];
        let name = format!("{}-controllers", self.name);
        let folder = (self.folder.as_path(), Folder::Kept);
        programs::find("kube-controller-manager")
            .and_then(|program| Leashed::start(&name, &program, folder, &arguments))
            .unwrap_or_else(|why| panic!("{why}"))
    }
}
