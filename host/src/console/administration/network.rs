//! Where an organisation's runs come from and what they may reach, and the bounds that the operator sets.

use std::collections::BTreeMap;

use actiond_runtime::Rule;
use axum::{extract::State, response::Response};
use maud::{Markup, html};

use super::{
    super::{
        fault::{Fault, away},
        form::Sent,
        layout::token,
        parts,
        session::Visitor,
        words,
    },
    Tab, email,
};
use crate::{
    answer::Path,
    app::{App, OrganisationEdit},
    model::{account::Permission, id::OrgId, organisation::Organisation},
};

const PATH: &str = "/administration/network";

/// `GET /console/{org}/administration/network`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(org): Path<String>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let organisation = app.organisation(org.clone()).await?;
    let body = html! {
        (parts::panel("Origin and egress", &settings(&visitor, &org, &organisation)))
        (parts::panel("Tokens of the origin", &tokens(&visitor, &org, &organisation)))
        (parts::panel("Bounds of actions", &bounds(&app)))
    };
    Ok(Tab::Network.show(&visitor, &org, "Where runs come from, and what they may reach.", &body))
}

fn settings(visitor: &Visitor, org: &OrgId, organisation: &Organisation) -> Markup {
    let to = visitor.at(org, PATH);
    let rules: Vec<String> = organisation.egress.iter().map(ToString::to_string).collect();
    html! {
        form.stack method="post" action=(to) hx-post=(to) hx-swap="none" {
            (token(visitor))
            (parts::field("url", "Origin", Some("What runs find as ORIGIN_CLUSTER_URL; empty: this server itself"), &html! {
                input #url type="url" name="url" value=(organisation.origin.url.as_deref().unwrap_or_default())
                    placeholder="https://logs.example.com" maxlength="2048" aria-describedby="url-hint";
            }))
            (parts::field("egress", "What actions may reach", Some("A rule to a line, as hooks.slack.com:443, *.example.com, 10.0.0.0/8; empty: nothing"), &html! {
                textarea #egress.mono name="egress" rows="6" spellcheck="false" aria-describedby="egress-hint" { (rules.join("\n")) }
            }))
            (parts::checkbox("unverified_tls", "Actions may turn off that certificates are checked", Some("Where the operator allows it."), organisation.unverified_tls))
            div.buttons { button.button.primary type="submit" { "Save" } }
        }
    }
}

fn tokens(visitor: &Visitor, org: &OrgId, organisation: &Organisation) -> Markup {
    let to = visitor.at(org, "/administration/network/token");
    let rows = html! {
        @for account in organisation.origin.tokens.keys() {
            tr {
                td data-label="Service account" { (account) }
                td.deeds {
                    form.deed method="post" action=(to) hx-post=(to) hx-swap="none" hx-confirm={ "Remove the token of " (account) "?" } {
                        (token(visitor))
                        input type="hidden" name="email" value=(account);
                        button.button.small.danger type="submit" { "Remove" }
                    }
                }
            }
        }
    };
    html! {
        p.hint { "An action's runs find the token of its service account as ORIGIN_CLUSTER_TOKEN. Tokens are never shown." }
        @if !organisation.origin.tokens.is_empty() { (parts::table("Tokens", &["Service account", ""], &rows)) }
        form.stack method="post" action=(to) hx-post=(to) hx-swap="none" {
            (token(visitor))
            div.grid {
                (parts::field("email", "Service account there", None, &html! { input #email type="email" name="email" required autocomplete="off"; }))
                (parts::field("token", "Its token", None, &html! { input #token type="password" name="token" required autocomplete="off"; }))
            }
            div.buttons { button.button type="submit" { "Set token" } }
        }
    }
}

fn bounds(app: &App) -> Markup {
    let policy = &app.settings().policy;
    let default = &policy.default;
    let row = |name: &str, default: &str, most: &str| {
        html! { tr { th scope="row" { (name) } td data-label="Unless it says" { (default) } td data-label="At most" { (most) } } }
    };
    let rows = html! {
        (row("Fuel of a run", &words::fuel(default.fuel), &words::fuel(policy.fuel_max)))
        (row("Time of a run", &words::duration(default.wall), &words::duration(policy.wall_max)))
        (row("Memory of a run", &words::bytes(policy.memory.base_bytes as u64), &words::bytes(policy.memory_bytes_max as u64)))
        (row("… with NumPy and pandas", &words::bytes(policy.memory.data_bytes as u64), &words::bytes(policy.memory_bytes_max as u64)))
        (row("Runs at one time", &default.parallel.to_string(), &policy.parallel_max.to_string()))
        (row("Runs that wait", &words::number(default.queue.into()), &words::number(policy.queue_max.into())))
        (row("Runs that are kept", &words::number(default.retention.runs), &words::number(policy.retention_max.runs)))
        (row("How long they are kept", &words::duration(default.retention.age), &words::duration(policy.retention_max.age)))
    };
    html! {
        p.hint { "What the operator has set for every action." }
        (parts::table("Bounds of actions", &["", "Unless it says", "At most"], &rows))
    }
}

/// `POST /console/{org}/administration/network`
pub(super) async fn save(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let rules = form.text("egress").split_whitespace().map(str::parse::<Rule>).collect::<Result<Vec<_>, _>>();
    let egress = rules.map_err(|error| Fault::bad(format!("What actions may reach: {error}.")))?;
    let url = form.text("url");
    let edit = OrganisationEdit {
        url: Some((!url.is_empty()).then(|| url.to_owned())),
        tokens: BTreeMap::new(),
        egress: Some(egress),
        unverified_tls: Some(form.has("unverified_tls")),
    };
    app.edit_organisation(org.clone(), edit, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

/// `POST /console/{org}/administration/network/token`: without a token it is removed.
pub(super) async fn token_of(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let token = form.get("token").filter(|token| !token.is_empty()).map(str::to_owned);
    let tokens = BTreeMap::from([(email(form.text("email"))?, token)]);
    let edit = OrganisationEdit { tokens, ..OrganisationEdit::default() };
    app.edit_organisation(org.clone(), edit, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}
