//! Writes a small data directory of the present format, to be kept in `tests/data` when the format changes:
//!
//! ```text
//! cargo run -p primehub-memory --example format_sample -- primehub-memory/tests/data/format-N
//! ```

use primehub_memory::persistence::{Change, DataDirectory, Journal as _, OpenOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: format_sample FOLDER")?;
    let mut journal = DataDirectory::open(folder, &OpenOptions::new())?.into_journal();
    // Several commits, so that the file has a history: pages that were written over and freed.
    journal.commit((0..20).map(|n| Change::put(format!("sample/{n:02}"), "to be removed")).collect())?;
    journal.commit((0..20).map(|n| Change::remove(format!("sample/{n:02}"))).collect())?;
    journal.commit(vec![
        Change::put("empty", ""),
        Change::put("text/ünï/\u{1f600}", "an UTF-8 name, and a text: ü"),
        Change::put("bytes", (0..=255).collect::<Vec<u8>>()),
        Change::put("large", [b'x'; 10_000]),
    ])?;
    journal.commit((0..30_u8).map(|n| Change::put(format!("many/{n:02}"), vec![n; 40])).collect())?;
    Ok(())
}
