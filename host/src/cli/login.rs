//! `actiond login`: keeping who one is on a server, once the server has said that it is so.

use std::process::ExitCode;

use anyhow::anyhow;
use reqwest::Method;

use super::{
    command::Failure,
    ending,
    prompt::{Prompt, piped_line},
    remote::{connect, executor},
};
use crate::{
    client::{Address, Context, Contexts, Login, OrganisationsWire, Token},
    config::ClientEnvironment,
    terminal::Terminal,
};

/// Where servers listen if nobody says otherwise.
const HERE: &str = "http://127.0.0.1:5080";
const DEFAULT_ORG: &str = "default";

const EXAMPLES: &str = "\
Examples:
  actiond login https://actions.example.com
  actiond login https://actions.example.com --email ci@example.com --token-stdin < token
  actiond login http://127.0.0.1:5080 --email me@example.com --name here --org payments

Asks for what is not given; the password is not shown. A service account's token does as well as a password, and can be
revoked alone. What was right is kept in $XDG_CONFIG_HOME/actiond/contexts.toml, else ~/.config/actiond/contexts.toml, which
only its owner can read, and is the current context from then on. ACTIOND_SERVER, ACTIOND_EMAIL and ACTIOND_TOKEN are taken
for what is not given, but email and token only for the server of ACTIOND_SERVER where that is set.

Exit codes: 0 logged in, 2 wrong usage, 69 the server cannot be reached, 70 a failure of actiond or of the server, 77 the
password or token is wrong, or the account is in no such organisation, 130 cancelled.";

/// Log in to a server
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The server's address
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// The account
    #[arg(long)]
    email: Option<String>,
    /// Read the password or token from standard input
    #[arg(long)]
    token_stdin: bool,
    /// Call the context so [default: the server's host]
    #[arg(long)]
    name: Option<String>,
    /// The organisation that commands are for [default: `default`, or the first that the account is in]
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
}

/// Logs in.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let said = ClientEnvironment::read();
    // Before anybody types a password in vain.
    let mut contexts = Contexts::open(&said)?;
    let url = match args.url.clone().or_else(|| said.server.clone()) {
        Some(url) => url,
        None => Prompt::open("the server's address")?.line("server", Some(HERE))?,
    };
    let address = Address::parse(&url)?;
    // What the environment says of one server goes to no other.
    let is_theirs =
        said.server.as_deref().map(Address::parse).transpose()?.is_none_or(|said| said == address);
    let (email, token) = (said.email.filter(|_| is_theirs), said.token.filter(|_| is_theirs));
    let email = match args.email.clone().or(email) {
        Some(email) => email,
        None => Prompt::open("--email")?.line("email", None)?,
    };
    if address.is_open() {
        terminal
            .note(&format!("note: {address} is not encrypted: whoever is on the way can read the password"));
    }
    let token = match (args.token_stdin, &token) {
        (true, _) => piped_line()?,
        (false, Some(token)) => token.expose().to_owned(),
        (false, None) => {
            match Prompt::open("--token-stdin, or ACTIOND_TOKEN")?.hidden("password or token")? {
                Some(token) => token,
                None => return Ok(ending::cancelled(terminal)),
            }
        }
    };
    if token.is_empty() {
        return Err(Failure::BadInput(anyhow!("the password or token is empty")));
    }
    let org = args.org.clone().or(said.org).unwrap_or_default();
    let login = Login { address, email, token: Token(token), org };
    let login = executor()?.block_on(checked(login, terminal))?;
    let name = args.name.clone().unwrap_or_else(|| login.address.place());
    contexts.put(&name, &login)?;
    let Context { server, email, org, .. } = Context::from(&login);
    let line = format!("logged in to {server} as {email}, organisation {org}, context {name}");
    ending::line(&line).map_err(Failure::Internal)?;
    Ok(ExitCode::SUCCESS)
}

/// The login if the server knows it, with an organisation that the account is in.
async fn checked(login: Login, terminal: &Terminal) -> Result<Login, Failure> {
    let server = connect(login.clone(), terminal)?;
    let call = server.call_at(Method::GET, &["api", "organizations"]);
    let known = call.read::<OrganisationsWire>().await?.value.data;
    let mut known = known.into_iter().map(|organisation| organisation.identifier).collect::<Vec<_>>();
    known.sort_by_key(|org| org != DEFAULT_ORG);
    let org = match login.org.as_str() {
        "" => known.into_iter().next(),
        wanted => known.into_iter().find(|org| org == wanted),
    };
    let none = || {
        let which = match login.org.as_str() {
            "" => "any organisation".to_owned(),
            wanted => format!("the organisation {wanted}"),
        };
        Failure::Denied(anyhow!("{} is not in {which} there: ask its admin", login.email))
    };
    let org = org.ok_or_else(none)?;
    Ok(Login { org, ..login })
}
