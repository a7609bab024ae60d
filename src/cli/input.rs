//! Finds and reads the manifests that a command is given: files, directories, standard input.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use crate::diagnostic::Diagnostic;
use crate::model::Redacted;
use crate::snapshot::Snapshot;
use crate::snapshot::documents::{self, Unreadable};

/// Which manifests a command reads.
#[derive(Debug, Clone, Args)]
pub struct Manifests {
    /// Read manifests from this file or directory, or from standard input if it is `-`
    ///
    /// YAML or JSON, any number of documents. Of a directory, all files that end in .yaml, .yml or
    /// .json, and those of the directories in it. Ingresses, IngressClasses, Secrets, Services,
    /// EndpointSlices and Nodes are read; anything else is passed over with a note.
    #[arg(short = 'f', long = "filename", value_name = "PATH", num_args = 1..)]
    paths: Vec<PathBuf>,
}

impl Manifests {
    /// Whether none are named.
    pub const fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

/// The manifests of one command.
#[derive(Debug)]
pub struct Input {
    /// What they hold.
    pub snapshot: Snapshot,
    /// What was passed over, and what was given twice.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why manifests cannot be used. Everything that is wrong with them is in it.
#[derive(Debug)]
pub struct Error {
    /// The problems in the order of the input. There is at least one.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with the input.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A file or directory cannot be read.
    #[error("cannot read {path:?}")]
    Path {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A directory holds no manifests.
    #[error("{path:?} holds no file that ends in .yaml, .yml or .json")]
    EmptyDirectory {
        /// Which.
        path: PathBuf,
    },
    /// A file is not text.
    #[error("{path:?} is not UTF-8 text")]
    NotText {
        /// Which.
        path: PathBuf,
    },
    /// A document is no manifest.
    #[error(transparent)]
    Document(Box<Unreadable>),
}

/// Reads all manifests. None may have an error.
pub fn read(manifests: &Manifests, stdin: &mut dyn Read, now: Timestamp) -> Result<Input, Error> {
    let (input, problems) = read_what_is_readable(manifests, stdin, now);
    if problems.is_empty() { Ok(input) } else { Err(Error { problems }) }
}

/// Reads all manifests as far as they can be read, and says what cannot, in the order of the input.
pub fn read_what_is_readable(
    manifests: &Manifests,
    stdin: &mut dyn Read,
    now: Timestamp,
) -> (Input, Vec<Problem>) {
    let mut input = Input { snapshot: Snapshot::empty(now), diagnostics: Vec::new() };
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for path in &manifests.paths {
        let files = if path.as_os_str() == "-" { Ok(vec![path.clone()]) } else { files(path) };
        match files {
            Ok(files) => {
                for file in files.into_iter().filter(|file| seen.insert(file.clone())) {
                    read_file(&file, stdin, &mut input, &mut problems);
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    (input, problems)
}

fn read_file(path: &Path, stdin: &mut dyn Read, input: &mut Input, problems: &mut Vec<Problem>) {
    let mut bytes = Vec::new();
    let outcome = if path.as_os_str() == "-" {
        stdin.read_to_end(&mut bytes).map(|_| ())
    } else {
        fs::read(path).map(|content| bytes = content)
    };
    // Manifests hold private keys.
    let bytes = Redacted::new(bytes);
    if let Err(source) = outcome {
        return problems.push(Problem::Path { path: path.to_owned(), source });
    }
    let Ok(text) = std::str::from_utf8(bytes.reveal()) else {
        return problems.push(Problem::NotText { path: path.to_owned() });
    };
    let reading = documents::read(&mut input.snapshot, &path.to_string_lossy(), text);
    input.diagnostics.extend(reading.diagnostics);
    problems.extend(reading.unreadable.into_iter().map(|part| Problem::Document(Box::new(part))));
}

/// The file itself, or the manifests of a directory in order of their paths.
fn files(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    let problem = |source| Problem::Path { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(problem)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    collect(path, &mut found)?;
    if found.is_empty() {
        return Err(Problem::EmptyDirectory { path: path.to_owned() });
    }
    found.sort();
    Ok(found)
}

/// Links to directories are not followed: they can lead in circles. Hidden files and directories
/// are left alone, as those of version control and editors.
fn collect(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let problem = |source| Problem::Path { path: directory.to_owned(), source };
    for entry in fs::read_dir(directory).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(problem)?);
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if is_hidden || (kind.is_symlink() && path.is_dir()) {
            continue;
        }
        if kind.is_dir() {
            collect(&path, found)?;
        } else if is_manifest(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    extension.is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|e| *e == extension))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("the input has an error"),
            count => write!(f, "the input has {count} errors"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: NAME}\n";

    fn directory(files: &[&str]) -> TempDir {
        let directory = TempDir::new().unwrap();
        for (index, file) in files.iter().enumerate() {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, SERVICE.replace("NAME", &format!("s{index}"))).unwrap();
        }
        directory
    }

    fn read_paths(paths: &[&Path], mut stdin: &[u8]) -> Result<Input, Error> {
        let paths = paths.iter().map(|path| path.to_path_buf()).collect();
        read(&Manifests { paths }, &mut stdin, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_directory_is_read_with_all_that_is_in_it() {
        let files = ["a.yaml", "b.yml", "c/d/e.JSON", "f.txt", ".g.yaml", ".git/h.yaml", "README"];
        let directory = directory(&files);
        let input = read_paths(&[directory.path()], b"").unwrap();
        let names: Vec<&str> =
            input.snapshot.services.keys().map(|key| key.name.as_str()).collect();
        assert_eq!(names, ["s0", "s1", "s2"]);
    }

    #[test]
    fn a_file_is_read_whatever_its_name_and_once() {
        let directory = directory(&["a.txt", "b.yaml"]);
        let (one, two) = (directory.path().join("a.txt"), directory.path().join("b.yaml"));
        let input = read_paths(&[&one, &two, &one, directory.path()], b"").unwrap();
        assert_eq!(input.snapshot.services.len(), 2);
        assert_eq!(input.diagnostics, []);
    }

    #[test]
    fn standard_input_is_a_file_called_dash() {
        let input = read_paths(&[Path::new("-")], SERVICE.replace("NAME", "s").as_bytes()).unwrap();
        assert_eq!(input.snapshot.services.len(), 1);
        let error = read_paths(&[Path::new("-")], b"a: [").unwrap_err();
        assert!(error.problems[0].to_string().starts_with("-:1:4: "), "{:?}", error.problems);
    }

    #[test]
    fn all_problems_are_found_in_one_run() {
        let empty = TempDir::new().unwrap();
        let broken = directory(&["a.yaml"]);
        fs::write(broken.path().join("b.yaml"), "x: [\n---\nkind: x\n").unwrap();
        fs::write(broken.path().join("c.yaml"), b"\xff\xfe").unwrap();
        let missing = Path::new("/no/such/file");
        let error = read_paths(&[missing, empty.path(), broken.path()], b"").unwrap_err();
        let shown: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 5, "{shown:#?}");
        assert_eq!(error.to_string(), "the input has 5 errors");
        for (line, part) in shown.iter().zip([
            "cannot read \"/no/such/file\"",
            "holds no file",
            "unclosed bracket",
            "b.yaml:3:1: this is no Kubernetes object",
            "not UTF-8",
        ]) {
            assert!(line.contains(part), "{line}: {part}");
        }
    }
}
