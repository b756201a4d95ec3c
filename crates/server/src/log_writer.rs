//! Lines of the log on their way out. Whoever logs leaves a line and goes on; a thread writes. Where the reader of
//! the log is slow, lines are lost and counted rather than requests held up.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait.
const CAPACITY: usize = 2 << 20;
/// How long lines gather before they are written. A thread that is not waiting for a line need not be woken for
/// it, which costs whoever logs more than the line.
const REST: Duration = Duration::from_millis(2);
/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What waits to be written.
#[derive(Debug, Default)]
struct Waiting {
    /// Whole lines.
    text: Vec<u8>,
    /// Lines that found no room.
    lost: u64,
    /// Whether the thread is at work on lines it took.
    writing: bool,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// The first line waits.
    some: Condvar,
    /// Nothing waits any more.
    none: Condvar,
}

impl Shared {
    /// Whoever panicked while it held the lock left whole lines.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.text.len() + line.len() > CAPACITY {
            waiting.lost += 1;
            return;
        }
        let first = waiting.text.is_empty();
        waiting.text.extend_from_slice(line);
        drop(waiting);
        if first {
            self.some.notify_one();
        }
    }
}

/// Where events are written.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter(Arc<Shared>);

/// Writes what is left when it is dropped.
#[derive(Debug)]
pub struct LogGuard(Arc<Shared>);

impl LogWriter {
    /// Starts the thread that writes to `out`.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<(Self, LogGuard)> {
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write(&of_thread, out))?;
        Ok((Self(Arc::clone(&shared)), LogGuard(shared)))
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let waits = |waiting: &mut Waiting| waiting.writing || !waiting.text.is_empty();
        // The program ends either way.
        let _ = self.0.none.wait_timeout_while(self.0.lock(), LAST_LINES, waits);
    }
}

/// Writes for as long as the program runs; an error of the reader is nobody's to hear.
fn write(shared: &Shared, mut out: impl Write) {
    let mut text = Vec::new();
    loop {
        let waiting = shared.lock();
        let nothing = |waiting: &mut Waiting| waiting.text.is_empty();
        let mut waiting = shared
            .some
            .wait_while(waiting, nothing)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut waiting.text, &mut text);
        let lost = std::mem::take(&mut waiting.lost);
        waiting.writing = true;
        drop(waiting);
        let _ = out.write_all(&text);
        if lost > 0 {
            let _ = writeln!(
                out,
                "{{\"level\":\"WARN\",\"message\":\"{lost} lines of the log were lost\"}}"
            );
        }
        let _ = out.flush();
        // Room for many lines is kept, not that of a flood.
        text.clear();
        text.shrink_to(64 << 10);
        shared.lock().writing = false;
        shared.none.notify_all();
        std::thread::sleep(REST);
    }
}

impl<'w> MakeWriter<'w> for LogWriter {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Self::Writer {
        Line(&self.0)
    }
}

/// One event, which is written whole.
#[derive(Debug)]
pub(crate) struct Line<'w>(&'w Shared);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.leave(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_arrive_whole_and_in_order_before_the_end() {
        let out = Kept::default();
        let (writer, guard) = LogWriter::start(out.clone()).unwrap();
        for number in 0..100 {
            writer
                .make_writer()
                .write_all(format!("line {number}\n").as_bytes())
                .unwrap();
        }
        drop(guard);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let expected: String = (0..100).map(|number| format!("line {number}\n")).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn a_slow_reader_costs_lines_and_no_time() {
        struct Stuck(Receiver<()>);
        impl Write for Stuck {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (release, stuck) = channel();
        let (writer, guard) = LogWriter::start(Stuck(stuck)).unwrap();
        writer.make_writer().write_all(b"first").unwrap();
        // Later it would take what was lost for told.
        while !writer.0.lock().writing {
            std::thread::sleep(REST);
        }
        for _ in 0..(CAPACITY / 16) {
            writer.make_writer().write_all(&[b'x'; 64]).unwrap();
        }
        assert!(writer.0.lock().lost > 0);
        assert!(writer.0.lock().text.len() <= CAPACITY);
        drop(release);
        drop(guard);
    }
}
