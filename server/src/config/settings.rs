//! All settings with their origins: layers of texts go in, one checked value for each key comes out, or every problem at once.
//!
//! Layers, each over the one before: built-in, file, `QDRANT__…` where asked for, `NIGH__…`, flags. A key that nobody knows is a
//! problem, never ignored; only of Qdrant's environment the unknown part is passed over, since it was not written for us.
//! A secret may lie in a file of its own, named by `<key>_file` in any layer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keys::{self, Key};
use super::value::{Origin, Value};
use super::yaml;

/// Where a configuration is looked for when none is named.
pub const SEARCHED: [&str; 2] = ["./config/config.yaml", "/etc/nigh/config.yaml"];

/// A configuration file is a page, not a data set.
const FILE_BYTES_MAX: u64 = 1 << 20;
const PREFIX: &str = "NIGH__";
const QDRANT_PREFIX: &str = "QDRANT__";
const FILE_SUFFIX: &str = "_file";

/// What is said outside the program.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that was named; none: the first of [`SEARCHED`] that exists.
    pub config_path: Option<PathBuf>,
    /// The environment; variables of others are passed over.
    pub environment: Vec<(String, String)>,
    /// Path of a key, text and flag, in order.
    pub flags: Vec<(String, String, String)>,
}

/// Something that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Who said it; none for what follows from several keys.
    pub origin: Option<Origin>,
    /// The key, as it was named.
    pub path: String,
    /// What was expected, and what was found.
    pub what: String,
}

/// Why there is no configuration.
#[derive(Debug)]
pub enum LoadError {
    /// A file that was named cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was said is wrong; at least one.
    Problems(Vec<Problem>),
}

/// A value for each key.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, (Value, Origin)>,
    file: Option<PathBuf>,
}

/// One text for one path.
#[derive(Debug)]
struct Given {
    path: String,
    text: String,
    origin: Origin,
}

/// Asks for a file's text; `None`: there is no such file.
pub(super) type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Option<String>>;

impl Settings {
    /// Reads files, and puts the layers on each other.
    ///
    /// # Errors
    /// A file that was named cannot be read, or something in it is wrong.
    pub fn load(sources: &Sources) -> Result<Self, LoadError> {
        Self::load_with(sources, &read_file)
    }

    pub(super) fn load_with(sources: &Sources, read: ReadFile<'_>) -> Result<Self, LoadError> {
        let mut merge = Merge { settings: Self::built_in(), problems: Vec::new(), read };
        let (file, in_file) = merge.file(sources.config_path.as_deref())?;
        merge.settings.file = file;
        let environment = environment(&sources.environment, PREFIX);
        let flags: Vec<_> = sources.flags.iter().map(Given::flag).collect();

        let asks_for_qdrant = |given: &&Given| given.path == keys::QDRANT_ENV.path;
        let asked = in_file.iter().chain(&environment).chain(&flags).rfind(asks_for_qdrant);
        let qdrant = if asked.is_some_and(|given| given.text.eq_ignore_ascii_case("true")) {
            let mut known = environment_of_qdrant(&sources.environment);
            known.retain(|given| known_path(&given.path).is_some());
            known
        } else {
            Vec::new()
        };
        for layer in [in_file, qdrant, environment, flags] {
            merge.layer(layer)?;
        }
        if merge.problems.is_empty() { Ok(merge.settings) } else { Err(LoadError::Problems(merge.problems)) }
    }

    /// What holds when nobody says anything.
    #[must_use]
    pub fn built_in() -> Self {
        let values = keys::KEYS.iter().map(|key| {
            // That each of them fits is what a test in keys.rs says.
            (key.path, (key.kind.parse(key.built_in).unwrap_or(Value::Unset), Origin::BuiltIn))
        });
        Self { values: values.collect(), file: None }
    }

    /// The file that was read.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// A key's value.
    #[must_use]
    pub fn value(&self, key: &Key) -> &Value {
        self.values.get(key.path).map_or(&Value::Unset, |(value, _)| value)
    }

    /// Who said so.
    #[must_use]
    pub fn origin(&self, key: &Key) -> &Origin {
        self.values.get(key.path).map_or(&Origin::BuiltIn, |(_, origin)| origin)
    }

    /// A flag; false when it is not set.
    pub(super) fn flag(&self, key: &Key) -> bool {
        *self.value(key) == Value::Flag(true)
    }

    /// A number, if set.
    pub(super) fn number(&self, key: &Key) -> Option<u64> {
        match self.value(key) {
            Value::Number(number) => Some(*number),
            Value::Unset | Value::Flag(_) | Value::Text(_) => None,
        }
    }

    /// A text, if set.
    pub(super) fn text(&self, key: &Key) -> Option<&str> {
        match self.value(key) {
            Value::Text(text) => Some(text),
            Value::Unset | Value::Flag(_) | Value::Number(_) => None,
        }
    }

    /// Keys whose values differ from those of `other`.
    pub fn changed<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static Key> + 'a {
        keys::KEYS.iter().filter(move |key| self.value(key) != other.value(key))
    }
}

/// Layers on their way to settings.
struct Merge<'a> {
    settings: Settings,
    problems: Vec<Problem>,
    read: ReadFile<'a>,
}

