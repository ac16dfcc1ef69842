//! What the process is told from outside.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether the process was interrupted or asked to terminate.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Returns once it was.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopped = self.0.clone();
        async move {
            // An error means that the sender is gone, which is a reason to stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        }
    }
}

/// Listens from now on.
///
/// # Errors
/// When signals cannot be listened for.
pub fn stop() -> anyhow::Result<Stop> {
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        stop.send_replace(true);
    });
    Ok(Stop(stopped))
}

/// Does something whenever the signal comes, once at a time. Signals that come meanwhile are one.
///
/// # Errors
/// When the signal cannot be listened for.
pub fn at_each<F>(kind: SignalKind, mut action: impl FnMut() -> F + Send + 'static) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send,
{
    let mut signals = signal(kind).context("a signal cannot be listened for")?;
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            action().await;
        }
    });
    Ok(())
}
