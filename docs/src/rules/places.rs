//! What may be named where: each foreign library in its one room, files only in `io`, threads only in `threads`.
//!
//! A place is a file, or a module by its path without `.rs`: `engine/src/text` means `text.rs` and all of `text/`.
//! Only `src` folders are bound, and `benches`; tests and examples may use what they like. In `src`, items under
//! `#[cfg(test)]` are free too, but for `unsafe`.

use std::collections::BTreeSet;

use crate::Violation;
use crate::source::{CodePath, Source, paths, without_tests};
use crate::tree::{Tree, is_within};

/// A library by its name in code, and the places that may name it. A name that ends in `_` is a family.
const HOMES: [(&str, &[&str]); 27] = [
    ("memmap2", &["engine/src/io/mmap.rs"]),
    // The bench has it as a peer of our kernels.
    ("simsimd", &["engine/src/kernels/simd.rs", "benches/benches/kernels.rs"]),
    ("rkyv", &["storage-format"]),
    ("rustix", &["engine/src/io", "engine/src/threads", "server/src/processor.rs"]),
    ("matrixmultiply", &["engine/src/kernels/matrix.rs"]),
    ("tantivy", &["engine/src/text"]),
    ("frostem", &["engine/src/text/analysis"]),
    ("stop_words", &["engine/src/text/analysis"]),
    ("unicode_normalization", &["engine/src/text/analysis"]),
    ("wgpu", &["engine/src/kernels/gpu"]),
    ("rocksdb", &["server/src/store"]),
    ("candle_", &["server/src/inference"]),
    ("axum", &["server/src/rest", "server/src/openai"]),
    ("tonic", &["server/src/grpc", "server/tests/grpc_client.rs", "client"]),
    ("qdrant_client", &["server/src/grpc", "server/src/measure/serving.rs", "server/tests/grpc_client.rs"]),
    ("tokio", &["server", "client"]),
    ("hyper", &["server", "client"]),
    ("hyper_util", &["server/src/listen", "server/src/measure/serving.rs"]),
    ("ring", &["server/src/auth"]),
    ("rustls", &["server/src/tls.rs"]),
    ("tracing_subscriber", &["server/src/observe/log.rs"]),
    ("tokio_rustls", &["server/src/tls.rs"]),
    ("saphyr_parser", &["server/src/config/yaml.rs"]),
    ("criterion", &["benches"]),
    ("hdf5_pure", &["datasets/src/read/hdf5"]),
    ("usearch", &["benches/rivals/src/contestants"]),
    ("hnsw_rs", &["benches/rivals/src/contestants"]),
];

/// What [`words`] keeps out of a folder, and why.
struct Ban {
    what: &'static str,
    bound: &'static [&'static str],
    free: &'static [&'static str],
    applies: fn(&CodePath<'_>) -> bool,
    instead: &'static str,
}

const BANS: [Ban; 4] = [
    Ban {
        what: "files",
        bound: &["engine/src", "storage-format/src"],
        free: &["engine/src/io"],
        applies: |path| {
            path.has(&["std", "fs"]) || qualifies(path, "File") || path.segments.contains(&"OpenOptions")
        },
        instead: "go through engine/src/io, which syncs and names what failed",
    },
    Ban {
        what: "threads",
        bound: &["engine/src"],
        free: &["engine/src/threads"],
        applies: |path| {
            ["spawn", "Builder", "scope"].iter().any(|name| path.has(&["thread", name]))
                || path.has(&["crossbeam", "scope"])
        },
        instead: "go through engine/src/threads, which can cancel and join",
    },
    Ban {
        what: "clocks",
        bound: &["engine/src"],
        free: &["engine/src/io", "engine/src/threads"],
        applies: |path| path.has(&["Instant", "now"]) || path.has(&["SystemTime", "now"]),
        instead: "take the time as an argument",
    },
    Ban {
        what: "random sources",
        bound: &["engine/src"],
        free: &["engine/src/io", "engine/src/threads"],
        applies: |path| path.segments.contains(&"thread_rng") || names_crate(path, "rand"),
        instead: "take a seed as an argument",
    },
];

/// Where `unsafe` may stand; everywhere else in `src` it is a violation.
const UNSAFE_HOMES: [&str; 3] =
    ["engine/src/kernels", "engine/src/io/mmap.rs", "benches/rivals/capi/src/abi.rs"];

/// One library, one room.
pub fn homes(tree: &Tree) -> Vec<Violation> {
    in_source_paths(tree, |file, path| {
        let (library, places) = HOMES.iter().find(|(library, _)| names_crate(path, library))?;
        let at_home = places.iter().any(|place| is_in_place(file, place));
        (!at_home).then(|| format!("one library, one room: `{library}` belongs in {}", places.join(" and ")))
    })
}

