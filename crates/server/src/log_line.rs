//! An event as a line of the log, for people or for machines. Written by hand, because a line for each request
//! would otherwise cost more than to find its user does.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use portico_gateway::http::RequestId;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The member that joins the lines of one request.
const REQUEST: &str = "request_id";

/// `2026-11-21T10:00:00.000000Z  INFO portico_server::start: listening address=127.0.0.1:8080`
pub struct TextLine;

impl<S, N> FormatEvent<S, N> for TextLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        moment(now(), &mut line)?;
        match line.has_ansi_escapes() {
            true => write!(line, " \x1b[{}m{level:>5}\x1b[0m {target}: ", colour(level))?,
            false => write!(line, " {level:>5} {target}: ")?,
        }
        context.format_fields(line.by_ref(), event)?;
        if let Some(id) = RequestId::current() {
            write!(line, " {REQUEST}={}", id.as_str())?;
        }
        line.write_char('\n')
    }
}

thread_local! {
    /// The second of the last line, since 1970, and how it is written.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

#[expect(
    clippy::disallowed_methods,
    reason = "the log tells when a line was really written"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Writes a moment in UTC, to the microsecond (RFC 3339); its date is worked out once a second.
fn moment(at: SystemTime, line: &mut Writer<'_>) -> fmt::Result {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, written)| {
        if *second != since.as_secs() || written.is_empty() {
            *second = since.as_secs();
            let date = i64::try_from(*second)
                .ok()
                .and_then(|at| DateTime::from_timestamp(at, 0));
            written.clear();
            write!(
                written,
                "{}",
                date.unwrap_or_default().format("%Y-%m-%dT%H:%M:%S")
            )?;
        }
        line.write_str(written)
    })?;
    write!(line, ".{:06}Z", since.subsec_micros())
}

fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    }
}

/// One JSON object: when, how grave, the fields of the event and where it comes from.
pub struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (level, target) = (event.metadata().level(), event.metadata().target());
        line.write_str("{\"timestamp\":\"")?;
        moment(now(), &mut line)?;
        line.write_str("\",\"level\":\"")?;
        line.write_str(level.as_str())?;
        line.write_char('"')?;
        let mut members = Members {
            line: line.by_ref(),
            written: Ok(()),
        };
        event.record(&mut members);
        if let Some(id) = RequestId::current() {
            members.member(REQUEST, |line| text(line, id.as_str()));
        }
        members.member("target", |line| text(line, target));
        members.written?;
        line.write_str("}\n")
    }
}

/// The fields of an event as members of an object that has begun.
struct Members<'w> {
    line: Writer<'w>,
    written: fmt::Result,
}

impl Members<'_> {
    fn member(&mut self, name: &str, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        self.written = self.written.and_then(|()| {
            // Names are written in our code, in letters.
            let name = name.strip_prefix("r#").unwrap_or(name);
            self.line.write_str(",\"")?;
            self.line.write_str(name)?;
            self.line.write_str("\":")?;
            value(&mut self.line)
        });
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), |line| text(line, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), |line| write!(line, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), |line| write!(line, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), |line| write!(line, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field.name(), |line| match value.is_finite() {
            true => write!(line, "{value}"),
            // JSON has no such numbers.
            false => line.write_str("null"),
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field.name(), |line| {
            line.write_char('"')?;
            write!(Escaped(line), "{value:?}")?;
            line.write_char('"')
        });
    }
}

fn text(line: &mut Writer<'_>, value: &str) -> fmt::Result {
    line.write_char('"')?;
    Escaped(line).write_str(value)?;
    line.write_char('"')
}

/// What is written to it stands within a JSON string.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        // Nearly every text is written as it is.
        if text.bytes().all(plain) {
            return self.0.write_str(text);
        }
        let special = |letter: char| letter.is_control() || matches!(letter, '"' | '\\');
        let mut rest = text;
        while let Some((plain, after)) = rest.find(special).map(|at| rest.split_at(at)) {
            self.0.write_str(plain)?;
            let mut letters = after.chars();
            match letters.next() {
                Some(letter @ ('"' | '\\')) => write!(self.0, "\\{letter}")?,
                Some('\n') => self.0.write_str("\\n")?,
                // Control characters all have four digits at most.
                Some(control) => write!(self.0, "\\u{:04x}", u32::from(control))?,
                None => {}
            }
            rest = letters.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Kept {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    fn logged<E>(format: E, log: impl FnOnce()) -> String
    where
        E: FormatEvent<tracing_subscriber::Registry, tracing_subscriber::fmt::format::DefaultFields>
            + Send
            + Sync
            + 'static,
    {
        use tracing_subscriber::layer::SubscriberExt;

        let kept = Kept::default();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .event_format(format)
            .with_writer(kept.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_for_machines_is_one_object_whatever_stands_in_it() {
        let odd = "a \"quote\", a \\, a tab\t, a line\nand \u{1b}[31m\u{7f}\u{85} ünïcode";
        let line = logged(JsonLine, || {
            tracing::warn!(odd, shown = %odd, number = -1, half = 0.5, none = f64::NAN, yes = true, "odd: {odd}");
        });
        assert_eq!(line.matches('\n').count(), 1);
        let mut read: Value = serde_json::from_str(&line).unwrap();
        let at = read["timestamp"].take();
        let at: DateTime<chrono::Utc> = at.as_str().unwrap().parse().unwrap();
        assert!(now().duration_since(at.into()).unwrap().as_secs() < 60);
        let expected = json!({
            "timestamp": null,
            "level": "WARN",
            "message": format!("odd: {odd}"),
            "odd": odd,
            "shown": odd,
            "number": -1,
            "half": 0.5,
            "none": null,
            "yes": true,
            "target": "portico_server::log_line::tests",
        });
        assert_eq!(read, expected);
        assert!(line.chars().all(|letter| letter == '\n' || !letter.is_control()));
    }

    #[test]
    fn a_moment_is_written_as_it_is_whatever_was_before() {
        for (since, expected) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_000_007, "1970-01-01T00:00:01.000007Z"),
            (1_999_999, "1970-01-01T00:00:01.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_000_000, "1970-01-01T00:00:01.000000Z"),
        ] {
            let mut written = String::new();
            let at = UNIX_EPOCH + std::time::Duration::from_micros(since);
            moment(at, &mut Writer::new(&mut written)).unwrap();
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn a_line_for_people_begins_with_its_time_and_level() {
        let line = logged(TextLine, || tracing::info!(port = 8080, "listening"));
        let (_, rest) = line.split_once(' ').unwrap();
        assert_eq!(
            rest,
            " INFO portico_server::log_line::tests: listening port=8080\n"
        );
    }
}
