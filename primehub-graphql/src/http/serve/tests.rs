use std::sync::Arc;

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, oneshot};

use super::*;

/// A server whose one route waits until it is released; it answers with the client's port.
struct Running {
    address: SocketAddr,
    started: Arc<Notify>,
    release: Arc<Notify>,
    stop: oneshot::Sender<()>,
    done: tokio::task::JoinHandle<io::Result<()>>,
}

async fn run(grace: Duration) -> Running {
    let (started, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (here, there) = (started.clone(), release.clone());
    let handler = |ConnectInfo(client): ConnectInfo<SocketAddr>| async move {
        here.notify_one();
        there.notified().await;
        client.port().to_string()
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        let _ = stopped.await;
    };
    let done = tokio::spawn(serve(listener, Router::new().route("/", get(handler)), shutdown, grace));
    Running { address, started, release, stop, done }
}

async fn request(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    stream
}

#[tokio::test]
async fn requests_in_work_are_answered_before_the_end() {
    let running = run(Duration::from_mins(1)).await;
    let mut stream = request(running.address).await;
    let port = stream.local_addr().unwrap().port().to_string();
    running.started.notified().await;
    running.stop.send(()).unwrap();
    running.release.notify_one();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&port), "{answer}");
    running.done.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let running = run(Duration::from_mins(1)).await;
    running.release.notify_one();
    let mut stream = request(running.address).await;
    let mut beginning = [0; 12];
    stream.read_exact(&mut beginning).await.unwrap();
    assert_eq!(&beginning, b"HTTP/1.1 200");
    running.stop.send(()).unwrap();
    running.done.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_end_waits_no_longer_than_agreed() {
    let running = run(Duration::ZERO).await;
    let _stream = request(running.address).await;
    running.started.notified().await;
    running.stop.send(()).unwrap();
    running.done.await.unwrap().unwrap();
}
