use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use super::*;

/// A server whose one route waits until it is released; it answers with the client's port.
struct Running {
    address: SocketAddr,
    started: Arc<Notify>,
    release: Arc<Notify>,
    stop: oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
}

async fn run(grace: Duration) -> Running {
    run_within(BOUNDS, grace).await
}

async fn run_within(bounds: Bounds, grace: Duration) -> Running {
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
    let routes = Router::new().route("/", get(handler)).route("/long", get(|| async { vec![0_u8; 64 << 20] }));
    let done = tokio::spawn(serve_within(bounds, listener.into(), routes, shutdown, grace));
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
    running.done.await.unwrap();
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
    running.done.await.unwrap();
}

#[tokio::test]
async fn the_end_waits_no_longer_than_agreed() {
    let running = run(Duration::ZERO).await;
    let _stream = request(running.address).await;
    running.started.notified().await;
    running.stop.send(()).unwrap();
    running.done.await.unwrap();
}

#[tokio::test]
async fn more_connections_wait_for_those_there_are() {
    let running = run_within(Bounds { connections: 1, ..BOUNDS }, Duration::ZERO).await;
    let first = request(running.address).await;
    running.started.notified().await;
    let mut second = request(running.address).await;
    let started = running.started.notified();
    tokio::pin!(started);
    assert!(futures::poll!(&mut started).is_pending());
    drop(first);
    started.await;
    running.release.notify_one();
    let mut beginning = [0; 12];
    second.read_exact(&mut beginning).await.unwrap();
    assert_eq!(&beginning, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_left() {
    let bounds = Bounds { unread: Duration::from_millis(1), ..BOUNDS };
    let running = run_within(bounds, Duration::from_hours(1)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    // Once something is there, the server is at work on the rest, which it cannot be rid of.
    stream.readable().await.unwrap();
    running.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(30), running.done).await.expect("it waits for no client").unwrap();
}

mod encrypted;
