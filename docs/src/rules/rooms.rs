//! The ladder inside the engine: a room imports only rooms below its own, and no chain of imports closes a circle.
//!
//! A room is a top-level module of `engine/src`, as one file or a folder. An import is any `crate::room` or
//! `super::…::room` outside items under `#[cfg(test)]`. `lib.rs` is the façade: it may name every room, and no room
//! may reach another through it, for that would hide the import from this rule.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::places::{is_in_place, test_only_files};
use crate::Violation;
use crate::source::{CodePath, Source, paths, without_tests};
use crate::tree::Tree;

/// The lines of the ladder, top to bottom. Rooms of one line do not import each other.
const LADDER: [&[&str]; 9] = [
    &["database"],
    &["collection"],
    &["optimizer", "query"],
    &["segment"],
    &["hnsw", "payload", "sparse"],
    &["scorer"],
    &["quantization", "filter"],
    &["vectors", "kernels", "wal", "text"],
    &["io", "threads", "point", "ids", "error"],
];

/// Rooms of plain values on the bottom line; the others there may import them, as long as no circle closes.
const PLAIN: [&str; 3] = ["point", "ids", "error"];

/// The folder of the rooms.
const ENGINE: &str = "engine/src";

/// One room naming another, and where it does so first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: String,
    to: String,
    file: String,
    line: usize,
}

/// Each import goes down the ladder.
pub fn ladder(tree: &Tree) -> Vec<Violation> {
    let rooms = rooms(tree);
    let mut found = Vec::new();
    for (file, _) in tree.rust_under(ENGINE) {
        if let Some(room) = room_of(file)
            && line_of(room).is_none()
            && !found.iter().any(|violation: &Violation| room_of(&violation.file) == Some(room))
        {
            found.push(Violation::new(
                file,
                1,
                format!("room `{room}` has no line on the ladder in docs/src/rules/rooms.rs"),
            ));
        }
    }
    for import in imports(tree) {
        let Import { from, to, file, line } = &import;
        if !rooms.contains(to.as_str()) {
            found.push(Violation::new(
                file,
                *line,
                format!(
                    "`{from}` names `crate::{to}`, which is no room: import it from the room that defines it"
                ),
            ));
        } else if !may_import(from, to) {
            found.push(Violation::new(
                file,
                *line,
                format!("`{from}` imports `{to}`, which is not below it on the ladder"),
            ));
        }
    }
    found
}

/// No chain of imports leads back to where it began.
pub fn circles(tree: &Tree) -> Vec<Violation> {
    let imports = imports(tree);
    let mut below: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in &imports {
        below.entry(&import.from).or_default().insert(&import.to);
    }
    let closing = imports.iter().filter_map(|import| Some((import, way(&below, &import.to, &import.from)?)));
    closing
        .map(|(import, way)| {
            let circle = [import.from.as_str()].into_iter().chain(way).collect::<Vec<_>>().join(" → ");
            Violation::new(&import.file, import.line, format!("no circles between rooms: {circle}"))
        })
        .collect()
}

