//! What to open and what to try, printed once the demonstration is served.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use jiff::SignedDuration;
use throughline_api::access::Role;
use throughline_api::authentication::DevelopmentIssuer;

use super::TENANT;
use super::journeys::case_id;

/// How long the tokens that are printed are good for.
const LIFETIME: SignedDuration = SignedDuration::from_hours(8);

/// A date at which Megan was at high risk, between two at which she was not.
const THEN: &str = "2014-05-31T00:00:00Z";

/// What to open and what to try.
#[derive(Debug)]
pub(crate) struct Guide {
    base: String,
    program: String,
    data_dir: String,
    tokens: Option<Tokens>,
}

#[derive(Debug)]
struct Tokens {
    caseworker: String,
    evaluator: String,
}

impl Guide {
    /// The guide to what is served at an address. Tokens are left out where an identity provider
    /// issues them.
    ///
    /// # Errors
    /// When the development issuer's key cannot be used.
    pub(crate) fn new(
        address: SocketAddr,
        data_dir: &Path,
        issues_tokens: bool,
    ) -> anyhow::Result<Self> {
        let tokens = issues_tokens.then(|| Tokens::issue(data_dir)).transpose()?;
        let program = std::env::current_exe().context("could not tell where the program is")?;
        Ok(Self {
            base: format!("http://{}", reachable(address)),
            program: quoted(&program.to_string_lossy()),
            data_dir: quoted(&data_dir.to_string_lossy()),
            tokens,
        })
    }
}

impl Tokens {
    fn issue(data_dir: &Path) -> anyhow::Result<Self> {
        let issuer = DevelopmentIssuer::open(data_dir)?;
        let token = |subject: &str, role| -> anyhow::Result<String> {
            Ok(issuer.issue(TENANT.parse()?, subject.parse()?, role, LIFETIME)?)
        };
        Ok(Self {
            caseworker: token("mrp-south", Role::Caseworker)?,
            evaluator: token("evaluator", Role::Evaluator)?,
        })
    }
}

impl fmt::Display for Guide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, program, data_dir, tokens } = self;
        let megan = case_id("megan");
        let then = THEN;
        writeln!(f, "\nOpen {base}/docs\n")?;
        if let Some(Tokens { caseworker, evaluator }) = tokens {
            writeln!(f, "A caseworker asks what was known of Megan at the end of May 2014:\n")?;
            writeln!(f, "  TOKEN={caseworker}")?;
            writeln!(f, "  curl -s -H \"Authorization: Bearer $TOKEN\" \\")?;
            writeln!(f, "    '{base}/v1/cases/{megan}?as_of={then}&known_at={then}'\n")?;
            writeln!(f, "An evaluator compares physical abuse at intake and at exit of Drive:\n")?;
            writeln!(f, "  TOKEN={evaluator}")?;
            writeln!(f, "  curl -s -H \"Authorization: Bearer $TOKEN\" \\")?;
            writeln!(
                f,
                "    '{base}/v1/outcomes?programme=drive&measure=physical&from=intake&to=exit'\n"
            )?;
        }
        writeln!(f, "An operator replays every case of a programme from the log alone:\n")?;
        writeln!(f, "  {program} replay --data-dir {data_dir} --tenant {TENANT} \\")?;
        writeln!(f, "    --programme mrp --as-of {then} --known-at {then}\n")?;
        if tokens.is_some() {
            writeln!(f, "Other tokens, for 8 hours each:\n")?;
            writeln!(f, "  {program} token --data-dir {data_dir} --tenant {TENANT} --role ROLE\n")?;
        }
        Ok(())
    }
}

/// The address as a browser on this machine can use it.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    address
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-".contains(&b);
    if path.bytes().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_names_what_can_be_tried() {
        let directory = tempfile::tempdir().unwrap();
        let address = "0.0.0.0:8080".parse().unwrap();
        let guide = Guide::new(address, directory.path(), true).unwrap().to_string();
        let question = "http://127.0.0.1:8080/v1/cases/1351fa27-7757-52e8-bedd-260c486bd5dc?as_of=2014-05-31T00:00:00Z";
        assert!(guide.contains(question), "{guide}");
        assert!(guide.contains("/v1/outcomes?programme=drive&measure=physical"));
        assert!(guide.contains("TOKEN=ey"));
    }

    #[test]
    fn without_an_issuer_of_its_own_no_token_is_offered() {
        let address = "127.0.0.1:8080".parse().unwrap();
        let guide = Guide::new(address, Path::new("nowhere"), false).unwrap().to_string();
        assert!(!guide.contains("TOKEN"), "{guide}");
    }

    #[test]
    fn a_path_is_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("/var/lib/throughline"), "/var/lib/throughline");
        assert_eq!(quoted("/her's here"), r"'/her'\''s here'");
    }
}
