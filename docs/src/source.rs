//! Rust without its comments and strings: here is the text of a file, give me the words that are code.
//!
//! Three steps, each of use alone. [`Source::scan`] blanks what is not code, line for line, so that every line
//! number stays true. [`Source::tokens`] splits the rest into words, `::` and single signs. [`paths`] joins words
//! into paths and unfolds `use a::{b, c}` into `a::b` and `a::c`.
//!
//! This is no parser: macros are read as they stand, names are not resolved, and `a::<T>::b` gives two paths.

/// A file in two layers: its code, and what its comments say.
#[derive(Debug)]
pub struct Source {
    code: String,
    comments: String,
}

/// One word or sign of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// A word, `::`, or one other character.
    pub text: &'a str,
    /// Its line, counted from 1.
    pub line: usize,
}

/// A path such as `std::fs::File`, or a single word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodePath<'a> {
    /// The words between the `::`; a glob ends in `*`.
    pub segments: Vec<&'a str>,
    /// The line of its last segment.
    pub line: usize,
    /// It follows `use` or `extern crate`.
    pub imported: bool,
    /// A `!` follows: it names a macro.
    pub is_macro: bool,
    /// How many `mod name { … }` stand around it in this file.
    pub inline_modules: usize,
}

impl CodePath<'_> {
    /// Whether `wanted` appears in it, in this order and without gaps.
    pub fn has(&self, wanted: &[&str]) -> bool {
        self.segments.windows(wanted.len()).any(|window| window == wanted)
    }
}

impl Source {
    /// Separates the code of `text` from its comments and blanks what its literals say.
    pub fn scan(text: &str) -> Self {
        let mut scanner = Scanner { rest: text, code: String::new(), comments: String::new() };
        while !scanner.rest.is_empty() {
            scanner.step();
        }
        Self { code: scanner.code, comments: scanner.comments }
    }

    /// The code, with spaces in place of comments and of what stands between quotes.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The comments, with spaces in place of everything else.
    pub fn comments(&self) -> &str {
        &self.comments
    }

    /// The words and signs of the code.
    pub fn tokens(&self) -> Vec<Token<'_>> {
        let mut tokens = Vec::new();
        for (index, line) in self.code.lines().enumerate() {
            let mut rest = line.trim_start();
            while let Some(first) = rest.chars().next() {
                let length = if is_word(first) {
                    rest.find(|c| !is_word(c)).unwrap_or(rest.len())
                } else if rest.starts_with("::") {
                    2
                } else {
                    first.len_utf8()
                };
                let (text, after) = rest.split_at(length);
                tokens.push(Token { text, line: index + 1 });
                rest = after.trim_start();
            }
        }
        tokens
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a character goes; every character goes somewhere, so that both layers keep the shape of the file.
#[derive(Clone, Copy)]
enum Layer {
    Code,
    Comment,
    Blank,
}

struct Scanner<'a> {
    rest: &'a str,
    code: String,
    comments: String,
}

impl Scanner<'_> {
    /// Takes one comment, literal, word or sign.
    fn step(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.take(rest.find('\n').unwrap_or(rest.len()), Layer::Comment);
        } else if rest.starts_with("/*") {
            self.take(block_comment_len(rest), Layer::Comment);
        } else if let Some(body) = rest.strip_prefix('"') {
            self.take_quoted(1, quoted_len(body, '"'), 1);
        } else if let Some(body) = rest.strip_prefix('\'') {
            match char_len(body) {
                Some(length) => self.take_quoted(1, length, 1),
                None => self.take(1, Layer::Code),
            }
        } else {
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let first = rest.chars().next().map_or(1, char::len_utf8);
            self.take(word.max(first), Layer::Code);
            self.take_raw_string(&rest[..word]);
        }
    }

    /// Takes `r"…"`, `br#"…"#` and their kin when `word` was the prefix of one.
    fn take_raw_string(&mut self, word: &str) {
        if !matches!(word, "r" | "br" | "cr") {
            return;
        }
        let hashes = self.rest.len() - self.rest.trim_start_matches('#').len();
        let Some(body) = self.rest[hashes..].strip_prefix('"') else { return };
        let close = format!("\"{}", "#".repeat(hashes));
        self.take_quoted(hashes + 1, body.find(&close).unwrap_or(body.len()), close.len());
    }

    /// Keeps the delimiters as code and blanks what they hold.
    fn take_quoted(&mut self, open: usize, body: usize, close: usize) {
        self.take(open, Layer::Code);
        self.take(body, Layer::Blank);
        self.take(close.min(self.rest.len()), Layer::Code);
    }

    fn take(&mut self, length: usize, layer: Layer) {
        let (taken, rest) = self.rest.split_at(length);
        for c in taken.chars() {
            let blank = if c == '\n' { '\n' } else { ' ' };
            self.code.push(if matches!(layer, Layer::Code) { c } else { blank });
            self.comments.push(if matches!(layer, Layer::Comment) { c } else { blank });
        }
        self.rest = rest;
    }
}

