//! Settings as a page: a value for each key goes in, YAML with each origin as a comment comes out. Secrets are masked.

use std::io::{self, Write};

use super::keys::KEYS;
use super::settings::Settings;
use super::value::Value;

/// What stands for a secret that is set, whatever its length.
const MASK: &str = "\"********\"";

/// Writes all settings. The page is a configuration file again, but for the secrets.
///
/// # Errors
/// `out` refuses.
pub fn print(settings: &Settings, out: &mut impl Write) -> io::Result<()> {
    match settings.file() {
        Some(path) => writeln!(out, "# file: {}", path.display())?,
        None => writeln!(out, "# file: none")?,
    }
    let mut open = "";
    for key in KEYS {
        let (section, name) = key.path.split_once('.').unwrap_or(("", key.path));
        if section != open {
            writeln!(out, "{section}:")?;
            open = section;
        }
        let value = match settings.value(&key) {
            Value::Unset => "null".to_owned(),
            _ if key.secret => MASK.to_owned(),
            value => value.to_string(),
        };
        let indent = if section.is_empty() { "" } else { "  " };
        writeln!(out, "{indent}{name}: {value}  # {}", settings.origin(&key))?;
    }
    Ok(())
}