impl Merge<'_> {
    /// The file's name and what it says.
    fn file(&mut self, named: Option<&Path>) -> Result<(Option<PathBuf>, Vec<Given>), LoadError> {
        let unreadable = |path: &Path, source| LoadError::Unreadable { path: path.to_owned(), source };
        let found = if let Some(path) = named {
            let text = (self.read)(path).map_err(|e| unreadable(path, e))?;
            Some((path, text.ok_or_else(|| unreadable(path, io::ErrorKind::NotFound.into()))?))
        } else {
            let mut found = None;
            for path in SEARCHED.map(Path::new) {
                if let Some(text) = (self.read)(path).map_err(|e| unreadable(path, e))? {
                    found = Some((path, text));
                    break;
                }
            }
            found
        };
        let Some((path, text)) = found else { return Ok((None, Vec::new())) };
        let shared: Arc<Path> = path.into();
        let origin = |line| Origin::File { path: Arc::clone(&shared), line };
        let given = match yaml::parse(&text) {
            Ok(entries) => {
                let given = |entry: yaml::Entry| Given {
                    path: entry.path,
                    text: entry.text,
                    origin: origin(entry.line),
                };
                entries.into_iter().map(given).collect()
            }
            Err(flaw) => {
                let origin = Some(origin(flaw.line));
                self.problems.push(Problem { origin, path: String::new(), what: flaw.what });
                Vec::new()
            }
        };
        Ok((Some(path.to_owned()), given))
    }

    fn layer(&mut self, layer: Vec<Given>) -> Result<(), LoadError> {
        let mut set = BTreeSet::new();
        for given in layer {
            let Some((key, in_file)) = known_path(&given.path) else {
                self.unknown(given);
                continue;
            };
            // A flag may be said again; a key and its file in one layer contradict each other.
            if !set.insert((key.path, in_file)) && !matches!(given.origin, Origin::Flag(_))
                || set.contains(&(key.path, !in_file))
            {
                let what = format!("{} is given twice", key.path);
                self.problems.push(Problem { origin: Some(given.origin), path: given.path, what });
                continue;
            }
            let (text, origin) = if in_file { self.secret(&given)? } else { (given.text, given.origin) };
            match key.kind.parse(&text) {
                Ok(value) => {
                    self.settings.values.insert(key.path, (value, origin));
                }
                Err(expected) => {
                    let got = if key.secret { "something else".to_owned() } else { format!("{text:?}") };
                    let what = format!("expected {expected}, got {got}");
                    self.problems.push(Problem { origin: Some(origin), path: given.path, what });
                }
            }
        }
        Ok(())
    }

    fn unknown(&mut self, given: Given) {
        // A section whose lines are all comments says nothing.
        if keys::is_section(&given.path) {
            if !given.text.is_empty() {
                let what = format!("expected a section, got {:?}", given.text);
                self.problems.push(Problem { origin: Some(given.origin), path: given.path, what });
            }
            return;
        }
        let what = match keys::nearest(&given.path) {
            Some(nearest) => format!("unknown key; did you mean {nearest}?"),
            None => "unknown key; `nigh config print` shows those that there are".to_owned(),
        };
        self.problems.push(Problem { origin: Some(given.origin), path: given.path, what });
    }

    /// The text of a secret's file, without the line's end.
    fn secret(&self, given: &Given) -> Result<(String, Origin), LoadError> {
        if given.text.is_empty() {
            return Ok((String::new(), given.origin.clone()));
        }
        let path = PathBuf::from(&given.text);
        let text = (self.read)(&path).and_then(|text| text.ok_or_else(|| io::ErrorKind::NotFound.into()));
        match text {
            Ok(text) => {
                let text = text.trim_end_matches(['\r', '\n']).to_owned();
                Ok((text, Origin::SecretFile { path, named_by: Box::new(given.origin.clone()) }))
            }
            Err(source) => Err(LoadError::Unreadable { path, source }),
        }
    }
}

impl Given {
    fn flag((path, text, flag): &(String, String, String)) -> Self {
        // `--set key=null` unsets, as in the file.
        let text = if text == "null" { String::new() } else { text.clone() };
        Self { path: path.clone(), text, origin: Origin::Flag(flag.clone()) }
    }
}

/// The key of a path, and whether the path names a file with its value.
fn known_path(path: &str) -> Option<(&'static Key, bool)> {
    if let Some(key) = keys::find(path) {
        return Some((key, false));
    }
    let key = keys::find(path.strip_suffix(FILE_SUFFIX)?)?;
    key.secret.then_some((key, true))
}

/// Variables that begin so: `PREFIX__SECTION__KEY` is `section.key`.
fn environment(variables: &[(String, String)], prefix: &str) -> Vec<Given> {
    let given = variables.iter().filter_map(|(name, text)| {
        let path = name.strip_prefix(prefix)?.to_ascii_lowercase().replace("__", ".");
        let text = if text == "null" { String::new() } else { text.clone() };
        Some(Given { path, text, origin: Origin::Environment(name.clone()) })
    });
    given.collect()
}

fn environment_of_qdrant(variables: &[(String, String)]) -> Vec<Given> {
    environment(variables, QDRANT_PREFIX)
}

fn read_file(path: &Path) -> io::Result<Option<String>> {
    let file = match std::fs::metadata(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    if file.len() > FILE_BYTES_MAX {
        let what = format!("expected at most {FILE_BYTES_MAX} bytes, got {}", file.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    std::fs::read_to_string(path).map(Some)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Problems(problems) => {
                for (i, problem) in problems.iter().enumerate() {
                    write!(f, "{}{problem}", if i == 0 { "" } else { "\n" })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source),
            Self::Problems(_) => None,
        }
    }
}