/// The shortest chain of imports from `start` to `goal`, both included.
fn way<'a>(below: &BTreeMap<&'a str, BTreeSet<&'a str>>, start: &'a str, goal: &str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::from([start]);
    while let Some(way) = ways.pop_front() {
        let last = *way.last()?;
        if last == goal {
            return Some(way);
        }
        for &next in below.get(last).into_iter().flatten() {
            if seen.insert(next) {
                ways.push_back(way.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}

fn line_of(room: &str) -> Option<usize> {
    LADDER.iter().position(|line| line.contains(&room))
}

fn may_import(from: &str, to: &str) -> bool {
    match (line_of(from), line_of(to)) {
        (Some(from_line), Some(to_line)) => {
            from_line < to_line || (from_line == to_line && PLAIN.contains(&to))
        }
        _ => true, // A room without a line is reported by its own rule.
    }
}

/// The room that `file` belongs to; `lib.rs` belongs to none.
fn room_of(file: &str) -> Option<&str> {
    let name = file.strip_prefix(ENGINE)?.strip_prefix('/')?.split('/').next()?;
    Some(name.trim_end_matches(".rs")).filter(|name| *name != "lib")
}

fn rooms(tree: &Tree) -> BTreeSet<&str> {
    tree.rust_under(ENGINE).filter_map(|(file, _)| room_of(file)).collect()
}

/// Every import between two rooms, once for each file that makes it.
fn imports(tree: &Tree) -> Vec<Import> {
    let test_files = test_only_files(tree);
    let mut found: Vec<Import> = Vec::new();
    for (file, text) in tree.rust_under(ENGINE) {
        let Some(from) = room_of(file) else { continue };
        if test_files.iter().any(|place| is_in_place(file, place)) {
            continue;
        }
        let source = Source::scan(text);
        let (tokens, _) = without_tests(&source.tokens());
        for path in paths(&tokens) {
            let Some(to) = target(file, &path).filter(|to| *to != from) else { continue };
            let known = found.iter().any(|import| import.to == to && import.file == file);
            if !known {
                found.push(Import {
                    from: from.to_owned(),
                    to: to.to_owned(),
                    file: file.to_owned(),
                    line: path.line,
                });
            }
        }
    }
    found
}

/// What `path` names at the root of the crate, when it gets there. A macro at the root belongs to no room.
fn target<'a>(file: &str, path: &CodePath<'a>) -> Option<&'a str> {
    let steps = path.segments.strip_prefix(&["self"]).unwrap_or(&path.segments);
    let at_root = match *steps.first()? {
        "crate" => &steps[1..],
        "super" => {
            let ups = steps.iter().take_while(|step| **step == "super").count();
            if ups < depth(file) + path.inline_modules {
                return None;
            }
            &steps[ups..]
        }
        _ => return None,
    };
    match at_root {
        [_] if path.is_macro => None,
        [first, ..] => Some(first),
        [] => None,
    }
}

/// How many modules lie between the root of the crate and what stands in `file`, its own included.
fn depth(file: &str) -> usize {
    let inside = file.trim_start_matches(ENGINE).trim_end_matches(".rs").trim_end_matches("/mod");
    inside.split('/').filter(|step| !step.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An engine with every room, and `text` in `file`.
    fn engine(files: &[(&str, &str)]) -> Tree {
        let rooms: Vec<_> =
            LADDER.iter().copied().flatten().map(|room| format!("engine/src/{room}/mod.rs")).collect();
        let mut all: Vec<_> = rooms.iter().map(|path| (path.as_str(), "//! Empty.")).collect();
        all.extend_from_slice(files);
        Tree::planted(&all)
    }

    fn rules(violations: Vec<Violation>) -> Vec<String> {
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_import_upwards_is_found_however_it_is_written() {
        for text in [
            "//! x\nuse crate::collection::View;",
            "//! x\nuse crate::{ids::SeqNo, collection};",
            "//! x\nfn f(v: &crate::collection::View) {}",
            "//! x\nuse super::super::collection::View;",
            "//! x\nmod inner { use super::super::super::collection; }",
            "//! x\nmacro_rules! m { () => { $crate::collection::x() } }",
        ] {
            let found = rules(ladder(&engine(&[("engine/src/hnsw/search.rs", text)])));
            assert_eq!(
                found,
                [
                    "engine/src/hnsw/search.rs:2: `hnsw` imports `collection`, which is not below it on the ladder"
                ],
                "{text}"
            );
        }
    }

    #[test]
    fn an_import_along_a_line_is_found() {
        for (file, text) in [
            ("engine/src/hnsw/a.rs", "use crate::payload;"),
            ("engine/src/io/a.rs", "use crate::threads::Pool;"),
        ] {
            assert_eq!(ladder(&engine(&[(file, text)])).len(), 1, "{text}");
        }
    }

    #[test]
    fn imports_downwards_are_at_peace() {
        let tree = engine(&[
            ("engine/src/lib.rs", "use crate::database::Database; pub use collection::Collection;"),
            (
                "engine/src/segment/a.rs",
                "use crate::{hnsw, io, point, segment::b}; use super::b; use super::super::ids;",
            ),
            (
                "engine/src/hnsw/a.rs",
                "// crate::collection\nuse super::graph; fn f() { let s = \"crate::database\"; crate::tell!(s) }",
            ),
            (
                "engine/src/hnsw/b.rs",
                "#[cfg(test)] mod tests { use super::*; use crate::collection::View; }\n#[cfg(test)] mod big;",
            ),
            ("engine/src/hnsw/b/big.rs", "use crate::collection::View;"),
            ("engine/src/io/a.rs", "use crate::{error, ids, point};"),
            ("engine/src/point/a.rs", "use crate::{error, ids}; pub(crate) fn f() {}"),
        ]);
        assert_eq!(rules(ladder(&tree)), Vec::<String>::new());
        assert_eq!(rules(circles(&tree)), Vec::<String>::new());
    }

    #[test]
    fn a_way_round_through_the_facade_is_found() {
        for text in ["use crate::Collection;", "use crate::*;", "use super::super::Collection;"] {
            let found = rules(ladder(&engine(&[("engine/src/hnsw/a.rs", text)])));
            assert!(found.len() == 1 && found[0].contains("is no room"), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_room_that_the_ladder_does_not_know_is_found_once() {
        let found = rules(ladder(&engine(&[("engine/src/utils/a.rs", ""), ("engine/src/utils/b.rs", "")])));
        assert_eq!(
            found,
            ["engine/src/utils/a.rs:1: room `utils` has no line on the ladder in docs/src/rules/rooms.rs"]
        );
    }

    #[test]
    fn a_circle_is_found_where_the_ladder_allows_each_step() {
        let tree = engine(&[
            ("engine/src/ids.rs", "use crate::error::Error;"),
            ("engine/src/error.rs", "use crate::point::PointId;"),
            ("engine/src/point/id.rs", "\nuse crate::ids::SeqNo;"),
            ("engine/src/io/a.rs", "use crate::error::Error;"),
        ]);
        assert_eq!(rules(ladder(&tree)), Vec::<String>::new());
        assert_eq!(
            rules(circles(&tree)),
            [
                "engine/src/error.rs:1: no circles between rooms: error → point → ids → error",
                "engine/src/ids.rs:1: no circles between rooms: ids → error → point → ids",
                "engine/src/point/id.rs:2: no circles between rooms: point → ids → error → point",
            ]
        );
    }

    #[test]
    fn no_engine_breaks_no_rule() {
        let tree = Tree::planted(&[]);
        assert!(ladder(&tree).is_empty() && circles(&tree).is_empty());
    }
}
