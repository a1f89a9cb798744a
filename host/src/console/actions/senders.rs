//! Who may send to a hook, how each of them signs, and what is to be pasted where.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{Markup, html};

use super::super::parts::paste;
use crate::{app::new_token, model::hook::Signature, random};

/// How far a sender's clock may be away.
const WINDOW: Duration = Duration::from_secs(300);

/// Whoever sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    OpenObserve,
    Alertmanager,
    Grafana,
    GitHub,
    Standard,
    Other,
}

impl Sender {
    pub(super) const ALL: [Self; 6] =
        [Self::OpenObserve, Self::Alertmanager, Self::Grafana, Self::GitHub, Self::Standard, Self::Other];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::OpenObserve => "openobserve",
            Self::Alertmanager => "alertmanager",
            Self::Grafana => "grafana",
            Self::GitHub => "github",
            Self::Standard => "standard",
            Self::Other => "other",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::OpenObserve => "OpenObserve",
            Self::Alertmanager => "Prometheus Alertmanager",
            Self::Grafana => "Grafana (signed)",
            Self::GitHub => "GitHub (signed)",
            Self::Standard => "Standard Webhooks (signed)",
            Self::Other => "Anything else",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sender| sender.word() == word)
    }

    /// How it signs, by a new secret; and that secret as it is to be typed there.
    pub(super) fn signature(self) -> (Signature, Option<String>) {
        match self {
            Self::OpenObserve | Self::Alertmanager | Self::Other => (Signature::None, None),
            Self::Grafana => {
                let secret = new_token();
                (Signature::Grafana { key: secret.clone().into_bytes(), window: WINDOW }, Some(secret))
            }
            Self::GitHub => {
                let secret = new_token();
                (Signature::GitHub { key: secret.clone().into_bytes() }, Some(secret))
            }
            Self::Standard => {
                let key = random::bytes::<32>();
                let secret = format!("whsec_{}", STANDARD.encode(key));
                (Signature::StandardWebhooks { keys: vec![key.to_vec()], window: WINDOW }, Some(secret))
            }
        }
    }

    /// What to do at the sender, ready to paste.
    pub(super) fn instructions(self, url: &str, secret: Option<&str>) -> Markup {
        let secret = secret.unwrap_or("THE-SECRET");
        match self {
            Self::OpenObserve => html! {
                p { "Management → Alert destinations → Add: type Web Hook, method POST, this URL, and the template below. Or by its API:" }
                (paste("Template", OPENOBSERVE_TEMPLATE))
                (paste("Destination, by the API", &openobserve(url)))
                p.hint { "OpenObserve refuses addresses that are private unless ZO_SKIP_SSRF_CHECKS=true." }
            },
            Self::Alertmanager => html! {
                p { "Put the URL into a file that only Alertmanager reads, and name that in its configuration. The action gets one record, with all alerts of the group in " code { "alerts" } "." }
                (paste("/etc/alertmanager/hook", url))
                (paste("alertmanager.yml", ALERTMANAGER))
            },
            Self::Grafana => html! {
                p { "A contact point of type Webhook, here as a file for its provisioning." }
                (paste("provisioning/alerting/actiond.yaml", &grafana(url, secret)))
            },
            Self::GitHub => html! {
                p { "Settings → Webhooks → Add: this URL, content type application/json, and the secret." }
                (paste("Secret", secret))
            },
            Self::Standard => html! {
                p { "Whatever signs as standardwebhooks.com says: this URL, and the secret." }
                (paste("Secret", secret))
            },
            Self::Other => html! {
                p { "POST records as JSON, an array or one object. The URL is the secret." }
                (paste("curl", &format!("curl '{url}' --data '[{{\"level\": \"error\"}}]'")))
            },
        }
    }
}

const OPENOBSERVE_TEMPLATE: &str =
    r#"[{"alert_name": "{alert_name}", "stream": "{stream_name}", "org": "{org_name}", "rows": "{rows}"}]"#;

const ALERTMANAGER: &str = "\
route:
  receiver: actiond
receivers:
  - name: actiond
    webhook_configs:
      - url_file: /etc/alertmanager/hook
        send_resolved: true";

fn openobserve(url: &str) -> String {
    format!(
        "curl -u \"$USER:$PASSWORD\" \"$OPENOBSERVE/api/default/alerts/destinations\" \\\n  \
         -H 'Content-Type: application/json' \\\n  \
         --data '{{\"name\": \"actiond\", \"type\": \"http\", \"method\": \"post\", \"url\": \"{url}\", \"template\": \"actiond\"}}'"
    )
}

fn grafana(url: &str, secret: &str) -> String {
    format!(
        "apiVersion: 1
contactPoints:
  - orgId: 1
    name: actiond
    receivers:
      - uid: actiond
        type: webhook
        settings:
          url: {url}
          httpMethod: POST
          hmacConfig:
            secret: {secret}
            header: X-Grafana-Alerting-Signature
            timestampHeader: X-Grafana-Alerting-Timestamp"
    )
}
