//! `ts=... level=info target=bttc_rpc msg="listening" http=127.0.0.1:8545`

use std::fmt::{self, Write};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// One event a line, as `key=value` pairs; values with spaces, quotes or line breaks are quoted.
pub(super) struct Logfmt;

impl<S, N> FormatEvent<S, N> for Logfmt
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        out.write_str("ts=")?;
        SystemTime.format_time(&mut out)?;
        let metadata = event.metadata();
        let level = metadata.level().as_str().to_ascii_lowercase();
        write!(out, " level={level} target={}", metadata.target())?;
        if let Some(scope) = context.event_scope() {
            let names: Vec<_> = scope.from_root().map(|span| span.name()).collect();
            pair(&mut out, "span", &names.join(":"))?;
        }
        let mut pairs = Pairs { out: &mut out, result: Ok(()) };
        event.record(&mut pairs);
        pairs.result?;
        writeln!(out)
    }
}

struct Pairs<'a, 'w> {
    out: &'a mut Writer<'w>,
    result: fmt::Result,
}

impl Pairs<'_, '_> {
    fn put(&mut self, field: &Field, value: &str) {
        let key = if field.name() == "message" { "msg" } else { field.name() };
        if self.result.is_ok() {
            self.result = pair(self.out, key, value);
        }
    }
}

impl Visit for Pairs<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, &format!("{value:?}"));
    }
}

fn pair(out: &mut impl Write, key: &str, value: &str) -> fmt::Result {
    let plain = !value.is_empty()
        && value.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=' | '\\'));
    if plain {
        return write!(out, " {key}={value}");
    }
    write!(out, " {key}=\"")?;
    for c in value.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            c if c.is_control() => write!(out, "\\u{{{:x}}}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn values_are_quoted_only_where_they_must_be() {
        let sink = Sink::default();
        let copy = sink.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).event_format(Logfmt).with_writer(move || copy.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("open").entered();
            tracing::warn!(height = 7, reason = "a \"b\"\nc", empty = "", "two words");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let (time, rest) = text.split_once(" level=").unwrap();
        assert!(time.starts_with("ts=20") && time.ends_with('Z'), "{time}");
        assert_eq!(
            rest,
            "warn target=bttc_node::logging::logfmt::tests span=open msg=\"two words\" height=7 reason=\"a \\\"b\\\"\\nc\" empty=\"\"\n"
        );
    }
}
