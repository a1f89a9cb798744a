//! The settings of an action in its form, but for its code.

use maud::{Markup, html};

use super::{
    super::{
        parts::{self, choice, field},
        session::Visitor,
    },
    found::kind_title,
    policy, schedule,
};
use crate::{
    clock,
    model::{
        action::{Action, Kind, NAME_CHARS_MAX},
        guest::{GuestKind, MemoryDefaults},
        id::OrgId,
        policy::Policy,
    },
    templates::Template,
};

/// Rows for new variables.
const BLANK_ROWS: usize = 1;

/// What the form is filled with.
pub(super) struct Filling<'a> {
    pub(super) visitor: &'a Visitor,
    pub(super) org: &'a OrgId,
    /// `None`: a new one.
    pub(super) action: Option<&'a Action>,
    pub(super) template: Option<&'static Template>,
    pub(super) policy: &'a Policy,
    /// What a run has whose policy does not say.
    pub(super) memory: MemoryDefaults,
    /// Addresses that it may run as.
    pub(super) accounts: &'a [String],
    /// The organisation's secrets.
    pub(super) secrets: &'a [String],
}

impl Filling<'_> {
    /// What it is called, what it does, when it runs.
    pub(super) fn basics(&self) -> Markup {
        let action = self.action;
        let name = action.map_or("", |action| action.name.as_str());
        let about = action.and_then(|action| action.description.as_deref());
        let about = about.or(self.template.map(|template| template.about)).unwrap_or_default();
        html! {
            section.panel.basics {
                div.grid {
                    (field("name", "Name", Some("Up to 32 characters, none of them a blank, /, :, ?, #, & or a quote."), &html! {
                        input #name name="name" value=(name) required maxlength=(NAME_CHARS_MAX) autocomplete="off"
                            spellcheck="false" aria-describedby="name-hint";
                    }))
                    (field("description", "Description", None, &html! {
                        input #description name="description" value=(about) maxlength="4096" autocomplete="off";
                    }))
                    (self.kind())
                    (field("service_account", "Runs as", Some("Its token reaches the organisation's origin."), &html! {
                        select #service_account name="service_account" aria-describedby="service_account-hint" {
                            @let own = self.visitor.email();
                            @let chosen = action.map_or(own.as_str(), |action| action.service_account.as_str());
                            @for account in self.accounts { option value=(account) selected[account == chosen] { (account) } }
                        }
                    }))
                }
            }
        }
    }

    fn kind(&self) -> Markup {
        let kinds = [Kind::Service, Kind::Repeat, Kind::Once];
        let options = kinds.map(|kind| (kind.as_str(), kind_title(kind)));
        match self.action {
            Some(action) => html! {
                div.field { span.label { "Runs" } p.fixed { (kind_title(action.kind)) } p.hint { "This cannot be changed later." } }
            },
            None => {
                let chosen = self.template.map_or(Kind::Service, |template| template.kind);
                field(
                    "kind",
                    "Runs",
                    Some("This cannot be changed later."),
                    &choice("kind", "kind", &options, chosen.as_str()),
                )
            }
        }
    }

    /// When it is due; of an action of another kind it is not shown. Of a new one a script hides it until its kind is chosen.
    pub(super) fn timing(&self) -> Markup {
        let is_timed = self.action.map(|action| action.kind).or(self.template.map(|template| template.kind));
        if self.action.is_some() && is_timed != Some(Kind::Repeat) {
            return html! {};
        }
        let cron = self.action.and_then(|action| action.cron.as_deref());
        let cron = cron.or(self.template.and_then(|template| template.schedule)).unwrap_or_default();
        let zone = self.action.map_or("UTC", |action| action.zone.as_str());
        let to = self.visitor.at(self.org, "/schedule");
        html! {
            section.panel.timing data-kind="repeat" {
                h2 { "Schedule" }
                div.halves {
                    div hx-get=(to) hx-trigger="input delay:300ms" hx-target="#due" hx-include="#cron, #zone" hx-swap="innerHTML" {
                        (field("cron", "Cron expression or interval", Some("0 9 * * 1-5, @hourly, every 15m"), &html! {
                            input #cron name="cron" value=(cron) autocomplete="off" spellcheck="false" aria-describedby="cron-hint";
                        }))
                        (field("zone", "Time zone", Some("As in the IANA database: Europe/Berlin"), &html! {
                            input #zone name="zone" value=(zone) autocomplete="off" spellcheck="false" aria-describedby="zone-hint";
                        }))
                        (policy::collisions(self.policy))
                    }
                    div #due.preview aria-live="polite" { (schedule::shown(cron, zone, clock::now())) }
                }
            }
        }
    }

    /// What runs are told.
    pub(super) fn environment(&self) -> Markup {
        let env = self.action.map_or(&[][..], |action| &action.env);
        let granted = self.action.map_or(&[][..], |action| &action.secrets);
        let is_admin = self.visitor.can(self.org, crate::model::account::Permission::Administer);
        html! {
            section.panel {
                h2 { "Environment" }
                div.rows data-rows {
                    @for (name, value) in env { (variable(name, value)) }
                    @for _ in 0..BLANK_ROWS { (variable("", "")) }
                    template { (variable("", "")) }
                    button.button.small type="button" data-add-row hidden { "Add a variable" }
                }
                @if !self.secrets.is_empty() {
                    fieldset.options disabled[!is_admin] {
                        legend { "Secrets of the organisation that it gets" }
                        input type="hidden" name="granting" value="1";
                        @for name in self.secrets {
                            label { input type="checkbox" name="grant" value=(name) checked[granted.contains(name)]; code { (name) } }
                        }
                        @if !is_admin { p.hint { "Only an admin changes these." } }
                    }
                }
                @match self.action {
                    Some(action) => {
                        p.hint {
                            "Values that nobody may read again are "
                            a href=(self.visitor.at(self.org, &format!("/actions/{}/secrets", action.id))) { "secrets" } "."
                        }
                    }
                    None => { p.hint { "Secrets of its own can be added once it is saved." } }
                }
            }
        }
    }

    /// How far runs may go.
    pub(super) fn bounds(&self) -> Markup {
        html! {
            details.panel { summary { h2 { "Limits" } } (policy::limits(self.policy, &self.memory)) }
            details.panel { summary { h2 { "Network" } } (policy::network(self.policy)) }
        }
    }
}

fn variable(name: &str, value: &str) -> Markup {
    html! {
        div.row {
            label { span.sr { "Variable" } input name="env_name" value=(name) placeholder="NAME" spellcheck="false" autocapitalize="characters"; }
            label { span.sr { "Value" } input name="env_value" value=(value) placeholder="value" spellcheck="false"; }
        }
    }
}

/// What somebody sees of an action who may not read its code. `memory_bytes`: what its runs have.
pub(super) fn summary(action: &Action, memory_bytes: usize, timing: Option<&schedule::Timing>) -> Markup {
    let policy = &action.policy;
    html! {
        section.panel {
            dl.facts {
                dt { "Runs" } dd { @match timing { Some(timing) => { (timing.words) }, None => { (kind_title(action.kind)) } } }
                dt { "Version" } dd { (action.version) }
                @if action.guest == GuestKind::Data { dt { "Has" } dd { "NumPy and pandas" } }
                dt { "Made by" } dd { (action.created_by) }
                dt { "Time" } dd { (super::super::words::duration(policy.wall)) }
                dt { "Memory" } dd { (super::super::words::bytes(memory_bytes as u64)) }
                dt { "State" } dd { @if action.paused { (parts::tag("paused")) } @else { "on" } }
            }
            p.hint { "Your role here does not show its code and environment." }
        }
    }
}
