//! Traces for a collector, by OTLP over HTTP.

use reqwest::Url;

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

#[cfg(test)]
mod tests {
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
}
