//! A mail server that keeps nothing: it counts messages by recipient, and remembers the last password that it was given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

/// Listens on a port of the loopback interface until the runtime ends.
pub(super) struct MailSink {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    messages: HashMap<String, usize>,
    password: Option<String>,
}

impl MailSink {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Seen>>::default();
        let of_task = seen.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let seen = of_task.clone();
                // A sender that goes away is none of ours.
                tokio::spawn(async move { serve(connection, &seen).await.ok() });
            }
        });
        Self { port, seen }
    }

    pub(super) fn port(&self) -> String {
        self.port.to_string()
    }

    pub(super) fn messages_to(&self, address: &str) -> usize {
        self.seen().messages.get(address).copied().unwrap_or_default()
    }

    /// The password of the last login since it was last asked for.
    pub(super) fn take_password(&self) -> Option<String> {
        self.seen().password.take()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(connection: TcpStream, seen: &Mutex<Seen>) -> std::io::Result<()> {
    let seen = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    let (reading, mut writing) = connection.into_split();
    let mut lines = BufReader::new(reading).lines();
    let mut recipients = Vec::new();
    writing.write_all(b"220 sink\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let upper = line.to_uppercase();
        let answer: &[u8] = match &*upper {
            command if command.starts_with("EHLO") => b"250-sink\r\n250 AUTH PLAIN LOGIN\r\n",
            command if command.starts_with("AUTH LOGIN") => {
                if upper == "AUTH LOGIN" {
                    writing.write_all(b"334 VXNlcm5hbWU6\r\n").await?;
                    lines.next_line().await?;
                }
                writing.write_all(b"334 UGFzc3dvcmQ6\r\n").await?;
                seen().password = decoded(&lines.next_line().await?.unwrap_or_default()).pop();
                b"235 welcome\r\n"
            }
            command if command.starts_with("AUTH PLAIN") => {
                let given = line.get("AUTH PLAIN ".len()..).unwrap_or_default().to_owned();
                seen().password =
                    decoded(&if given.is_empty() { asked(&mut lines, &mut writing).await? } else { given }).pop();
                b"235 welcome\r\n"
            }
            command if command.starts_with("RCPT TO:") => {
                recipients.extend(line.split(['<', '>']).nth(1).map(str::to_owned));
                b"250 ok\r\n"
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                while lines.next_line().await?.is_some_and(|line| line != ".") {}
                for recipient in recipients.drain(..) {
                    *seen().messages.entry(recipient).or_default() += 1;
                }
                b"250 ok\r\n"
            }
            "QUIT" => return writing.write_all(b"221 bye\r\n").await,
            _ => b"250 ok\r\n",
        };
        writing.write_all(answer).await?;
    }
    Ok(())
}

async fn asked(
    lines: &mut Lines<BufReader<OwnedReadHalf>>,
    writing: &mut (impl tokio::io::AsyncWrite + Unpin),
) -> std::io::Result<String> {
    writing.write_all(b"334 \r\n").await?;
    Ok(lines.next_line().await?.unwrap_or_default())
}

/// The texts of an answer, which are separated by zero bytes.
fn decoded(answer: &str) -> Vec<String> {
    let bytes = BASE64_STANDARD.decode(answer).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}