/// The length of the comment that opens `text`; block comments nest.
fn block_comment_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// How far it is to the closing `quote`, escapes minded.
fn quoted_len(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at,
            _ => {}
        }
    }
    body.len()
}

/// The length of a character literal after its first quote, or `None` for a lifetime or label.
fn char_len(body: &str) -> Option<usize> {
    let mut chars = body.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        return Some(quoted_len(body, '\''));
    }
    chars.next().filter(|(_, second)| *second == '\'').map(|(at, _)| at)
}

/// `tokens` without the items under `#[cfg(test)]`, and the names of the modules that live in files of their own
/// under that attribute.
pub fn without_tests<'a>(tokens: &[Token<'a>]) -> (Vec<Token<'a>>, Vec<&'a str>) {
    let mut kept = Vec::new();
    let mut test_files = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            let end = at + item_len(&tokens[at..]);
            let item = &tokens[at..end];
            if let [.., keyword, name, semicolon] = item
                && keyword.text == "mod"
                && semicolon.text == ";"
            {
                test_files.push(name.text);
            }
            at = end;
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    (kept, test_files)
}

fn starts_with(tokens: &[Token<'_>], wanted: &[&str]) -> bool {
    tokens.len() >= wanted.len() && tokens.iter().zip(wanted).all(|(token, text)| token.text == *text)
}

fn is_test_attribute(tokens: &[Token<'_>]) -> bool {
    starts_with(tokens, &["#", "[", "cfg", "(", "test", ")"])
        || starts_with(tokens, &["#", "[", "cfg", "(", "all", "(", "test", ","])
}

/// Words that open an item; what follows an attribute and none of these is a field, a variant or an arm.
const ITEM_WORDS: [&str; 15] = [
    "mod",
    "fn",
    "use",
    "const",
    "static",
    "struct",
    "enum",
    "union",
    "impl",
    "trait",
    "type",
    "unsafe",
    "async",
    "extern",
    "macro_rules",
];

/// The number of tokens from an attribute to the end of what it is on.
fn item_len(tokens: &[Token<'_>]) -> usize {
    let mut at = 0;
    while starts_with(&tokens[at..], &["#", "["]) {
        at += 1 + group_len(&tokens[at + 1..]);
    }
    if starts_with(&tokens[at..], &["pub"]) {
        at += 1;
        if starts_with(&tokens[at..], &["("]) {
            at += group_len(&tokens[at..]);
        }
    }
    let is_item = tokens.get(at).is_some_and(|token| ITEM_WORDS.contains(&token.text));
    while let Some(token) = tokens.get(at) {
        match token.text {
            "}" | ")" | "]" => return at,
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            "{" if is_item => return at + group_len(&tokens[at..]),
            "{" | "(" | "[" => at += group_len(&tokens[at..]),
            _ => at += 1,
        }
    }
    at
}

/// The number of tokens from an opening bracket to the one that closes it.
fn group_len(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// Every path and single word of `tokens`, in order.
pub fn paths<'a>(tokens: &[Token<'a>]) -> Vec<CodePath<'a>> {
    let mut reader = PathReader { tokens, at: 0, found: Vec::new(), imported: false, inline_modules: 0 };
    let mut depth = 0_usize;
    let mut module_depths = Vec::new();
    while let Some(token) = tokens.get(reader.at) {
        match token.text {
            "{" => {
                depth += 1;
                reader.at += 1;
            }
            "}" => {
                depth = depth.saturating_sub(1);
                module_depths.pop_if(|opened_at| *opened_at > depth);
                reader.at += 1;
            }
            "mod" if tokens.get(reader.at + 2).is_some_and(|token| token.text == "{") => {
                depth += 1;
                module_depths.push(depth);
                reader.at += 3;
            }
            text if text.starts_with(is_word) => {
                reader.imported = reader.at > 0 && matches!(tokens[reader.at - 1].text, "use" | "crate");
                reader.read(Vec::new());
            }
            _ => reader.at += 1,
        }
        reader.inline_modules = module_depths.len();
    }
    reader.found
}

struct PathReader<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
    found: Vec<CodePath<'a>>,
    imported: bool,
    inline_modules: usize,
}

