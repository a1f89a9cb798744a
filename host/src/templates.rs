//! Actions to start from: the files below `assets/templates/`, and what is to be known of each. Shown by the console, written to
//! disk by the command line.

use crate::model::action::Kind;

/// An action that is there to be changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template {
    /// A plain word, as it is typed.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What it does, in a sentence.
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    /// Of one that runs by time.
    pub(crate) schedule: Option<&'static str>,
    /// What a deployment of it has to say, as flags: what it may reach, which secrets it gets.
    pub(crate) needs: &'static str,
    /// The bundle: names and texts, `main.py` first.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Records to try it with, as JSON.
    pub(crate) payload: &'static str,
}

macro_rules! file {
    ($template:literal, $name:literal) => {
        ($name, include_str!(concat!("../assets/templates/", $template, "/", $name)))
    };
}

macro_rules! payload {
    ($template:literal) => {
        include_str!(concat!("../assets/templates/", $template, "/payload.json"))
    };
}

/// All of them, the simplest first.
pub(crate) const TEMPLATES: &[Template] = &[
    Template {
        name: "upper-distinct",
        title: "Upper-case and distinct",
        about: "Writes a field in capitals and keeps the first record of each value.",
        kind: Kind::Service,
        schedule: None,
        needs: "",
        files: &[file!("upper-distinct", "main.py")],
        payload: payload!("upper-distinct"),
    },
    Template {
        name: "slack",
        title: "Post to Slack",
        about: "Posts what an alert sends to a channel, by an incoming webhook.",
        kind: Kind::Service,
        schedule: None,
        needs: "--allow-net hooks.slack.com:443 --secret SLACK_WEBHOOK_URL",
        files: &[file!("slack", "main.py")],
        payload: payload!("slack"),
    },
    Template {
        name: "ticket",
        title: "Open a ticket",
        about: "Opens one ticket for each alert, by a tracker's HTTP API.",
        kind: Kind::Service,
        schedule: None,
        needs: "--env TICKET_URL=https://tracker.example.com/tickets --allow-net tracker.example.com:443 --secret TICKET_TOKEN",
        files: &[file!("ticket", "main.py")],
        payload: payload!("ticket"),
    },
    Template {
        name: "enrich",
        title: "Enrich",
        about: "Adds to each record who owns its service, from a table beside the code.",
        kind: Kind::Service,
        schedule: None,
        needs: "",
        files: &[file!("enrich", "main.py"), file!("enrich", "owners.py")],
        payload: payload!("enrich"),
    },
    Template {
        name: "report",
        title: "Scheduled report",
        about: "Counts a stream's records by level every hour, and logs a report.",
        kind: Kind::Repeat,
        schedule: Some("0 * * * *"),
        needs: "--env STREAM=default",
        files: &[file!("report", "main.py")],
        payload: payload!("report"),
    },
];

/// The template of that name.
pub(crate) fn template(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn the_table_holds_every_file_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/templates");
        let names = |path: &Path| -> BTreeSet<String> {
            let entries = fs::read_dir(path).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let known: BTreeSet<String> = TEMPLATES.iter().map(|template| template.name.to_owned()).collect();
        assert_eq!(names(&folder), known);
        for one in TEMPLATES {
            let files = one.files.iter().map(|(name, _)| (*name).to_owned());
            let expected: BTreeSet<String> = files.chain(["payload.json".to_owned()]).collect();
            assert_eq!(names(&folder.join(one.name)), expected, "{}", one.name);
            assert_eq!(one.files[0].0, "main.py", "{}", one.name);
            assert_eq!(one.kind == Kind::Repeat, one.schedule.is_some(), "{}", one.name);
            assert!(serde_json::from_str::<Vec<serde_json::Value>>(one.payload).is_ok(), "{}", one.name);
            assert_eq!(template(one.name).map(|found| found.title), Some(one.title));
        }
    }
}
