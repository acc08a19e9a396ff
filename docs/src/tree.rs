//! The repository as a list of files: here is its root, give me each path and the text of those that rules read.
//!
//! Git says which files there are (tracked, or new and not ignored). Without git, as in an unpacked archive, the
//! folders are walked and build output is left out. Paths are relative to the root and use `/`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Command;

/// Files whose text is read; of all others the tree knows only the path.
const READ: [&str; 3] = [".rs", ".md", ".toml"];

/// Folders that hold no sources, for the walk without git.
const SKIPPED: [&str; 3] = [".git", "target", "datasets/data"];

/// Paths and texts of a repository, in the order of the paths.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the repository whose root is `root`.
    pub fn read(root: &Path) -> io::Result<Self> {
        let paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => {
                let mut paths = Vec::new();
                walk(root, "", &mut paths)?;
                paths
            }
        };
        let mut files = BTreeMap::new();
        for path in paths {
            let on_disk = root.join(&path);
            // Git still lists a file that was deleted and not yet committed as such.
            if !on_disk.is_file() {
                continue;
            }
            let wanted = READ.iter().any(|ending| path.ends_with(ending));
            let text = if wanted {
                String::from_utf8_lossy(&std::fs::read(&on_disk)?).into_owned()
            } else {
                String::new()
            };
            files.insert(path, text);
        }
        Ok(Self { files })
    }

    /// A tree that exists only in memory.
    pub fn planted(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    /// Every path.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Path and text of the files that end in `ending`.
    pub fn ending_in(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(ending))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Path and text of the Rust files at or below `folder`; all of them when it is empty.
    pub fn rust_under(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        self.ending_in(".rs").filter(move |(path, _)| folder.is_empty() || is_within(path, folder))
    }

    /// Whether `path` is a file, or a folder with files in it.
    pub fn contains(&self, path: &str) -> bool {
        path.is_empty() || self.files.contains_key(path) || self.paths().any(|file| is_within(file, path))
    }
}

/// Whether `path` is `folder` or lies below it.
pub fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What git knows of `root`, or `None` when there is no git or `root` is not its repository.
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    if !root.join(".git").exists() {
        return None;
    }
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    let paths = String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned).collect();
    output.status.success().then_some(paths)
}

fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if SKIPPED.contains(&name.as_str()) || SKIPPED.contains(&path.as_str()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(root, &path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_git_the_same_crate_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut walked = Vec::new();
        walk(root, "", &mut walked).unwrap();
        assert!(walked.contains(&"src/tree.rs".to_owned()));

        let tree = Tree::read(root.parent().unwrap()).unwrap();
        assert!(tree.contains("docs/src/tree.rs"));
        assert!(
            tree.rust_under("docs/src").any(|(_, text)| text.starts_with("//! The repository as a list"))
        );
    }

    #[test]
    fn folders_are_contained_and_look_alikes_are_not() {
        let tree = Tree::planted(&[("engine/src/lib.rs", "")]);
        assert!(tree.contains("engine/src"));
        assert!(!tree.contains("engine/sr"));
        assert_eq!(tree.rust_under("engine/sr").count(), 0);
    }
}
