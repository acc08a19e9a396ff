//! What holds for each file by itself: its header, its length, nothing left half done; and what the top level holds.

use std::collections::BTreeSet;

use crate::Violation;
use crate::source::{Source, Token};
use crate::tree::{Tree, is_within};

/// What may lie beside the dotfiles at the top of the repository.
const TOP_LEVEL: [&str; 11] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "engine",
    "server",
    "client",
    "storage-format",
    "benches",
    "datasets",
    "docs",
];

/// Longer files hold two ideas. Most of the anchors' files have fewer than 250 lines, nine of ten fewer than 450.
const LINES_MAX: usize = 600;

/// Where [`LINES_MAX`] holds.
const SHORT_FILES: [&str; 3] = ["engine/src", "storage-format/src", "server/src"];

/// Each Rust file begins with a `//!` header.
pub fn headers(tree: &Tree) -> Vec<Violation> {
    tree.rust_under("")
        .filter(|(path, _)| !path.contains("/corpus/"))
        .filter(|(_, text)| !text.trim_start().starts_with("//!"))
        .map(|(path, _)| {
            Violation::new(path, 1, "begin the file with a `//!` header that says what goes in and comes out")
        })
        .collect()
}

/// No source file is longer than 600 lines.
pub fn lengths(tree: &Tree) -> Vec<Violation> {
    let sources = SHORT_FILES.iter().flat_map(|folder| tree.rust_under(folder));
    sources
        .filter(|(_, text)| text.lines().count() > LINES_MAX)
        .map(|(path, text)| {
            let got = text.lines().count();
            Violation::new(
                path,
                LINES_MAX + 1,
                format!("keep files to {LINES_MAX} lines, got {got}: cut where a second idea begins"),
            )
        })
        .collect()
}

/// The top level of the repository is bare.
pub fn top_level(tree: &Tree) -> Vec<Violation> {
    let names: BTreeSet<_> = tree.paths().filter_map(|path| path.split('/').next()).collect();
    names
        .into_iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name))
        .map(|name| {
            Violation::new(
                name,
                1,
                "the top level holds only the crates, the cargo files, README.md, LICENSE and dotfiles",
            )
        })
        .collect()
}

/// Nothing is committed half done: no unfinished-code macros, no reminders in comments, no test switched off.
pub fn unfinished(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.rust_under("") {
        let source = Source::scan(text);
        let tokens = source.tokens();
        for at in 0..tokens.len() {
            if let Some(what) = unfinished_code(&tokens[at..]) {
                found.push(Violation::new(
                    path,
                    tokens[at].line,
                    format!("finish it before it is committed: {what}"),
                ));
            }
        }
        found.extend(reminders(path, source.comments()));
    }
    let manifests = tree.ending_in(".toml");
    found.extend(
        manifests
            .filter(|(path, _)| !is_within(path, "datasets"))
            .flat_map(|(path, text)| reminders(path, text)),
    );
    found
}

fn unfinished_code(tokens: &[Token<'_>]) -> Option<String> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    match (text(0), text(1), text(2)) {
        (name @ ("todo" | "unimplemented" | "dbg"), "!", next) if next != "=" => Some(format!("`{name}!`")),
        ("#", "[", "ignore") => Some("`#[ignore]`".to_owned()),
        _ => None,
    }
}

fn reminders(path: &str, text: &str) -> Vec<Violation> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let word =
                line.split(|c: char| !c.is_alphanumeric()).find(|word| matches!(*word, "TODO" | "FIXME"))?;
            Some(Violation::new(path, index + 1, format!("finish it before it is committed: `{word}`")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(violations: &[Violation]) -> Vec<(&str, usize)> {
        violations.iter().map(|violation| (violation.file.as_str(), violation.line)).collect()
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        let tree = Tree::planted(&[
            ("engine/src/lib.rs", "//! Fine.\n"),
            ("engine/src/ids.rs", "// Not a header.\n"),
            ("engine/tests/empty.rs", ""),
            ("storage-format/fuzz/corpus/wal/x.rs", "bytes"),
        ]);
        assert_eq!(lines(&headers(&tree)), [("engine/src/ids.rs", 1), ("engine/tests/empty.rs", 1)]);
    }

    #[test]
    fn a_long_file_is_found() {
        let (fits, long) = ("\n".repeat(LINES_MAX), "\n".repeat(LINES_MAX + 1));
        let tree = Tree::planted(&[
            ("engine/src/a.rs", &fits),
            ("server/src/b.rs", &long),
            ("engine/tests/c.rs", &long),
        ]);
        assert_eq!(lines(&lengths(&tree)), [("server/src/b.rs", 601)]);
    }

    #[test]
    fn clutter_at_the_top_is_found() {
        let tree = Tree::planted(&[
            (".ci/run", ""),
            ("Cargo.toml", ""),
            ("engine/src/lib.rs", ""),
            ("scripts/x.sh", ""),
            ("Makefile", ""),
        ]);
        assert_eq!(lines(&top_level(&tree)), [("Makefile", 1), ("scripts", 1)]);
    }

    #[test]
    fn unfinished_work_is_found() {
        let text = "//! x\nfn a() { todo!() }\n// TODO later\nlet s = \"FIXME in a string\";\n#[ignore = \"slow\"]\nfn b() { dbg!(1); }\n\
                    /* FIXME(me): */ let todo = todos!() != unimplemented;\n";
        let tree = Tree::planted(&[("engine/src/lib.rs", text), ("Cargo.toml", "[x]\n# TODO: y\n")]);
        let mut found = unfinished(&tree);
        found.sort();
        assert_eq!(
            lines(&found),
            [
                ("Cargo.toml", 2),
                ("engine/src/lib.rs", 2),
                ("engine/src/lib.rs", 3),
                ("engine/src/lib.rs", 5),
                ("engine/src/lib.rs", 6),
                ("engine/src/lib.rs", 7),
            ]
        );
    }
}
