//! A server's process: signals, and an end that does not depend on ours being orderly.

use std::io::{self, Read as _, Seek as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long to wait between two looks at whether a process is gone.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// How long an orderly end may take. It takes about a second.
pub(crate) const STOP: Duration = Duration::from_mins(1);

/// A process that was started here. Unless it was detached, it is killed when this is dropped or when our own process ends in any way.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Absent for a process that is to outlive us.
    guard: Option<Child>,
}

impl Process {
    /// Starts `command`, whose files are in `folder`. If our process ends without having ended this one, be it killed, the process is killed and the
    /// folder removed.
    pub(crate) fn guarded(command: &mut Command, folder: &Path) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).spawn()?;
        match guard(child.id(), folder) {
            Ok(guard) => Ok(Self { child, guard: Some(guard) }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// Starts `command` so that it outlives us, in a process group of its own: an interrupt at the terminal is not meant for it.
    pub(crate) fn detached(command: &mut Command) -> io::Result<Self> {
        use std::os::unix::process::CommandExt as _;
        Ok(Self { child: command.stdin(Stdio::null()).process_group(0).spawn()?, guard: None })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let ended = self.child.try_wait()?;
        if ended.is_some() {
            self.dismiss_guard();
        }
        Ok(ended)
    }

    /// Sends a signal. An identifier is given to nobody else before the end of its process was asked for here, so the signal never reaches a stranger.
    /// A process that has ended already is left in peace.
    pub(crate) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.ended()?.is_none() {
            kill_process(Pid::from_child(&self.child), signal)?;
        }
        Ok(())
    }

    /// Kills it and waits until it is gone, which takes no longer than the system needs.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL)?;
        self.wait()
    }

    /// Waits for its end, however long that takes.
    fn wait(&mut self) -> io::Result<ExitStatus> {
        let ended = self.child.wait()?;
        self.dismiss_guard();
        Ok(ended)
    }

    /// Bytes of memory that it holds, as the system counts them; `None` if it has ended.
    pub(crate) fn resident(&mut self) -> io::Result<Option<u64>> {
        if self.ended()?.is_some() {
            return Ok(None);
        }
        let output = Command::new("ps").args(["-o", "rss=", "-p", &self.id().to_string()]).output()?;
        let kibibytes: Option<u64> = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
        Ok(kibibytes.map(|kibibytes| kibibytes * 1024))
    }

    fn dismiss_guard(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            // Both fail only if the guard is gone, which is what is wanted.
            let _ = guard.kill();
            let _ = guard.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.guard.is_some() {
            // Nobody is left to be told; the guard remains and does the same.
            let _ = self.kill();
        }
    }
}

/// Runs `command` to its end, and returns what it printed if it failed. If our process ends meanwhile, so does the command, and `folder`, where it
/// works, is removed.
pub(crate) fn run(command: &mut Command, folder: &Path) -> io::Result<Result<(), String>> {
    let mut printed = tempfile::tempfile()?;
    command.stdout(printed.try_clone()?).stderr(printed.try_clone()?);
    if Process::guarded(command, folder)?.wait()?.success() {
        return Ok(Ok(()));
    }
    let mut bytes = Vec::new();
    printed.rewind()?;
    printed.read_to_end(&mut bytes)?;
    Ok(Err(String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// Takes away what would configure a server from our own environment: an instance is the same on every machine.
pub(crate) fn without_settings_of_others(command: &mut Command, prefixes: &[&str]) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| prefixes.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
}

/// Waits for the end of our process, which closes its standard input, and then kills `process` and removes `folder`. A process of its own,
/// because nothing in a killed process can still act.
fn guard(process: u32, folder: &Path) -> io::Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", r#"trap '' HUP INT TERM; read -r _; kill -KILL "$1"; rm -rf -- "$2""#, "guard"])
        .arg(process.to_string())
        .arg(folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    /// A process that runs until somebody ends it.
    fn endless() -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "read -r _ < \"$0\""]);
        command
    }

    /// A named pipe that nobody writes to: whoever opens it waits.
    fn quiet_pipe(folder: &Path) -> std::path::PathBuf {
        let pipe = folder.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        pipe
    }

    #[test]
    fn a_process_is_signalled_while_it_runs_and_left_in_peace_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let mut process =
            Process::guarded(endless().arg(quiet_pipe(folder.path())), &folder.path().join("files")).unwrap();
        assert_eq!(process.ended().unwrap(), None);
        assert!(process.resident().unwrap().unwrap() > 0);
        process.signal(Signal::STOP).unwrap();
        assert_eq!(process.kill().unwrap().signal(), Some(9));
        process.signal(Signal::TERM).unwrap();
        assert_eq!(process.resident().unwrap(), None);
        assert!(process.guard.is_none());
    }

    #[test]
    fn what_a_failed_command_printed_is_returned() {
        let shell = |script: &str| {
            let folder = tempfile::tempdir().unwrap();
            run(Command::new("/bin/sh").args(["-c", script]), folder.path()).unwrap()
        };
        assert_eq!(shell("echo fine"), Ok(()));
        assert_eq!(shell("echo one; echo two >&2; exit 3"), Err("one\ntwo".to_owned()));
    }

    #[test]
    fn the_guard_acts_when_its_starter_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("files");
        std::fs::create_dir(&files).unwrap();
        // Its output ends when the process does, which is how this test waits for that.
        let mut child =
            endless().arg(quiet_pipe(folder.path())).stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let mut guard = guard(child.id(), &files).unwrap();
        drop(guard.stdin.take());
        output.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        guard.wait().unwrap();
        assert!(!files.exists());
    }
}
