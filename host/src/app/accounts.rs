//! Accounts: the first one, and making, changing and removing others.

use std::collections::BTreeMap;

use super::{
    access::{hash_password, hash_token, new_token},
    audit::By,
    organisations::FIRST_ORG,
    state::App,
};
use crate::{
    clock,
    model::{
        account::{Account, AccountKind, Credential, Email, Role},
        id::{ActionId, OrgId},
        organisation::{Organisation, Origin},
    },
    store::{self, Change},
};

const ROOT_EMAIL: &str = "root@example.com";
const ACCOUNTS_MAX: usize = 10_000;
const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 8..=256;
const DESCRIPTION_BYTES_MAX: usize = 1_024;

/// Why an organisation, an account or a hook is not made or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotMade {
    #[error("there is no account {0}")]
    NoAccount(Email),
    #[error("there is no action {0}")]
    NoAction(ActionId),
    #[error("there is no hook {0}")]
    NoHook(ActionId),
    #[error("there is no organisation {0}")]
    NoOrganisation(OrgId),
    #[error("{0} is there already")]
    Exists(String),
    #[error("{0} has an account already: leave out the password to give it a role here")]
    Known(Email),
    #[error("a password has {} to {} bytes", PASSWORD_BYTES.start(), PASSWORD_BYTES.end())]
    Password,
    #[error("the old password is another one")]
    OldPassword,
    #[error("{what} has {bytes} bytes, the limit is {bytes_max}: shorten it")]
    Long { what: &'static str, bytes: usize, bytes_max: usize },
    #[error("the origin's URL is none: write http:// or https:// and a host")]
    Url,
    #[error("{rules} rules are too many: the limit is {rules_max}")]
    Rules { rules: usize, rules_max: usize },
    #[error("the token of {0} is empty or holds what no header can hold")]
    Token(Email),
    #[error("there are too many already: remove some")]
    TooMany,
    #[error("the root account cannot be changed or removed here")]
    Root,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// An account that was made, and its token, which nobody can read again.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) email: Email,
    pub(crate) token: String,
}

impl App {
    /// Makes the first organisation and the root account where there are none. The password when it was made up here: it
    /// is to be shown once.
    pub(crate) async fn set_up(
        &self,
        email: Option<&str>,
        password: Option<&str>,
    ) -> Result<Option<(Email, String)>, NotMade> {
        let email: Email = email.unwrap_or(ROOT_EMAIL).parse().expect("settings hold checked addresses");
        let given = password.map(str::to_owned);
        let made_up = given.is_none().then(new_token);
        let secret = given.clone().or_else(|| made_up.clone()).unwrap_or_default();
        let hash = match self.password_hash(&email, &secret).await? {
            // Sessions are of a hash: those of the same password outlive a restart.
            Some(hash) => hash,
            None => {
                let hash = tokio::task::spawn_blocking(move || hash_password(&secret)).await;
                hash.map_err(|error| store::Error::Library(error.to_string()))?
            }
        };
        let (now, root) = (clock::now(), email.clone());
        let made = self.store().settle(move |change| {
            let org: OrgId = FIRST_ORG.parse().expect("it is a plain word");
            if change.organisation(&org)?.is_none() && change.organisations().next().is_none() {
                change.put_organisation(&Organisation {
                    id: org,
                    created_at: now,
                    origin: Origin::default(),
                    egress: Vec::new(),
                    unverified_tls: false,
                })?;
            }
            let known = change.account(&root)?;
            // A password that is set counts from the next start on; one that was made up stays.
            if known.is_some() && given.is_none() {
                return Ok(false);
            }
            let others = change.accounts().any(|account| account.is_ok_and(|account| account.root));
            if known.is_none() && given.is_none() && others {
                return Ok(false);
            }
            change.put_account(&Account {
                email: root,
                kind: AccountKind::User,
                credential: Credential::Password(hash),
                roles: BTreeMap::new(),
                root: true,
                description: "the operator".to_owned(),
                created_at: known.map_or(now, |known| known.created_at),
            })?;
            Ok::<_, NotMade>(true)
        });
        let made = made.await?;
        self.forget_accounts();
        Ok(made_up.filter(|_| made).map(|password| (email, password)))
    }

