//! Who may import whom between the crates, and what the engine must not drag in.
//!
//! The manifests are read line by line, as far as this needs: names of packages, and the keys of `[dependencies]`
//! tables. Development dependencies are free. What comes along behind a dependency is cargo's to say; the caller
//! runs `cargo tree` and hands in what it printed.

use std::collections::BTreeMap;

use crate::Violation;
use crate::tree::Tree;

/// A crate by its folder, and the folders of ours that it may import.
const IMPORTS: [(&str, &[&str]); 10] = [
    ("storage-format", &[]),
    ("datasets", &[]),
    ("client/api", &[]),
    ("client", &["client/api"]),
    ("engine", &["storage-format"]),
    // The last two for `nigh bench` and `nigh inspect`.
    ("server", &["engine", "client/api", "datasets", "storage-format"]),
    ("benches", &["engine", "datasets", "client"]),
    ("benches/rivals", &["benches", "benches/rivals/capi", "engine", "datasets", "client"]),
    ("benches/rivals/capi", &["engine"]),
    ("docs", &["engine", "client"]),
];

/// More would be a burden on everyone who links the engine.
const ENGINE_DEPENDENCIES_MAX: usize = 20;

/// Packages, and families of them, that an application linking the engine must not get: an async runtime, HTTP, a
/// store or a model runtime, and whatever compiles C++.
const STRANGERS: [&str; 9] =
    ["tokio", "hyper", "axum", "tonic", "rocksdb", "librocksdb-sys", "candle", "cxx", "cmake"];

/// One `Cargo.toml`, as far as the rules need it.
#[derive(Debug, Default)]
struct Manifest<'a> {
    path: &'a str,
    package: &'a str,
    /// Packages named under `[dependencies]`, also those for one target, with their lines.
    dependencies: Vec<(&'a str, usize)>,
}

/// A crate imports only those of ours that the house allows.
pub fn imports(tree: &Tree) -> Vec<Violation> {
    let manifests = manifests(tree);
    let homes: BTreeMap<&str, &str> =
        manifests.iter().map(|manifest| (manifest.package, manifest.folder())).collect();
    let mut found = Vec::new();
    for manifest in &manifests {
        let folder = manifest.folder();
        // A fuzz target is a test that happens to need a crate of its own.
        if folder.ends_with("/fuzz") {
            continue;
        }
        let Some((_, allowed)) = IMPORTS.iter().find(|(known, _)| *known == folder) else {
            found.push(Violation::new(
                manifest.path,
                1,
                format!("crate `{folder}` has no line in docs/src/rules/crates.rs"),
            ));
            continue;
        };
        for (package, line) in &manifest.dependencies {
            if let Some(home) = homes.get(package)
                && !allowed.contains(home)
            {
                found.push(Violation::new(
                    manifest.path,
                    *line,
                    format!("`{folder}` may not import `{home}`, only {allowed:?} of ours"),
                ));
            }
        }
    }
    found
}

/// The engine links few packages directly.
pub fn engine_dependency_count(tree: &Tree) -> Vec<Violation> {
    let manifests = manifests(tree);
    let crowded = manifests.iter().filter(|manifest| manifest.folder() == "engine").flat_map(|manifest| {
        let beyond = manifest.dependencies.get(ENGINE_DEPENDENCIES_MAX)?;
        let got = manifest.dependencies.len();
        Some(Violation::new(
            manifest.path,
            beyond.1,
            format!("at most {ENGINE_DEPENDENCIES_MAX} direct dependencies, got {got}"),
        ))
    });
    crowded.collect()
}

/// The engine's whole tree of dependencies, as `cargo tree --prefix none` prints it, holds no stranger.
pub fn strangers(cargo_tree: &str) -> Vec<Violation> {
    let packages = cargo_tree.lines().filter_map(|line| line.split_whitespace().next());
    let mut strange: Vec<_> =
        packages.filter(|package| STRANGERS.iter().any(|name| is_of_family(package, name))).collect();
    strange.sort_unstable();
    strange.dedup();
    strange
        .into_iter()
        .map(|package| {
            Violation::new(
                "engine/Cargo.toml",
                1,
                format!("the engine must not drag in `{package}`; `cargo tree -i {package}` says how"),
            )
        })
        .collect()
}

/// Whether `package` is `name`, or `name-…`.
fn is_of_family(package: &str, name: &str) -> bool {
    package.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn manifests(tree: &Tree) -> Vec<Manifest<'_>> {
    let manifests = tree.ending_in("Cargo.toml").map(|(path, text)| Manifest::read(path, text));
    manifests.filter(|manifest| !manifest.package.is_empty()).collect()
}