impl<'a> PathReader<'_, 'a> {
    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    /// Reads one path from its first word on, `segments` being what a group around it gave it.
    fn read(&mut self, mut segments: Vec<&'a str>) {
        loop {
            segments.push(self.text(self.at));
            self.at += 1;
            let next = self.text(self.at + 1);
            if self.text(self.at) != "::" || !(next == "*" || next == "{" || next.starts_with(is_word)) {
                break;
            }
            self.at += 1;
            if next == "{" {
                return self.read_group(&segments);
            }
        }
        self.found.push(CodePath {
            line: self.tokens[self.at - 1].line,
            imported: self.imported,
            is_macro: self.text(self.at) == "!" && self.text(self.at + 1) != "=",
            inline_modules: self.inline_modules,
            segments,
        });
    }

    /// Reads `{a, b::{c, d}, e as f}`.
    fn read_group(&mut self, prefix: &[&'a str]) {
        self.at += 1;
        loop {
            match self.text(self.at) {
                "}" => break self.at += 1,
                "" => break,
                "as" => self.at += 2,
                text if text == "*" || text.starts_with(is_word) => self.read(prefix.to_vec()),
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        Source::scan(text).tokens().iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
    }

    fn path_list(text: &str) -> Vec<String> {
        let source = Source::scan(text);
        paths(&source.tokens()).iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn comments_are_not_code() {
        assert_eq!(words("a // unsafe\nb /* x /* unsafe */ y */ c /// doc"), "a b c");
        assert_eq!(words("/* never closed"), "");
    }

    #[test]
    fn strings_are_not_code() {
        assert_eq!(words(r#"f("unsafe \" // no", b"x", c"y") + 1"#), r#"f ( " " , b " " , c " " ) + 1"#);
        assert_eq!(
            words(r###"r"\" + r#"a " unsafe"# + br##"x"# unsafe"## ;"###),
            r###"r " " + r # " " # + br # # " " # # ;"###
        );
        assert_eq!(words("\"never closed"), "\"");
    }

    #[test]
    fn raw_names_and_words_that_end_in_r_are_no_strings() {
        assert_eq!(words("r#type; for x"), "r # type ; for x");
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(
            words(r"['a', '\'', '\u{7f}', '\\', '한', b'\n'] x"),
            "[ ' ' , ' ' , ' ' , ' ' , ' ' , b ' ' ] x"
        );
        assert_eq!(
            words("fn f<'a>(x: &'a str) {} 'out: loop {}"),
            "fn f < ' a > ( x : & ' a str ) { } ' out : loop { }"
        );
        assert_eq!(words(r#"['"', x, '"']"#), "[ ' ' , x , ' ' ]");
    }

    #[test]
    fn both_layers_keep_every_line() {
        let text = "//! 머리\nlet s = \"one\ntwo\"; /* a\nb */ end\n";
        let source = Source::scan(text);
        assert_eq!(source.code().lines().count(), text.lines().count());
        assert_eq!(source.comments().lines().count(), text.lines().count());
        assert_eq!(source.tokens().last(), Some(&Token { text: "end", line: 4 }));
        assert!(source.comments().starts_with("//! 머리\n"));
        assert!(!source.comments().contains("two"));
    }

    #[test]
    fn groups_are_unfolded() {
        assert_eq!(
            path_list("use std::{fs::{self, File as F}, io::*};\nx.y(z::W)"),
            ["use", "std::fs::self", "std::fs::File", "std::io::*", "x", "y", "z::W"]
        );
        assert_eq!(path_list("Vec::<u8>::new()"), ["Vec", "u8", "new"]);
        assert_eq!(path_list("use a::{"), ["use"]);
    }

    #[test]
    fn a_path_knows_its_line_its_use_and_its_modules() {
        let source = Source::scan("use\n a;\nmod b {\n c::d!();\n}\ne != f");
        let found = paths(&source.tokens());
        let a = &found[1];
        assert!((a.line, a.imported, a.inline_modules) == (2, true, 0), "{a:?}");
        let d = &found[2];
        assert!((d.line, d.is_macro, d.inline_modules) == (4, true, 1), "{d:?}");
        let e = &found[3];
        assert!((e.is_macro, e.inline_modules) == (false, 0), "{e:?}");
    }

    #[test]
    fn test_items_are_left_out() {
        let kept = |text: &str| {
            let source = Source::scan(text);
            let (tokens, files) = without_tests(&source.tokens());
            let words: Vec<_> = tokens.iter().map(|token| token.text).collect();
            (words.join(" "), files.join(" "))
        };
        assert_eq!(kept("a; #[cfg(test)] mod tests { fn x() { {} } } b"), ("a ; b".into(), String::new()));
        assert_eq!(kept("#[cfg(test)]\n#[path = \"t.rs\"]\npub(crate) mod t; b"), ("b".into(), "t".into()));
        assert_eq!(
            kept("#[cfg(all(test, unix))] fn f<A, B>(x: [u8; 2]) -> [u8; 2] { x } b"),
            ("b".into(), String::new())
        );
        assert_eq!(
            kept("struct S { #[cfg(test)] a: (u8, u8), b: u8 }"),
            ("struct S { b : u8 }".into(), String::new())
        );
        assert_eq!(
            kept("#[cfg(any(test, fuzzing))] mod x {}").0,
            "# [ cfg ( any ( test , fuzzing ) ) ] mod x { }"
        );
    }
}
