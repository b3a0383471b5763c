//! The same commands over HTTP, with authentication, against the program serving in a process of
//! its own: the interface, the log and the projections, as in production.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, IF_MATCH};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;
use throughline_api::access::Role;
use throughline_api::authentication::DevelopmentIssuer;
use throughline_domain::case::Intent;
use throughline_domain::code::Code;
use throughline_domain::code_lists::RiskAnswer;
use throughline_log::MasterKey;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use uuid::Uuid;

use super::casework::Casework;
use super::closed_loop::Caller;
use super::databases::Place;
use super::report::{Outcome, Target};
use super::{Bench, commands};

/// How long the service may take to begin.
const START_MAX: Duration = Duration::from_mins(1);
/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long the tokens are good for: longer than any run.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Commands over `connections` connections that stay open, in turns with the bare INSERT.
///
/// # Errors
/// When the service does not start, or answers anything but 201.
pub(super) async fn measure(
    bench: &mut Bench<'_>,
    name: &'static str,
    connections: usize,
) -> anyhow::Result<Outcome> {
    let place = bench.place("commands").await?;
    let service = Service::start(&place).await?;
    let mut clients = Vec::with_capacity(connections);
    for seed in (1..).take(connections) {
        clients.push(Client::connect(service.address, &service.token, seed).await?);
    }
    let compared = commands::INSERTERS_COMPARED.min(bench.connections_spare);
    let turns = commands::beside_inserts(bench, &place, compared, clients).await?;
    service.stop().await?;
    let outcome = commands::outcome(bench, name, &format!("insert_{compared}"), &turns);
    Ok(outcome
        .held_to(Target::RatioAtLeast, 0.8)
        .with("connections", commands::count(connections))
        .with("client_cpu_share", turns.cpu_share()))
}

/// The program, serving.
struct Service {
    child: Child,
    address: SocketAddr,
    token: String,
    /// Its keys and its log lines; goes with it.
    _data_dir: TempDir,
}

impl Service {
    async fn start(place: &Place) -> anyhow::Result<Self> {
        let data_dir = tempfile::Builder::new().prefix("throughline-bench-").tempdir()?;
        let token = token(data_dir.path())?;
        let key_file = data_dir.path().join("master.key");
        MasterKey::create_file(&key_file)?;
        let log_file = data_dir.path().join("service.log");
        let lines = std::fs::File::create(&log_file)?;
        let program = std::env::current_exe().context("could not find this program")?;
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir.path())
            .env("DATABASE_URL", place.url.expose())
            .env("THROUGHLINE_MASTER_KEY_FILE", key_file)
            .env_remove("THROUGHLINE_MASTER_KEY")
            .env_remove("THROUGHLINE_OIDC_ISSUER")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(lines)
            .kill_on_drop(true)
            .spawn()
            .context("could not run this program again")?;
        let stdout = child.stdout.take().context("the service has no output")?;
        let mut said = BufReader::new(stdout).lines();
        let line =
            timeout(START_MAX, said.next_line()).await.context("the service is not up")??;
        let address = line.as_deref().and_then(|line| line.strip_prefix("listening on http://"));
        let Some(address) = address else {
            let lines = std::fs::read_to_string(log_file).unwrap_or_default();
            bail!(
                "the service did not start: {}",
                lines.lines().last().unwrap_or("it says nothing")
            )
        };
        let address = address.parse().context("the service's address cannot be read")?;
        // So that it can go on printing.
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        Ok(Self { child, address, token, _data_dir: data_dir })
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let id = id.and_then(rustix::process::Pid::from_raw).context("the service has ended")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        let ended = timeout(START_MAX, self.child.wait()).await;
        ensure!(ended.context("the service does not stop")??.success(), "the service failed");
        Ok(())
    }
}

fn token(data_dir: &Path) -> anyhow::Result<String> {
    let issuer = DevelopmentIssuer::open(data_dir)?;
    let (tenant, subject) = ("http".parse()?, "worker".parse()?);
    Ok(issuer.issue(tenant, subject, Role::Caseworker, TOKEN_LIFETIME)?)
}

