//! The server's own log, on standard error: text for people, a JSON object a line for programs. What actions log is their
//! users' data and never comes here.

use std::io;

use anstream::{AutoStream, ColorChoice};
use tracing::Subscriber;
use tracing_subscriber::{
    Layer, Registry,
    fmt::{self, MakeWriter, format::Writer, time::FormatTime},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use super::{Filter, Format, otlp::Traces};
use crate::clock;

/// Something already logs in this process.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the log")]
pub(crate) struct Error(#[from] tracing_subscriber::util::TryInitError);

/// The wall clock, as the log shows it.
struct WallClock;

impl FormatTime for WallClock {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{:.6}", clock::now())
    }
}

/// Starts the log of this process, and hands its spans to `traces`.
pub(crate) fn start(filter: &Filter, format: Format, traces: Option<&Traces>) -> Result<(), Error> {
    let layer: Box<dyn Layer<Registry> + Send + Sync> = lines(format, io::stderr);
    let traced = traces.map(Traces::layer);
    // One filter for both: a span that is not logged is not traced either.
    Registry::default().with(layer).with(traced).with(filter.targets()).try_init()?;
    Ok(())
}

/// Writes events to `writer`, in this form.
fn lines<S, W>(format: Format, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let is_terminal = io::IsTerminal::is_terminal(&io::stderr());
    let is_text = match format {
        Format::Auto => is_terminal,
        Format::Text => true,
        Format::Json => false,
    };
    let layer = fmt::layer().with_writer(writer).with_timer(WallClock);
    if is_text {
        // This knows about NO_COLOR.
        let is_colored = is_terminal && AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        return layer.with_ansi(is_colored).boxed();
    }
    let json = layer.json().flatten_event(true).with_current_span(true).with_span_list(false);
    json.with_ansi(false).boxed()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written, for all that write.
    #[derive(Debug, Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, format: Format) -> Vec<String> {
        let written = Written::default();
        let writer = written.clone();
        let layer = lines(format, move || writer.clone());
        let filter = Filter::parse(filter).unwrap().targets();
        tracing::subscriber::with_default(Registry::default().with(layer).with(filter), || {
            let _run = tracing::info_span!("run", id = 7).entered();
            tracing::info!(duration_ms = 3, "run {} returned", 7);
            tracing::debug!("a detail");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_json_line_has_its_parts_on_top() {
        let lines = logged("info", Format::Json);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        let timestamp = line["timestamp"].as_str().unwrap();
        assert!(timestamp.parse::<jiff::Timestamp>().is_ok() && timestamp.len() == 27, "{timestamp}");
        assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"run 7 returned".into()));
        assert_eq!((&line["duration_ms"], &line["span"]["id"]), (&3.into(), &7.into()));
        assert_eq!(
            (&line["target"], &line["span"]["name"]),
            (&"actiond::telemetry::logs::tests".into(), &"run".into())
        );
    }

    #[test]
    fn a_process_has_one_log() {
        let filter = Filter::parse("info").unwrap();
        assert!(start(&filter, Format::Json, None).is_ok());
        assert!(start(&filter, Format::Json, None).is_err());
    }

    #[test]
    fn text_and_filters_do_what_they_say() {
        for (filter, count) in
            [("debug", 2), ("info", 1), ("off", 0), ("off,actiond=debug", 2), ("other=trace", 0)]
        {
            let lines = logged(filter, Format::Text);
            assert_eq!(lines.len(), count, "{filter}: {lines:?}");
            assert!(lines.iter().all(|line| !line.starts_with('{')));
        }
        assert!(logged("info", Format::Text)[0].contains("INFO run{id=7}: "));
    }
}
