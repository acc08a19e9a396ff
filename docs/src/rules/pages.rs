//! What holds for the written pages: links lead somewhere, decisions have their three parts.
//!
//! Markdown is read line by line: fenced and quoted code is left out, and links are `[text](target)` or
//! `[name]: target`. Links to other sites are not followed: tests need no network.

use std::collections::BTreeMap;

use crate::Violation;
use crate::tree::Tree;

/// Where decisions are kept.
const DECISIONS: &str = "docs/adr/";

/// What each decision tells.
const PARTS: [&str; 3] = ["Context", "Choice", "Cost"];

/// Each relative link points to a file or folder of the repository.
pub fn links(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.ending_in(".md") {
        for (line, prose) in prose(text) {
            for link in links_in(&prose) {
                let target = link.split(['#', '?']).next().unwrap_or(link);
                let leads_out = target.contains(':') || target.starts_with("//");
                if target.is_empty() || leads_out {
                    continue;
                }
                if resolve(path, target).is_none_or(|file| !tree.contains(&file)) {
                    found.push(Violation::new(path, line, format!("the link `{link}` leads nowhere")));
                }
            }
        }
    }
    found
}

/// A decision is named `NNNN-title.md`, its number is used once, and it tells context, choice and cost.
pub fn decisions(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for path in tree.paths().filter(|path| path.starts_with(DECISIONS)) {
        match number(&path[DECISIONS.len()..]) {
            None => found.push(Violation::new(
                path,
                1,
                "name a decision `NNNN-title.md`, in lower case with hyphens",
            )),
            Some(number) => {
                if let Some(first) = numbers.insert(number, path) {
                    found.push(Violation::new(path, 1, format!("the number {number} is taken by {first}")));
                }
            }
        }
    }
    for (path, text) in tree.ending_in(".md").filter(|(path, _)| path.starts_with(DECISIONS)) {
        let headings: Vec<_> = prose(text).filter_map(|(_, line)| heading(&line)).collect();
        let missing = PARTS.iter().filter(|part| !headings.iter().any(|heading| heading == *part));
        found.extend(
            missing.map(|part| Violation::new(path, 1, format!("a decision has the heading `{part}`"))),
        );
    }
    found
}

/// The number of a decision, when its file is named as it should be.
fn number(name: &str) -> Option<&str> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let good_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let good_title =
        !title.is_empty() && title.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    (good_number && good_title).then_some(number)
}

fn heading(line: &str) -> Option<String> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len() && text.starts_with(' ')).then(|| text.trim().to_owned())
}

/// The lines outside fences, with their numbers, and without what stands in backquotes.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => {
                return Some((index + 1, line.split('`').step_by(2).collect::<Vec<_>>().join("` `")));
            }
        }
        None
    })
}

/// The targets of the links in one line.
fn links_in(line: &str) -> Vec<&str> {
    let mut targets: Vec<_> = line.split("](").skip(1).filter_map(|after| inline_target(after)).collect();
    if let Some((name, target)) = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "))
        && !name.starts_with('^')
    {
        targets.extend(target.split_whitespace().next());
    }
    targets.into_iter().map(|target| target.trim_start_matches('<').trim_end_matches('>')).collect()
}

/// What stands before the closing bracket, without a title.
fn inline_target(after: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let end = after.find(|c| {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return true,
            ')' => depth -= 1,
            _ => {}
        }
        false
    })?;
    after[..end].split_whitespace().next()
}

/// The path that `target` means on the page `from`, or `None` when it leaves the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut steps: Vec<&str> =
        if target.starts_with('/') { Vec::new() } else { from.split('/').rev().skip(1).collect() };
    if !target.starts_with('/') {
        steps.reverse();
    }
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            name => steps.push(name),
        }
    }
    Some(steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(page: &str) -> Vec<usize> {
        let tree = Tree::planted(&[("docs/api.md", page), ("docs/adr/0001-a.md", ""), ("README.md", "")]);
        links(&tree).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn dead_links_are_found() {
        assert_eq!(dead("# x\n[a](missing.md)\n"), [2]);
        assert_eq!(dead("[a](adr/0001-a.md) and ![b](picture.png)"), [1]);
        assert_eq!(dead("[a](../../outside.md)"), [1]);
        assert_eq!(dead("see [a]\n\n[a]: gone.md \"title\"\n"), [3]);
        assert_eq!(dead("[a](/docs/none.md)\n[b](<none two.md>)"), [1, 2]);
    }

    #[test]
    fn live_links_and_links_to_other_sites_are_at_peace() {
        let page = "[a](adr/0001-a.md#choice) [b](../README.md \"title\") [c](/README.md) [d](adr/) [e](#here) [f](./api.md)\n\
                    [g](https://example.org/x) [h](mailto:a@example.org) `[i](none.md)` x](\n[j]: ../README.md\n[^1]: none.md\n\
                    ```text\n[k](none.md)\n```\n[l](..)\n";
        assert_eq!(dead(page), [0; 0]);
    }

    #[test]
    fn a_decision_without_its_parts_is_found() {
        let whole = "# Title\n\n## Context\n\n## Choice\n\n## Cost\n";
        let part = "# Title\n\n## Context\n```text\n## Choice\n```\n### Costs\n";
        let tree = Tree::planted(&[("docs/adr/0001-a-title.md", whole), ("docs/adr/0002-b.md", part)]);
        let found: Vec<_> = decisions(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/adr/0002-b.md:1: a decision has the heading `Choice`",
                "docs/adr/0002-b.md:1: a decision has the heading `Cost`"
            ]
        );
    }

    #[test]
    fn a_badly_named_decision_is_found() {
        let whole = "## Context\n## Choice\n## Cost\n";
        let names = [
            "docs/adr/1-a.md",
            "docs/adr/0001_a.md",
            "docs/adr/0001-A.md",
            "docs/adr/0001-.md",
            "docs/adr/0001-a.txt",
        ];
        for name in names {
            assert_eq!(decisions(&Tree::planted(&[(name, whole)])).len(), 1, "{name}");
        }
        let twins = Tree::planted(&[("docs/adr/0001-a.md", whole), ("docs/adr/0001-b.md", whole)]);
        assert_eq!(decisions(&twins).len(), 1);
    }
}
