//! A server that may lose what it acknowledged.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::{Config, NoTls};

use crate::place::{Place, program, said};

/// A server over a place's cluster, with settings that the program never gives one of its own.
struct Reckless {
    server: Child,
    socket_dir: PathBuf,
}

impl Reckless {
    async fn start(place: &Place) -> Self {
        let holder = place.hold();
        let binary = fs::read_link(format!("/proc/{}/exe", place.server_pid())).unwrap();
        let socket_dir = holder.socket_dir();
        assert!(holder.finish().success());
        let cluster = fs::metadata(place.cluster()).unwrap();
        let mut command = Command::new(binary);
        command.arg("-D").arg(place.cluster()).arg("-k").arg(&socket_dir);
        for setting in ["listen_addresses=", "fsync=off", "full_page_writes=off"] {
            command.arg("-c").arg(setting);
        }
        // PostgreSQL does not run as root.
        if rustix::process::geteuid().is_root() {
            command.uid(cluster.uid()).gid(cluster.gid());
        }
        command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { server: command.spawn().unwrap(), socket_dir };
        let config: Config = server.url().parse().unwrap();
        for _ in 0..3000 {
            if config.connect(NoTls).await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not answer");
    }

    fn url(&self) -> String {
        format!("host='{}' user=throughline dbname=throughline", self.socket_dir.display())
    }
}

impl Drop for Reckless {
    fn drop(&mut self) {
        let id = i32::try_from(self.server.id()).unwrap();
        let _ = kill_process(Pid::from_raw(id).unwrap(), Signal::INT);
        let _ = self.server.wait();
    }
}

#[tokio::test]
async fn a_server_without_fsync_is_refused_until_each_risk_is_accepted() {
    let Some(place) = Place::new() else { return };
    let server = Reckless::start(&place).await;
    assert!(said(&server.url(), &["migrate"]).ends_with(" migrations applied"));
    let load = ["log", "load", "/dev/null", "--tenant", "t"];
    let full_page_writes = "full_page_writes off: when the machine stops, half-written pages stay \
                            broken; turn it on, or accept that by --accept-unsafe full_page_writes";
    assert_eq!(
        said(&server.url(), &load),
        "throughline: the server has fsync off: when the machine stops, acknowledged work is lost \
         or the database broken, and full_page_writes off: when the machine stops, half-written \
         pages stay broken; turn it on, or accept that by --accept-unsafe fsync,full_page_writes"
    );
    assert_eq!(
        said(&server.url(), &[&load[..], &["--accept-unsafe", "fsync"]].concat()),
        format!("throughline: the server has {full_page_writes}")
    );
    let accepted = ["--accept-unsafe", "fsync", "--accept-unsafe", "full_page_writes"];
    let output = program(&server.url(), &[&load[..], &accepted].concat()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let warned = String::from_utf8(output.stderr).unwrap();
    let settings: Vec<_> = warned.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(settings, ["fsync", "full_page_writes"], "{warned}");
}
