//! `nigh healthcheck`: asks the server of this machine whether it is ready. Exit code 0 if it is, 1 if not.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;
use nigh_server::config::{Config, ConfigArgs};

use crate::Outcome;
use crate::out::Out;

/// Whom to ask is said as it is to `serve`.
#[derive(Debug, Args)]
pub(crate) struct HealthcheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How long to wait for an answer, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

/// Asks. With TLS it is only looked whether someone answers the port: who is there is for those who know its name to check.
///
/// # Errors
/// The configuration is wrong.
pub(crate) fn run(args: &HealthcheckArgs, out: &mut Out) -> anyhow::Result<Outcome> {
    let (config, _) = Config::load(&args.config.sources())?;
    let host = match config.listen.host {
        IpAddr::V4(host) if host.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(host) if host.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        host => host,
    };
    let address = SocketAddr::new(host, config.listen.http_port);
    let asked = ask(address, Duration::from_secs(args.timeout), config.live.tls.is_some());
    let is_ready = match asked {
        Ok(Some(status)) => {
            writeln!(out, "{address}: {status}")?;
            status.contains(" 200 ")
        }
        Ok(None) => {
            writeln!(out, "{address}: answers")?;
            true
        }
        Err(e) => {
            writeln!(out, "{address}: {e}")?;
            false
        }
    };
    Ok(Outcome::clean_if(is_ready))
}

/// The first line of the answer.
fn ask(address: SocketAddr, timeout: Duration, has_tls: bool) -> std::io::Result<Option<String>> {
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    if has_tls {
        return Ok(None);
    }
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 << 10).read_to_string(&mut answer)?;
    Ok(Some(answer.lines().next().unwrap_or("no answer").to_owned()))
}