    /// The hash of an account whose password this is.
    async fn password_hash(&self, email: &Email, password: &str) -> store::Result<Option<String>> {
        let of = email.clone();
        let known = self.store().read(move |view| view.account(&of)).await?;
        let Some(Credential::Password(hash)) = known.map(|account| account.credential) else {
            return Ok(None);
        };
        let is_right = self.access().password_is_right(password.to_owned(), hash.clone()).await;
        Ok(is_right.then_some(hash))
    }

    /// An organisation's accounts of that kind, by address.
    pub(crate) async fn members(&self, org: OrgId, kind: AccountKind) -> store::Result<Vec<Account>> {
        let found = self.store().read(move |view| {
            let members = view.accounts().filter(|account| {
                account
                    .as_ref()
                    .map_or(true, |account| account.kind == kind && account.roles.contains_key(&org))
            });
            members.collect::<store::Result<Vec<_>>>()
        });
        found.await
    }

    /// Makes a service account of an organisation; its token is in the answer and nowhere else.
    pub(crate) async fn make_service_account(
        &self,
        org: OrgId,
        email: Email,
        role: Role,
        description: String,
        who: String,
    ) -> Result<Made, NotMade> {
        check_description(&description)?;
        let token = new_token();
        let account = Account {
            email: email.clone(),
            kind: AccountKind::Service,
            credential: Credential::Token(hash_token(&token)),
            roles: BTreeMap::from([(org.clone(), role)]),
            root: false,
            description,
            created_at: clock::now(),
        };
        let by = By { who, org, at: clock::now() };
        let made = self.store().write(move |change| insert(change, &account, &by, "service_account.create"));
        made.await?;
        Ok(Made { email, token })
    }

    /// Gives a service account a new token; the old one counts no longer.
    pub(crate) async fn rotate_token(&self, org: OrgId, email: Email, who: String) -> Result<Made, NotMade> {
        let token = new_token();
        let hash = hash_token(&token);
        let by = By { who, org: org.clone(), at: clock::now() };
        let named = email.clone();
        let rotated = self.store().write(move |change| {
            let mut account = member(change, &org, &named, AccountKind::Service)?;
            account.credential = Credential::Token(hash);
            by.note(change, "service_account.rotate", &named, "")?;
            Ok::<_, NotMade>(change.put_account(&account)?)
        });
        rotated.await?;
        self.forget_accounts();
        Ok(Made { email, token })
    }

    /// Changes what an account is in an organisation.
    pub(crate) async fn change_member(
        &self,
        org: OrgId,
        email: Email,
        kind: AccountKind,
        role: Option<Role>,
        description: Option<String>,
        who: String,
    ) -> Result<(), NotMade> {
        check_description(description.as_deref().unwrap_or_default())?;
        let by = By { who, org: org.clone(), at: clock::now() };
        let changed = self.store().write(move |change| {
            let mut account = member(change, &org, &email, kind)?;
            if let Some(role) = role {
                account.roles.insert(org, role);
            }
            if let Some(description) = description {
                account.description = description;
            }
            by.note(change, "account.change", &email, role.map_or("", Role::as_str))?;
            Ok::<_, NotMade>(change.put_account(&account)?)
        });
        changed.await?;
        self.forget_accounts();
        Ok(())
    }

    /// Takes an account out of an organisation; one that is in no other goes altogether.
    pub(crate) async fn remove_member(
        &self,
        org: OrgId,
        email: Email,
        kind: AccountKind,
        who: String,
    ) -> Result<(), NotMade> {
        let by = By { who, org: org.clone(), at: clock::now() };
        let removed = self.store().settle(move |change| {
            let mut account = member(change, &org, &email, kind)?;
            account.roles.remove(&org);
            by.note(change, "account.remove", &email, "")?;
            if account.roles.is_empty() {
                change.remove_account(&email);
                return Ok(());
            }
            Ok::<_, NotMade>(change.put_account(&account)?)
        });
        removed.await?;
        self.forget_accounts();
        Ok(())
    }

