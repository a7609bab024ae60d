//! Where the programs of a Kubernetes control plane are.

use std::path::{Path, PathBuf};

/// The program of this name: that of `KUBEBUILDER_ASSETS` if it has one, or else the one that
/// `tests/tools/kubernetes.sh` has built.
pub(crate) fn find(name: &str) -> Result<PathBuf, String> {
    let given = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map(|path| path.join("tools"));
    find_in(name, &[given, target].into_iter().flatten().collect::<Vec<_>>())
}

/// The first of these folders that has the program decides.
pub(crate) fn find_in(name: &str, folders: &[PathBuf]) -> Result<PathBuf, String> {
    let paths = folders.iter().map(|folder| folder.join(name));
    paths.clone().find(|path| path.is_file()).ok_or_else(|| {
        let missing: Vec<String> = paths.map(|path| path.display().to_string()).collect();
        format!(
            "there is no {name} ({}): run `make test`, or tests/tools/kubernetes.sh, or set \
             KUBEBUILDER_ASSETS to the folder that has it",
            missing.join(", ")
        )
    })
}
