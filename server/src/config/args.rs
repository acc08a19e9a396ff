//! The flags of the command line that say something about the configuration.

use std::path::PathBuf;

use clap::Args;

use super::keys::{self, Key};
use super::settings::Sources;

/// Where the configuration comes from, and what is set over it.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// The configuration file [default: ./config/config.yaml, else /etc/nigh/config.yaml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config_path: Option<PathBuf>,
    /// Set any key, as in `--set limits.ef=512`; `nigh config print` lists them.
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Folder of the database.
    #[arg(long, value_name = "DIR")]
    pub storage_path: Option<String>,
    /// Folder of snapshots.
    #[arg(long, value_name = "DIR")]
    pub snapshots_path: Option<String>,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port of the REST API; 0: any free one.
    #[arg(long, value_name = "PORT")]
    pub http_port: Option<String>,
    /// Port of the gRPC API; 0: any free one; null: none.
    #[arg(long, value_name = "PORT")]
    pub grpc_port: Option<String>,
    /// Least serious message that is logged.
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Listen beyond this machine although no key is set.
    #[arg(long)]
    pub insecure: bool,
}

impl ConfigArgs {
    /// These flags over this process's environment.
    #[must_use]
    pub fn sources(&self) -> Sources {
        // A variable of ours that is not UTF-8 fits no key's kind, and is reported.
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Sources {
            config_path: self.config_path.clone(),
            environment: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
            flags: self.flags(),
        }
    }

    /// What the flags set. A flag of its own wins over `--set`.
    fn flags(&self) -> Vec<(String, String, String)> {
        let mut flags: Vec<_> =
            self.set.iter().map(|(path, text)| (path.clone(), text.clone(), "--set".to_owned())).collect();
        let insecure = self.insecure.then(|| "true".to_owned());
        let named: [(Key, &str, &Option<String>); 7] = [
            (keys::STORAGE_PATH, "--storage-path", &self.storage_path),
            (keys::SNAPSHOTS_PATH, "--snapshots-path", &self.snapshots_path),
            (keys::HOST, "--host", &self.host),
            (keys::HTTP_PORT, "--http-port", &self.http_port),
            (keys::GRPC_PORT, "--grpc-port", &self.grpc_port),
            (keys::LOG_LEVEL, "--log-level", &self.log_level),
            (keys::INSECURE, "--insecure", &insecure),
        ];
        for (key, flag, text) in named {
            flags.extend(text.clone().map(|text| (key.path.to_owned(), text, flag.to_owned())));
        }
        flags
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (path, value) = text.split_once('=').ok_or_else(|| format!("expected KEY=VALUE, got {text:?}"))?;
    Ok((path.trim().to_owned(), value.to_owned()))
}
