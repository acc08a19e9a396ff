//! Layers, origins and contradictions, without a file system.

use std::collections::HashMap;
use std::path::Path;

use super::settings::LoadError;
use super::*;

/// Files, environment and flags of one case.
#[derive(Default)]
struct Case {
    files: HashMap<&'static str, &'static str>,
    sources: Sources,
}

impl Case {
    fn file(mut self, path: &'static str, text: &'static str) -> Self {
        self.files.insert(path, text);
        self
    }

    fn yaml(self, text: &'static str) -> Self {
        self.file(SEARCHED[0], text)
    }

    fn env(mut self, name: &str, text: &str) -> Self {
        self.sources.environment.push((name.to_owned(), text.to_owned()));
        self
    }

    fn flag(mut self, path: &str, text: &str) -> Self {
        self.sources.flags.push((path.to_owned(), text.to_owned(), "--set".to_owned()));
        self
    }

    fn settings(&self) -> Result<Settings, LoadError> {
        Settings::load_with(&self.sources, &|path: &Path| {
            Ok(path.to_str().and_then(|path| self.files.get(path)).map(|text| (*text).to_owned()))
        })
    }

    fn load(&self) -> Result<Config, LoadError> {
        Config::new(&self.settings()?).map_err(LoadError::Problems)
    }