    /// Makes a user with a password, or gives one who is there a role in this organisation too.
    pub(crate) async fn make_user(
        &self,
        org: OrgId,
        email: Email,
        password: Option<String>,
        role: Role,
        who: String,
    ) -> Result<(), NotMade> {
        let hash = match password {
            Some(password) => Some(hashed(password).await?),
            None => None,
        };
        let now = clock::now();
        let by = By { who, org: org.clone(), at: now };
        let made = self.store().write(move |change| {
            if let Some(mut known) = change.account(&email)? {
                if known.root || known.kind != AccountKind::User || known.roles.contains_key(&org) {
                    return Err(NotMade::Exists(email.to_string()));
                }
                // Whoever gives a password counts on it being the account's: here it would be somebody else's.
                if hash.is_some() {
                    return Err(NotMade::Known(email));
                }
                if change.organisation(&org)?.is_none() {
                    return Err(NotMade::NoOrganisation(org));
                }
                known.roles.insert(org, role);
                by.note(change, "user.add", &email, role.as_str())?;
                return Ok(change.put_account(&known)?);
            }
            let account = Account {
                email,
                kind: AccountKind::User,
                credential: Credential::Password(hash.ok_or(NotMade::Password)?),
                roles: BTreeMap::from([(org, role)]),
                root: false,
                description: String::new(),
                created_at: now,
            };
            insert(change, &account, &by, "user.create")
        });
        made.await?;
        self.forget_accounts();
        Ok(())
    }

    /// Gives a user a new password. `old`: the one that the user has; only the operator need not know it.
    pub(crate) async fn change_password(
        &self,
        org: OrgId,
        email: Email,
        old: Option<String>,
        new: String,
        who: String,
    ) -> Result<(), NotMade> {
        if let Some(old) = old
            && !self.access().is_password(&email, old, self.store()).await?
        {
            return Err(NotMade::OldPassword);
        }
        let hash = hashed(new).await?;
        let by = By { who, org: org.clone(), at: clock::now() };
        let changed = self.store().settle(move |change| {
            let mut account = member(change, &org, &email, AccountKind::User)?;
            account.credential = Credential::Password(hash);
            by.note(change, "user.password", &email, "")?;
            Ok::<_, NotMade>(change.put_account(&account)?)
        });
        changed.await?;
        self.forget_accounts();
        Ok(())
    }
}

/// The hash of a password that may be one.
async fn hashed(password: String) -> Result<String, NotMade> {
    if !PASSWORD_BYTES.contains(&password.len()) {
        return Err(NotMade::Password);
    }
    let hashing = tokio::task::spawn_blocking(move || hash_password(&password)).await;
    hashing.map_err(|error| store::Error::Library(error.to_string()).into())
}

fn check_description(text: &str) -> Result<(), NotMade> {
    let (bytes, bytes_max) = (text.len(), DESCRIPTION_BYTES_MAX);
    if bytes > bytes_max {
        return Err(NotMade::Long { what: "the description", bytes, bytes_max });
    }
    Ok(())
}

fn insert(change: &mut Change<'_>, account: &Account, by: &By, what: &str) -> Result<(), NotMade> {
    if change.organisation(&by.org)?.is_none() {
        return Err(NotMade::NoOrganisation(by.org.clone()));
    }
    if change.account(&account.email)?.is_some() {
        return Err(NotMade::Exists(account.email.to_string()));
    }
    if change.accounts().count() >= ACCOUNTS_MAX {
        return Err(NotMade::TooMany);
    }
    by.note(change, what, &account.email, "")?;
    Ok(change.put_account(account)?)
}

/// An account of that kind in that organisation.
fn member(change: &Change<'_>, org: &OrgId, email: &Email, kind: AccountKind) -> Result<Account, NotMade> {
    let found = change.account(email)?.filter(|account| account.kind == kind);
    match found {
        Some(account) if account.root => Err(NotMade::Root),
        Some(account) if account.roles.contains_key(org) => Ok(account),
        Some(_) | None => Err(NotMade::NoAccount(email.clone())),
    }
}
