//! A wire between the platform and Keycloak that can be cut, and that stops at a certain request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes everything on until it is told otherwise.
pub(super) struct Gate {
    /// Where the platform finds Keycloak.
    pub(super) base: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    upstream: String,
    /// Whether nothing passes any more.
    cut: watch::Sender<bool>,
    trap: std::sync::Mutex<Option<Trap>>,
    /// Whether a request has been caught.
    caught: watch::Sender<bool>,
    sprung: AtomicBool,
}

/// Catches the request of this number whose first line has all these parts.
struct Trap {
    parts: Vec<String>,
    left: AtomicUsize,
}

impl Gate {
    pub(super) async fn to(base: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            upstream: base.strip_prefix("http://").unwrap().to_owned(),
            cut: watch::Sender::new(false),
            trap: std::sync::Mutex::default(),
            caught: watch::Sender::new(false),
            sprung: AtomicBool::new(false),
        });
        let of_task = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(wire(client, of_task.clone()));
            }
        });
        Self { base: own, shared, task }
    }

    /// Breaks all connections, and every new one.
    pub(super) fn cut(&self) {
        self.shared.cut.send_replace(true);
    }

    /// Lets everything pass again.
    pub(super) fn mend(&self) {
        *self.shared.trap.lock().unwrap() = None;
        self.shared.sprung.store(false, Ordering::SeqCst);
        self.shared.caught.send_replace(false);
        self.shared.cut.send_replace(false);
    }

    /// Holds the `number`th request (from 1) whose first line has all the `parts`, and all that come after it.
    pub(super) fn catch(&self, number: usize, parts: &[&str]) {
        let parts = parts.iter().map(ToString::to_string).collect();
        *self.shared.trap.lock().unwrap() = Some(Trap { parts, left: AtomicUsize::new(number) });
    }

    /// Waits until the request has come.
    pub(super) async fn caught(&self) {
        self.shared.caught.subscribe().wait_for(|caught| *caught).await.unwrap();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.cut.send_replace(true);
    }
}

impl Shared {
    /// Whether what the client sends goes no further.
    fn holds(&self, bytes: &[u8]) -> bool {
        let trap = self.trap.lock().unwrap();
        let Some(trap) = &*trap else { return false };
        if self.sprung.load(Ordering::SeqCst) {
            return true;
        }
        let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        if !trap.parts.iter().all(|part| line.contains(part)) || trap.left.fetch_sub(1, Ordering::SeqCst) > 1 {
            return false;
        }
        self.sprung.store(true, Ordering::SeqCst);
        self.caught.send_replace(true);
        true
    }
}

/// One connection. It ends with either side, and when the wire is cut.
async fn wire(mut client: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    if *cut.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(&shared.upstream).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let there = async {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let Ok(read @ 1..) = from_client.read(&mut bytes).await else { return };
            if shared.holds(&bytes[..read]) {
                std::future::pending::<()>().await;
            }
            if to_server.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    let back = async { drop(tokio::io::copy(&mut from_server, &mut to_client).await) };
    tokio::select! {
        () = there => {}
        () = back => {}
        _ = cut.wait_for(|cut| *cut) => {}
    }
}