/// One connection, and the caseworker behind it.
struct Client {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    authorization: String,
    host: String,
    received_at: Timestamp,
    casework: Casework,
    /// The case's path, which the service gave.
    case: String,
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Referred {
    case_id: Uuid,
}

impl Client {
    async fn connect(address: SocketAddr, token: &str, seed: u64) -> anyhow::Result<Self> {
        Ok(Self {
            sender: open(address).await?,
            address,
            authorization: format!("Bearer {token}"),
            host: address.to_string(),
            received_at: Timestamp::now(),
            casework: Casework::new(seed)?,
            case: String::new(),
        })
    }

    /// Sends a command, and gives the answer's body if it is 201.
    async fn post(&mut self, path: &str, steps: bool, body: String) -> anyhow::Result<Bytes> {
        let mut request = Request::post(path)
            .header(HOST, &self.host)
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json");
        if steps {
            request = request.header(IF_MATCH, "\"1\"");
        }
        // The service closes a connection that was idle, as all are while the others have their turn.
        if self.sender.is_closed() {
            self.sender = open(self.address).await?;
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(body.into()))?).await?;
        let status = response.status();
        ensure!(status == StatusCode::CREATED, "a command was answered with {status}");
        Ok(response.into_body().collect().await?.to_bytes())
    }
}

/// A connection that stays open.
async fn open(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.context("could not connect")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender. What breaks it fails the sender's request too.
    tokio::spawn(connection);
    Ok(sender)
}

impl Caller for Client {
    async fn call(&mut self) -> anyhow::Result<()> {
        let step = self.casework.next();
        let body = body(&step.intent, self.received_at)?;
        let waited = timeout(ANSWER_MAX, async {
            if step.version.0 == 0 {
                let answer = self.post("/v1/referrals", false, body).await?;
                let referred: Referred =
                    serde_json::from_slice(&answer).context("the answer cannot be read")?;
                self.case = format!("/v1/cases/{}", referred.case_id);
                return Ok(());
            }
            let path = format!("{}/{}", self.case, route(&step.intent)?);
            self.post(&path, step.version.0 == 1, body).await.map(drop)
        });
        waited.await.context("an answer did not come in time")?
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "casework has no other steps")]
fn route(intent: &Intent) -> anyhow::Result<&'static str> {
    Ok(match intent {
        Intent::AcceptReferral(_) => "acceptance",
        Intent::RecordContactAttempt(_) => "contact-attempts",
        Intent::RecordRiskAssessment(_) => "risk-assessments",
        _ => bail!("casework has no other steps"),
    })
}

/// The body of a command, written at once: the client shares the processors with the service.
#[expect(clippy::wildcard_enum_match_arm, reason = "casework has no other steps")]
fn body(intent: &Intent, received_at: Timestamp) -> anyhow::Result<String> {
    Ok(match intent {
        Intent::ReceiveReferral(referral) => json!({
            "programme": referral.0.programme,
            "role": referral.0.role,
            "area": referral.0.area,
            "source": referral.0.source,
            "received_at": received_at,
            "incidents_12_months": referral.0.incidents_12_months,
            "person": {"given_name": "Sam", "family_name": "Example"},
        })
        .to_string(),
        Intent::AcceptReferral(_) => "{}".to_owned(),
        Intent::RecordContactAttempt(attempt) => serde_json::to_string(&attempt.0)?,
        Intent::RecordRiskAssessment(assessment) => serde_json::to_string(&Assessment {
            instrument: &assessment.instrument,
            answers: assessment.answers.as_ref(),
            assessor_role: &assessment.assessor_role,
        })?,
        _ => bail!("casework has no other steps"),
    })
}

/// A risk assessment as it is sent.
#[derive(Serialize)]
struct Assessment<'a> {
    instrument: &'a Code,
    answers: Option<&'a BTreeMap<Code, RiskAnswer>>,
    assessor_role: &'a Code,
}
