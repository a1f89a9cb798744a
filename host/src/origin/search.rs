//! Asking the cluster for log records, with the credentials of whoever asks.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    Client, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Error, base, client};
use crate::model::id::OrgId;

/// Searches at one time: each holds an answer in memory.
const SEARCHES: usize = 16;

/// The cluster that is asked.
#[derive(Debug)]
pub(crate) struct Cluster {
    client: Client,
    url: Url,
    /// Of an answer.
    bytes_max: usize,
    searches: Arc<Semaphore>,
}

/// One question.
pub(crate) struct Search {
    pub(crate) org: OrgId,
    /// What stands in the URL after `?`.
    pub(crate) query: Option<String>,
    /// Of whoever asks.
    pub(crate) authorization: HeaderValue,
    pub(crate) traceparent: String,
    pub(crate) body: Vec<u8>,
}

/// Whatever the cluster said. It has its place among those who search until it is no longer in memory.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    pub(crate) place: OwnedSemaphorePermit,
}

/// A place among those who search.
#[derive(Debug)]
pub(crate) struct Searching<'a> {
    cluster: &'a Cluster,
    place: OwnedSemaphorePermit,
}

impl Cluster {
    /// The caller says every number.
    pub(crate) fn new(
        url: &str,
        proxy: Option<reqwest::Proxy>,
        wait: Duration,
        bytes_max: usize,
    ) -> Result<Self, Error> {
        let client = client(proxy, wait)?;
        Ok(Self { client, url: base(url)?, bytes_max, searches: Arc::new(Semaphore::new(SEARCHES)) })
    }

    /// Takes a place; `None` when there is none.
    pub(crate) fn begin(&self) -> Option<Searching<'_>> {
        let place = self.searches.clone().try_acquire_owned().ok()?;
        Some(Searching { cluster: self, place })
    }
}

impl Searching<'_> {
    /// Asks. A redirect is refused; whatever else the cluster says, also that it refuses, is its answer.
    pub(crate) async fn ask(self, search: Search) -> Result<Answered, Error> {
        let Search { org, query, authorization, traceparent, body } = search;
        let Cluster { client, url, bytes_max, .. } = self.cluster;
        let mut url = url.clone();
        url.set_path(&format!("{}/api/{org}/_search", url.path().trim_end_matches('/')));
        // Without what stands in its query: that is the caller's.
        let named = url.clone();
        url.set_query(query.as_deref());
        let failed = |error: reqwest::Error| Error::Get { url: named.clone(), source: error.without_url() };
        let request = client
            .post(url)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/json")
            .header("traceparent", traceparent)
            .body(body);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(Error::Status { url: named, status });
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > *bytes_max {
                return Err(Error::LargeAnswer { url: named, bytes_max: *bytes_max });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status, body, place: self.place })
    }
}

/// Without the credentials.
impl fmt::Debug for Search {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Search").field("org", &self.org).finish_non_exhaustive()
    }
}
