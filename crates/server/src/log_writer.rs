//! Lines of the log on their way out. Whoever logs hands a line over and goes on; a thread writes. Where the
//! reader of the log is slow, lines are lost and counted rather than requests held up.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait.
const CAPACITY: usize = 8_192;
/// How long lines gather before they are written. A thread that is not waiting for a line need not be woken for
/// it, which costs whoever logs more than the line.
const REST: Duration = Duration::from_millis(2);
/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    /// Everything before it is to be written; then the sender is told.
    Flush(SyncSender<()>),
}

/// Where events are written.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter {
    lines: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

/// Writes what is left when it is dropped.
#[derive(Debug)]
pub struct LogGuard {
    lines: SyncSender<Message>,
}

impl LogWriter {
    /// Starts the thread that writes to `out`.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<(Self, LogGuard)> {
        let (lines, received) = sync_channel(CAPACITY);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write(&received, &counted, BufWriter::new(out)))?;
        Ok((
            Self {
                lines: lines.clone(),
                lost,
            },
            LogGuard { lines },
        ))
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let (done, heard) = sync_channel(1);
        if self.lines.try_send(Message::Flush(done)).is_ok() {
            // The program ends either way.
            let _ = heard.recv_timeout(LAST_LINES);
        }
    }
}

/// Writes until nobody can send any more; an error of the reader is nobody's to hear.
fn write(received: &Receiver<Message>, lost: &AtomicU64, mut out: impl Write) {
    while let Ok(message) = received.recv() {
        let mut next = Some(message);
        while let Some(message) = next {
            match message {
                Message::Line(line) => {
                    let _ = out.write_all(&line);
                }
                Message::Flush(done) => {
                    let _ = out.flush();
                    let _ = done.send(());
                }
            }
            next = received.try_recv().ok();
        }
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            let _ = writeln!(
                out,
                "{{\"level\":\"WARN\",\"message\":\"{missing} lines of the log were lost\"}}"
            );
        }
        let _ = out.flush();
        std::thread::sleep(REST);
    }
}

impl<'w> MakeWriter<'w> for LogWriter {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Self::Writer {
        Line {
            writer: self,
            text: Vec::with_capacity(256),
        }
    }
}

/// One event; sent when it is complete.
#[derive(Debug)]
pub(crate) struct Line<'w> {
    writer: &'w LogWriter,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let line = Message::Line(std::mem::take(&mut self.text));
        if self.writer.lines.try_send(line).is_err() {
            self.writer.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
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
        let out = Shared::default();
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
        let (release, stuck) = std::sync::mpsc::channel();
        let (writer, guard) = LogWriter::start(Stuck(stuck)).unwrap();
        for _ in 0..(CAPACITY * 3) {
            writer.make_writer().write_all(&[b'x'; 64]).unwrap();
        }
        assert!(writer.lost.load(Ordering::Relaxed) > 0);
        drop(release);
        drop(guard);
    }
}