impl<'a> Manifest<'a> {
    fn read(path: &'a str, text: &'a str) -> Self {
        let mut manifest = Manifest { path, ..Manifest::default() };
        let mut table = "";
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(header) = line.strip_prefix('[') {
                table = header.split(']').next().unwrap_or(header);
                if let Some((parent, key)) = table.rsplit_once('.')
                    && is_dependencies(parent)
                {
                    manifest.dependencies.push((unquote(key), index + 1));
                }
            } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
                let key = unquote(key.split('.').next().unwrap_or(key));
                if table == "package" && key == "name" {
                    manifest.package = unquote(value);
                } else if is_dependencies(table) {
                    manifest.dependencies.push((renamed(value).unwrap_or(key), index + 1));
                }
            }
        }
        manifest
    }

    fn folder(&self) -> &'a str {
        self.path.strip_suffix("Cargo.toml").map_or("", |folder| folder.trim_end_matches('/'))
    }
}

/// Whether `table` is `dependencies`, or `target.….dependencies`; what the workspace lists is used by no crate yet.
fn is_dependencies(table: &str) -> bool {
    table == "dependencies" || (table.starts_with("target.") && table.ends_with(".dependencies"))
}

/// The package in `{ package = "name", … }`.
fn renamed(value: &str) -> Option<&str> {
    let after = value.split_once("package")?.1.trim_start().strip_prefix('=')?;
    after.trim_start().strip_prefix('"')?.split('"').next()
}

fn unquote(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [(&str, &str); 4] = [
        ("Cargo.toml", "[workspace]\n[workspace.dependencies]\nnigh = { path = \"engine\" }\n"),
        ("storage-format/Cargo.toml", "[package]\nname = \"nigh-format\"\n"),
        (
            "server/Cargo.toml",
            "[package]\nname = \"nigh-server\"\n[dependencies]\nnigh.workspace = true\nnigh-format = \"1\"\ntokio = \"1\"\n",
        ),
        (
            "storage-format/fuzz/Cargo.toml",
            "[package]\nname = \"nigh-format-fuzz\"\n[dependencies]\nnigh-format = { path = \"..\" }\n",
        ),
    ];

    /// Where the imports break the rule when the engine's manifest reads so.
    fn check(engine: &str) -> Vec<usize> {
        let engine = format!("[package]\nname = \"nigh\"\n{engine}");
        let mut files = OURS.to_vec();
        files.push(("engine/Cargo.toml", &engine));
        let found = imports(&Tree::planted(&files));
        assert!(found.iter().all(|violation| violation.file == "engine/Cargo.toml"), "{found:?}");
        found.iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn allowed_imports_and_development_dependencies_are_at_peace() {
        assert_eq!(
            check("[dependencies]\nnigh-format.workspace = true\n[dev-dependencies]\nnigh-server = \"1\"\n"),
            [0; 0]
        );
    }

    #[test]
    fn a_forbidden_import_is_found_however_it_is_written() {
        assert_eq!(check("[dependencies]\nnigh-server.workspace = true\n"), [4]);
        assert_eq!(check("[dependencies]\nx = 1\n\"nigh-server\" = { path = \"../server\" }\n"), [5]);
        assert_eq!(check("[dependencies.nigh-server]\npath = \"../server\"\n"), [3]);
        assert_eq!(check("[target.'cfg(unix)'.dependencies]\nnigh-server = \"1\"\n"), [4]);
        assert_eq!(check("[dependencies]\nfriend = { version = \"1\", package = \"nigh-server\" }\n"), [4]);
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_found() {
        let found = imports(&Tree::planted(&[("tools/Cargo.toml", "[package]\nname = \"tools\"\n")]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, "tools/Cargo.toml");
    }

    #[test]
    fn one_dependency_too_many_is_found() {
        let manifest = |count: usize| {
            let keys: String = (0..count).map(|number| format!("crate-{number} = \"1\"\n")).collect();
            format!("[package]\nname = \"nigh\"\n[dependencies]\n{keys}[dev-dependencies]\nmore = \"1\"\n")
        };
        assert!(engine_dependency_count(&Tree::planted(&[("engine/Cargo.toml", &manifest(20))])).is_empty());
        let found = engine_dependency_count(&Tree::planted(&[("engine/Cargo.toml", &manifest(21))]));
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [24]);
    }

    #[test]
    fn strangers_are_found_and_namesakes_are_not() {
        let tree = "nigh v0.1.0 (path)\ntokio-util v0.7.0\nhyper v1.0.0\ncandlestick v1.0.0\ntokio-util v0.7.0 (*)\ncandle-core v0.9.0\n\ncc v1.0.0\n";
        let found: Vec<_> = strangers(tree).iter().map(|violation| violation.rule.clone()).collect();
        assert_eq!(found.len(), 3);
        assert!(
            found[0].contains("`candle-core`")
                && found[1].contains("`hyper`")
                && found[2].contains("`tokio-util`"),
            "{found:?}"
        );
    }
}
