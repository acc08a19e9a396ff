//! The rules of the house, held against the real tree.
//!
//! What each rule says, and the tests which show that it bites, are in `docs/src/rules`.

use std::path::{Path, PathBuf};
use std::process::Command;

use nigh_docs::Violation;
use nigh_docs::rules::{crates, files, pages, places, rooms};
use nigh_docs::tree::Tree;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("docs lies in the repository").to_owned()
}

/// Fails with one line for each violation.
#[track_caller]
fn hold(violations: &[Violation]) {
    let list: String = violations.iter().map(|violation| format!("\n  {violation}")).collect();
    assert!(violations.is_empty(), "{} broken:{list}\n", violations.len());
}

/// Holds `rule` against the repository.
#[track_caller]
fn hold_in_tree(rule: fn(&Tree) -> Vec<Violation>) {
    let tree = Tree::read(&root()).expect("the repository can be read");
    assert!(tree.contains("docs/tests/tidy.rs"), "the tree was read from the wrong place");
    hold(&rule(&tree));
}

#[test]
fn each_rust_file_begins_with_a_header() {
    hold_in_tree(files::headers);
}

#[test]
fn no_source_file_is_overlong() {
    hold_in_tree(files::lengths);
}

#[test]
fn nothing_is_left_unfinished() {
    hold_in_tree(files::unfinished);
}

#[test]
fn the_top_level_is_bare() {
    hold_in_tree(files::top_level);
}

#[test]
fn rooms_import_only_rooms_below() {
    hold_in_tree(rooms::ladder);
}

#[test]
fn rooms_close_no_circle() {
    hold_in_tree(rooms::circles);
}

#[test]
fn crates_import_only_what_the_house_allows() {
    hold_in_tree(crates::imports);
}

#[test]
fn each_library_has_one_room() {
    hold_in_tree(places::homes);
}

#[test]
fn files_threads_clocks_and_chance_keep_to_their_rooms() {
    hold_in_tree(places::bans);
}

#[test]
fn unsafe_keeps_to_its_rooms() {
    hold_in_tree(places::unsafety);
}

#[test]
fn links_lead_somewhere() {
    hold_in_tree(pages::links);
}

#[test]
fn decisions_have_a_name_and_three_parts() {
    hold_in_tree(pages::decisions);
}

#[test]
fn the_engine_links_few_packages() {
    hold_in_tree(crates::engine_dependency_count);
}

/// Default features, normal and build dependencies, on the machine at hand. All of that was fetched to build this
/// test beside the engine, so no network is needed.
#[test]
fn the_engine_drags_in_no_stranger() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--frozen", "--package", "nigh", "--edges", "normal,build", "--prefix", "none"])
        .current_dir(root())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.starts_with("nigh v"), "expected the tree of the engine, got {printed}");
    hold(&crates::strangers(&printed));
}