/// No files outside `io`, no threads outside `threads`, no clock and no random source that was not passed in.
pub fn bans(tree: &Tree) -> Vec<Violation> {
    in_source_paths(tree, |file, path| {
        let ban = BANS.iter().find(|ban| (ban.applies)(path) && ban.binds(file))?;
        Some(format!("no {} here, got `{}`: {}", ban.what, path.segments.join("::"), ban.instead))
    })
}

/// `unsafe` lives in the kernels, under the memory map, and where C passes pointers.
pub fn unsafety(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, text) in tree.rust_under("") {
        if !file.contains("/src/") || UNSAFE_HOMES.iter().any(|place| is_in_place(file, place)) {
            continue;
        }
        let source = Source::scan(text);
        let lines: BTreeSet<_> =
            source.tokens().iter().filter(|token| token.text == "unsafe").map(|token| token.line).collect();
        let rule = format!("`unsafe` lives in {}", UNSAFE_HOMES.join(" and "));
        found.extend(lines.into_iter().map(|line| Violation::new(file, line, rule.as_str())));
    }
    found
}

impl Ban {
    fn binds(&self, file: &str) -> bool {
        self.bound.iter().any(|place| is_within(file, place))
            && !self.free.iter().any(|place| is_in_place(file, place))
    }
}