    #[track_caller]
    fn refuse(&self, expected: &[&str]) {
        let error = self.load().expect_err("a problem").to_string();
        assert_eq!(error.lines().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn built_in_values_make_a_configuration() {
    let config = Case::default().load().expect("the built-in values");
    assert_eq!(config.listen.host, IpAddr::from([127, 0, 0, 1]));
    assert_eq!((config.listen.http_port, config.listen.grpc_port), (6333, Some(6334)));
    assert_eq!(config.live.limits.body_bytes, 32 << 20);
    assert_eq!(config.live.limits.timeout, Duration::from_secs(60));
    assert_eq!(config.pools.search, Pool { threads: 0, queue: 512 });
    assert!(config.live.credentials.is_empty());
    assert_eq!((config.live.rates, config.live.tls), (None, None));
}

#[test]
fn later_layers_win_and_leave_their_name() {
    let case = Case::default()
        .yaml("service:\n  http_port: 1\n  grpc_port: 1\n  title: file\nlog_level: WARN\n")
        .env("NIGH__SERVICE__HTTP_PORT", "2")
        .env("NIGH__SERVICE__GRPC_PORT", "2")
        .env("OTHER", "x")
        .flag("service.http_port", "3");
    let settings = case.settings().expect("good layers");
    let origin = |key: &Key| settings.origin(key).to_string();
    assert_eq!(origin(&keys::HTTP_PORT), "--set");
    assert_eq!(origin(&keys::GRPC_PORT), "NIGH__SERVICE__GRPC_PORT");
    assert_eq!(origin(&keys::TITLE), "./config/config.yaml:4");
    assert_eq!(origin(&keys::APP_NAME), "built-in");
    let config = Config::new(&settings).expect("good settings");
    assert_eq!((config.listen.http_port, config.listen.grpc_port), (3, Some(2)));
    assert_eq!((config.names.title.as_str(), config.live.log_level), ("file", LogLevel::Warn));
}

#[test]
fn the_first_file_that_exists_is_read_and_a_named_one_must_exist() {
    let second = Case::default().file(SEARCHED[1], "service: {title: second}\n");
    assert_eq!(second.load().expect("the second file").names.title, "second");
    let both = second.yaml("service: {title: first}\n");
    assert_eq!(both.load().expect("the first file").names.title, "first");
    let mut named = both.file("own.yaml", "service: {title: own}\n");
    named.sources.config_path = Some("own.yaml".into());
    assert_eq!(named.load().expect("the named file").names.title, "own");
    named.sources.config_path = Some("missing.yaml".into());
    assert!(
        matches!(named.load(), Err(LoadError::Unreadable { path, .. }) if path == Path::new("missing.yaml"))
    );
}

#[test]
fn all_problems_are_told_at_once_with_place_and_nearest_key() {
    Case::default()
        .yaml("service:\n  htp_port: 1\n  http_port: x\n  api_key:\n    deep: 1\nstorage: 3\nlimits:\nwhat: 1\n")
        .env("NIGH__LIMITS__EFF", "1")
        .flag("log_level", "loud")
        .refuse(&[
            "./config/config.yaml:2: service.htp_port: unknown key; did you mean service.http_port?",
            "./config/config.yaml:3: service.http_port: expected a whole number from 0 to 65535, got \"x\"",
            "./config/config.yaml:5: service.api_key.deep: unknown key; `nigh config print` shows those that there are",
            "./config/config.yaml:6: storage: expected a section, got \"3\"",
            "./config/config.yaml:8: what: unknown key; `nigh config print` shows those that there are",
            "NIGH__LIMITS__EFF: limits.eff: unknown key; did you mean limits.ef?",
            "--set: log_level: expected one of off, error, warn, info, debug, trace, got \"loud\"",
        ]);
    Case::default()
        .yaml("a: [1]\n")
        .refuse(&["./config/config.yaml:1: a: expected a value or a section, got a list"]);
}

#[test]
fn secrets_may_lie_in_files_of_their_own() {
    let case = Case::default()
        .file("/run/key", "s3cret\n")
        .yaml("service:\n  api_key: other\n")
        .env("NIGH__SERVICE__API_KEY_FILE", "/run/key");
    let settings = case.settings().expect("a secret");
    assert_eq!(settings.text(&keys::API_KEY), Some("s3cret"));
    assert_eq!(
        settings.origin(&keys::API_KEY).to_string(),
        "/run/key (named by NIGH__SERVICE__API_KEY_FILE)"
    );
    case.env("NIGH__SERVICE__API_KEY", "x")
        .refuse(&["NIGH__SERVICE__API_KEY: service.api_key: service.api_key is given twice"]);
    let missing = Case::default().flag("service.api_key_file", "/run/none").load();
    assert!(matches!(missing, Err(LoadError::Unreadable { path, .. }) if path == Path::new("/run/none")));
    // Only secrets have such files.
    Case::default()
        .flag("service.host_file", "x")
        .refuse(&["--set: service.host_file: unknown key; did you mean service.host?"]);
}

#[test]
fn printed_settings_show_origins_and_no_secrets() {
    let case = Case::default().yaml("service:\n  api_key: s3cret\n  title: it's \"me\"\n");
    let settings = case.settings().expect("good settings");
    let mut page = Vec::new();
    print(&settings, &mut page).expect("memory");
    let page = String::from_utf8(page).expect("text");
    assert!(!page.contains("s3cret"));
    assert!(page.contains("  api_key: \"********\"  # ./config/config.yaml:2\n"), "{page}");
    assert!(page.contains("  read_only_api_key: null  # built-in\n"), "{page}");
    assert!(page.contains("  title: \"it's \\\"me\\\"\"  # ./config/config.yaml:3\n"), "{page}");
    // The page can be read again.
    let again = Case::default().yaml(page.leak()).settings().expect("the page");
    let changed: Vec<_> = again.changed(&settings).map(|key| key.path).collect();
    assert_eq!(changed, ["service.api_key"]);
    assert!(!format!("{:?}", Config::new(&settings)).contains("s3cret"));
}

#[test]
fn only_a_key_or_insecure_opens_the_server_to_others() {
    let host = |case: &Case| case.load().map(|config| config.listen.host.to_string());
    let with_key = Case::default().flag("service.read_only_api_key", "k");
    assert_eq!(host(&with_key).expect("a key"), "0.0.0.0");
    assert_eq!(host(&Case::default().flag("service.insecure", "true")).expect("insecure"), "0.0.0.0");
    assert_eq!(host(&Case::default().flag("service.api_key", "")).expect("an empty key"), "127.0.0.1");
    assert_eq!(host(&Case::default().flag("service.host", "localhost")).expect("loopback"), "127.0.0.1");
    assert_eq!(host(&Case::default().flag("service.host", "[::1]")).expect("loopback"), "::1");
    assert_eq!(host(&with_key.flag("service.host", "10.1.2.3")).expect("a key"), "10.1.2.3");
    Case::default().flag("service.host", "0.0.0.0").refuse(&[
        "--set: service.host: 0.0.0.0 can be reached from other machines, and no key is set: set service.api_key, listen on 127.0.0.1, or say --insecure",
    ]);
    Case::default()
        .flag("service.host", "db.example")
        .refuse(&["--set: service.host: expected an IP address or localhost, got \"db.example\""]);
}

#[test]
fn contradictions_are_told() {
    Case::default()
        .flag("service.jwt_rbac", "true")
        .refuse(&["--set: service.jwt_rbac: tokens are signed with service.api_key, which is not set"]);
    Case::default().flag("service.api_key", "k").flag("service.read_only_api_key", "k").refuse(&[
        "--set: service.read_only_api_key: expected another key than the one that may do everything",
    ]);
    Case::default().flag("service.verify_https_client_certificate", "true").refuse(&[
        "--set: service.verify_https_client_certificate: expected service.enable_tls to be true as well",
    ]);
    Case::default()
        .flag("service.enable_tls", "true")
        .flag("tls.key", "null")
        .refuse(&["--set: tls.key: service.enable_tls needs it"]);
    Case::default()
        .flag("service.grpc_port", "6333")
        .refuse(&["--set: service.grpc_port: expected another port than service.http_port"]);
    Case::default()
        .flag("limits.request_timeout_s", "601")
        .refuse(&["--set: limits.request_timeout_s: expected no more than limits.request_timeout_max_s"]);
    Case::default().flag("limits.ef", "null").refuse(&["--set: limits.ef: expected a number, got null"]);
    Case::default()
        .flag("service.metrics_prefix", "a b")
        .refuse(&["--set: service.metrics_prefix: expected letters, digits and _, not a digit first"]);
}

#[test]
fn qdrants_environment_is_read_when_asked_for() {
    let case = Case::default()
        .env("QDRANT__SERVICE__HTTP_PORT", "1")
        .env("QDRANT__SERVICE__GRPC_PORT", "1")
        .env("QDRANT__STORAGE__WAL__WAL_CAPACITY_MB", "1")
        .env("NIGH__SERVICE__GRPC_PORT", "2");
    assert_eq!(case.load().expect("not asked for").listen.http_port, 6333);
    let config = case.env("NIGH__COMPAT__QDRANT_ENV", "true").load().expect("asked for");
    assert_eq!((config.listen.http_port, config.listen.grpc_port), (1, Some(2)));
}

#[test]
fn what_a_reload_cannot_change_can_be_named() {
    let old = Case::default().settings().expect("built-in");
    let new = Case::default().flag("limits.ef", "9").flag("service.http_port", "1").settings().expect("good");
    let fixed: Vec<_> = new.changed(&old).filter(|key| !key.reloadable).map(|key| key.path).collect();
    assert_eq!(fixed, ["service.http_port"]);
}

#[test]
fn every_key_that_a_reload_takes_is_in_the_live_part() {
    let base = Case::default()
        .flag("service.api_key", "k")
        .flag("service.enable_tls", "true")
        .flag("rate_limits.enabled", "true")
        .flag("service.verify_https_client_certificate", "true");
    let old = Config::new(&base.settings().expect("good")).expect("good").live;
    for key in keys::KEYS.iter().filter(|key| key.reloadable && key.path != "service.api_key") {
        let text = match key.kind {
            Kind::Flag => {
                if key.path == keys::RATES_ENABLED.path {
                    "false"
                } else {
                    "true"
                }
            }
            Kind::Number { .. } => "7",
            Kind::Choice(words) => words[0],
            Kind::Text => "else",
        };
        let settings = Case { sources: base.sources.clone(), ..Case::default() }
            .flag(key.path, text)
            .settings()
            .expect("good");
        let new = Live::new(&settings);
        assert_ne!(new, old, "{}", key.path);
    }
}
