//! Traces for a collector, by OTLP over HTTP with protobuf bodies. A thread of its own sends them; when the collector is
//! away or slow they are dropped.

use std::{collections::HashMap, time::Duration};

use opentelemetry::{
    Context, KeyValue,
    trace::{
        SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
    },
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider},
};
use reqwest::Url;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::model::trace::TraceContext;

/// Ended spans that wait to be sent; further ones are dropped.
const QUEUE_SPANS: usize = 8_192;
const BATCH_SPANS: usize = 512;
const SEND_EVERY: Duration = Duration::from_secs(2);
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
const SERVICE: &str = "actiond";

/// Where a collector takes traces: an http(s) address that ends with `/v1/traces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(Url);

/// The address is none of a collector.
#[derive(Debug, thiserror::Error)]
#[error("it is an address as http://127.0.0.1:4318, without user, query and fragment")]
pub(crate) struct BadEndpoint;

impl Endpoint {
    /// `text` is the collector's address, before `/v1/traces`.
    pub(crate) fn parse(text: &str) -> Result<Self, BadEndpoint> {
        let url = Url::parse(text).map_err(|_| BadEndpoint)?;
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !is_http || has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(BadEndpoint);
        }
        let traces = format!("{}/v1/traces", url.as_str().trim_end_matches('/'));
        Url::parse(&traces).map(Self).map_err(|_| BadEndpoint)
    }

    /// The whole address.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The thread that sends spans.
#[derive(Debug)]
pub(crate) struct Traces(SdkTracerProvider);

/// Traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The client cannot be made.
    #[error("cannot prepare to send traces")]
    Client(#[source] opentelemetry_otlp::ExporterBuildError),
    /// Some spans were not sent before the end.
    #[error("some traces were not sent")]
    Unsent(#[source] opentelemetry_sdk::error::OTelSdkError),
}

impl Traces {
    /// Prepares to send; nothing is sent yet, and the collector need not be there.
    pub(crate) fn start(endpoint: &Endpoint, authorization: Option<&str>) -> Result<Self, Error> {
        // It fails where one is installed already: that one does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let headers = authorization.map(|value| ("authorization".to_owned(), value.to_owned()));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.as_str())
            .with_timeout(SEND_TIMEOUT)
            .with_headers(HashMap::from_iter(headers))
            .build()
            .map_err(Error::Client)?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_SPANS)
            .with_max_export_batch_size(BATCH_SPANS)
            .with_scheduled_delay(SEND_EVERY);
        let sender = BatchSpanProcessor::builder(exporter).with_batch_config(batches.build()).build();
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(SERVICE).with_attribute(version).build();
        Ok(Self(SdkTracerProvider::builder().with_span_processor(sender).with_resource(resource).build()))
    }

    /// Takes what is traced to the sender.
    pub(super) fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        OpenTelemetryLayer::new(self.0.tracer(SERVICE))
    }

    /// Sends what waits, for so long at most, and ends the thread. Blocks: call it from where that is right.
    pub(crate) fn end(&self, at_most: Duration) -> Result<(), Error> {
        self.0.shutdown_with_timeout(at_most).map_err(Error::Unsent)
    }
}

/// Puts a new span below what the caller sent along.
pub(crate) fn adopt(span: &Span, parent: &TraceContext) {
    let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let (trace_id, span_id) = (TraceId::from(parent.trace_id), SpanId::from(parent.span_id));
    let remote = SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE);
    // Where nothing is traced there is nothing to put it below.
    let _ = span.set_parent(Context::new().with_remote_span_context(remote));
}

/// The span's place in its trace; `None` when traces are sent nowhere.
pub(crate) fn context(span: &Span) -> Option<TraceContext> {
    let context = span.context();
    let span = context.span().span_context().clone();
    let (trace_id, span_id) = (u128::from_be_bytes(span.trace_id().to_bytes()), span.span_id().to_bytes());
    let context = TraceContext::new(trace_id, u64::from_be_bytes(span_id), span.is_sampled());
    span.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::*;

    #[test]
    fn an_endpoint_is_an_http_address() {
        for (text, expected) in [
            ("http://127.0.0.1:4318", Some("http://127.0.0.1:4318/v1/traces")),
            ("https://otel.example.com/", Some("https://otel.example.com/v1/traces")),
            ("http://o2:5080/api/default", Some("http://o2:5080/api/default/v1/traces")),
            ("127.0.0.1:4318", None),
            ("localhost:4318", None),
            ("grpc://otel:4317", None),
            ("http://", None),
            ("http://user:word@otel", None),
            ("http://otel?a=b", None),
            ("http://otel#a", None),
        ] {
            let endpoint = Endpoint::parse(text).ok();
            assert_eq!(endpoint.as_ref().map(Endpoint::as_str), expected, "{text}");
        }
    }

    /// A collector that takes one request: its bytes.
    fn collector() -> (Endpoint, thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let taking = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut taken, mut part) = (Vec::new(), [0; 4096]);
            while !taken.windows(SPAN.len()).any(|window| window == SPAN.as_bytes()) {
                let count = stream.read(&mut part).unwrap();
                assert_ne!(count, 0, "{}", String::from_utf8_lossy(&taken));
                taken.extend(&part[..count]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            taken
        });
        (endpoint, taking)
    }

    const SPAN: &str = "a span of the test";

    #[test]
    fn a_span_reaches_the_collector_in_the_callers_trace() {
        let (endpoint, taking) = collector();
        let traces = Traces::start(&endpoint, Some("Basic cm9vdA==")).unwrap();
        let parent = TraceContext::new(0x1234_5678_9abc_def0_1122_3344_5566_7788, 7, true);
        let own = tracing::subscriber::with_default(Registry::default().with(traces.layer()), || {
            let span = tracing::info_span!("a span of the test");
            adopt(&span, &parent);
            context(&span).unwrap()
        });
        assert_eq!((own.trace_id, own.sampled), (parent.trace_id, true));
        assert_ne!(own.span_id, parent.span_id);
        traces.end(Duration::from_secs(30)).unwrap();
        let taken = taking.join().unwrap();
        let text = String::from_utf8_lossy(&taken).to_lowercase();
        assert!(text.starts_with("post /v1/traces http/1.1\r\n"), "{text}");
        for header in ["authorization: basic cm9vda==\r\n", "content-type: application/x-protobuf\r\n"] {
            assert!(text.contains(header), "{text}");
        }
        assert!(taken.windows(16).any(|window| window == parent.trace_id.to_be_bytes()));
    }

    #[test]
    fn a_collector_that_is_away_holds_nothing_up() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let traces = Traces::start(&Endpoint::parse(&format!("http://{closed}")).unwrap(), None).unwrap();
        tracing::subscriber::with_default(Registry::default().with(traces.layer()), || {
            for _ in 0..2 * QUEUE_SPANS {
                tracing::info_span!("lost").in_scope(|| ());
            }
        });
        // However it ends, it ends: with the limit of the test's own runner as the bound.
        let _ = traces.end(Duration::from_secs(1));
    }

    #[test]
    fn without_a_collector_a_span_has_no_place() {
        let span = tracing::info_span!("untraced");
        adopt(&span, &TraceContext::new(1, 2, true));
        assert_eq!(context(&span), None);
    }
}