/// Asks `rule` about each path in the code that ships; a rule broken twice in a line is told once.
fn in_source_paths(tree: &Tree, rule: impl Fn(&str, &CodePath<'_>) -> Option<String>) -> Vec<Violation> {
    let mut found = BTreeSet::new();
    let test_files = test_only_files(tree);
    for (file, text) in tree.rust_under("") {
        let bound = file.contains("/src/") || is_within(file, "benches");
        if !bound || test_files.iter().any(|place| is_in_place(file, place)) {
            continue;
        }
        let source = Source::scan(text);
        let (tokens, _) = without_tests(&source.tokens());
        for path in paths(&tokens) {
            found.extend(rule(file, &path).map(|message| Violation::new(file, path.line, message)));
        }
    }
    found.into_iter().collect()
}

/// The modules that some file declares as `#[cfg(test)] mod name;`, as places.
pub(crate) fn test_only_files(tree: &Tree) -> Vec<String> {
    let mut places = Vec::new();
    for (file, text) in tree.rust_under("") {
        let source = Source::scan(text);
        let (_, names) = without_tests(&source.tokens());
        let (folder, stem) = file.trim_end_matches(".rs").rsplit_once('/').unwrap_or(("", file));
        let inside = if matches!(stem, "mod" | "lib" | "main") {
            folder.to_owned()
        } else {
            format!("{folder}/{stem}")
        };
        places.extend(names.iter().map(|name| format!("{inside}/{name}")));
    }
    places
}

/// Whether `file` is the module `place`, or in it.
pub(crate) fn is_in_place(file: &str, place: &str) -> bool {
    is_within(file, place) || file.strip_suffix(".rs") == Some(place)
}

/// Whether `path` names something inside `library`, or imports it whole.
fn names_crate(path: &CodePath<'_>, library: &str) -> bool {
    let first = path.segments[0];
    let same = first == library || (library.ends_with('_') && first.starts_with(library));
    same && (path.imported || path.segments.len() > 1)
}

/// Whether `path` goes on after `name`, as in `File::open`.
fn qualifies(path: &CodePath<'_>, name: &str) -> bool {
    path.segments.split_last().is_some_and(|(_, before)| before.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many times `rule` is broken when `text` stands in `file`.
    fn count(rule: fn(&Tree) -> Vec<Violation>, file: &str, text: &str) -> usize {
        rule(&Tree::planted(&[(file, text)])).len()
    }

    #[test]
    fn a_library_outside_its_room_is_found() {
        let cases = [
            ("use memmap2::Mmap;", "engine/src/io/mmap.rs", "engine/src/io/atomic.rs"),
            (
                "simsimd::SpatialSimilarity::dot(a, b)",
                "engine/src/kernels/simd.rs",
                "engine/src/kernels/int8.rs",
            ),
            (
                "#[derive(rkyv::Archive)] struct A;",
                "storage-format/src/manifest.rs",
                "engine/src/wal/writer.rs",
            ),
            ("use rustix::{fs, io};", "engine/src/io/lock.rs", "engine/src/database.rs"),
            ("use tantivy as t;", "engine/src/text/writer.rs", "engine/src/query/plan.rs"),
            ("use tantivy;", "engine/src/text.rs", "engine/src/texts.rs"),
            ("let d: wgpu::Device;", "engine/src/kernels/gpu/device.rs", "engine/src/kernels/mod.rs"),
            ("rocksdb::DB::open(p)", "server/src/store/mod.rs", "server/src/state.rs"),
            ("use candle_core::Tensor;", "server/src/inference/bert.rs", "server/src/rag/ingest.rs"),
            ("use axum::Router;", "server/src/openai/chat.rs", "server/src/state.rs"),
            ("tonic::include_proto!(x)", "client/src/grpc.rs", "engine/src/lib.rs"),
            ("#[tokio::main] async fn main() {}", "server/src/main.rs", "engine/src/threads/mod.rs"),
            ("use criterion::Criterion;", "benches/benches/hnsw.rs", "datasets/src/lib.rs"),
            ("use hdf5_pure::File;", "datasets/src/read/hdf5/mod.rs", "datasets/src/read/mod.rs"),
            ("use simsimd::Dot;", "benches/benches/kernels.rs", "benches/benches/query_exact.rs"),
            (
                "use usearch::Index;",
                "benches/rivals/src/contestants/usearch.rs",
                "benches/rivals/src/measure.rs",
            ),
            (
                "use hnsw_rs::hnsw::Hnsw;",
                "benches/rivals/src/contestants/hnsw_rs.rs",
                "benches/benches/hnsw_search.rs",
            ),
        ];
        for (text, home, abroad) in cases {
            assert_eq!(count(homes, home, text), 0, "{text} in {home}");
            assert_eq!(count(homes, abroad, text), 1, "{text} in {abroad}");
        }
    }

    #[test]
    fn a_library_that_is_only_mentioned_is_at_peace() {
        let text = "//! memmap2::Mmap\nlet tantivy = \"tantivy::Index\"; crate::text::tantivy::x; f(axum);\n#[cfg(test)] mod tests { use memmap2::Mmap; }";
        assert_eq!(count(homes, "engine/src/database.rs", text), 0);
        assert_eq!(count(homes, "engine/tests/mapped.rs", "use memmap2::Mmap;"), 0);
    }

    #[test]
    fn files_threads_clocks_and_chance_out_of_place_are_found() {
        let cases = [
            ("use std::fs;", "engine/src/io/atomic.rs"),
            ("use std::{io, fs::File};", "engine/src/io.rs"),
            ("let f = File::open(p)?;", "engine/src/io/lock.rs"),
            ("io::OpenOptions::new()", "engine/src/io/lock.rs"),
            ("use std::fs::OpenOptions;", "engine/src/io/lock.rs"),
            ("std::thread::spawn(f);", "engine/src/threads/pool.rs"),
            ("use std::thread::{self, Builder};", "engine/src/threads/pool.rs"),
            ("thread::scope(|s| f(s))", "engine/src/threads/mod.rs"),
            ("let t = Instant::now();", "engine/src/threads/worker.rs"),
            ("clock.or_else(std::time::SystemTime::now)", "engine/src/io/lock.rs"),
            ("rand::rng()", "engine/src/threads/worker.rs"),
            ("use rand::Rng;", "engine/src/io/crash.rs"),
            ("let r = thread_rng();", "engine/src/io/crash.rs"),
        ];
        for (text, home) in cases {
            assert_eq!(count(bans, home, text), 0, "{text} in {home}");
            assert_eq!(count(bans, "engine/src/hnsw/build.rs", text), 1, "{text} in hnsw");
            assert_eq!(count(bans, "engine/tests/model.rs", text), 0, "{text} in a test");
            assert_eq!(count(bans, "server/src/state.rs", text), 0, "{text} in the server");
        }
        assert_eq!(count(bans, "storage-format/src/layout.rs", "use std::fs;"), 1);
    }

    #[test]
    fn names_that_only_look_alike_are_at_peace() {
        let text = "SegmentFile::Graph; File; operand::x; rand; thread::current(); let start: Instant = earlier; // std::fs::File::open";
        assert_eq!(count(bans, "engine/src/segment/sealed.rs", text), 0);
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_free() {
        let tree = Tree::planted(&[
            ("engine/src/wal/mod.rs", "#[cfg(test)] mod torn; mod reader;"),
            ("engine/src/wal/torn.rs", "use std::fs;"),
            ("engine/src/wal/reader.rs", "use std::fs;\n#[cfg(test)] mod tests;"),
            ("engine/src/wal/reader/tests.rs", "use std::fs;"),
        ]);
        let found = bans(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].file, "engine/src/wal/reader.rs");
    }

    #[test]
    fn unsafe_out_of_place_is_found() {
        let text = "// unsafe is fine here\n#[cfg(test)] mod t { fn f() {\nunsafe { g() } } }\n#[allow(unsafe_code)] const S: &str = \"unsafe\";";
        for free in [
            "engine/src/kernels/simd.rs",
            "engine/src/kernels.rs",
            "engine/src/io/mmap.rs",
            "benches/benches/x.rs",
            "benches/rivals/capi/src/abi.rs",
        ] {
            assert_eq!(count(unsafety, free, text), 0, "{free}");
        }
        for bound in [
            "engine/src/io/atomic.rs",
            "server/src/main.rs",
            "storage-format/src/header.rs",
            "docs/src/lib.rs",
            "benches/rivals/src/main.rs",
        ] {
            let found = unsafety(&Tree::planted(&[(bound, text)]));
            assert_eq!(found.len(), 1, "{bound}");
            assert_eq!(found[0].line, 3);
        }
    }
}
