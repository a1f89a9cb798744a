//! Accounts in the store.

use super::{Change, Result, View, key, record::AccountRecord};
use crate::model::account::{Account, Email};

const WHAT: &str = "account";

impl View {
    pub(crate) fn account(&self, email: &Email) -> Result<Option<Account>> {
        self.one::<AccountRecord, _>(&key::account(email), WHAT)
    }

    /// All of them, by address.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = Result<Account>> + use<> {
        self.all::<AccountRecord, _>(key::ACCOUNTS, WHAT)
    }
}

impl Change<'_> {
    pub(crate) fn put_account(&mut self, account: &Account) -> Result<()> {
        self.put(key::account(&account.email), &AccountRecord::from(account), WHAT)
    }

    pub(crate) fn remove_account(&mut self, email: &Email) {
        self.remove(key::account(email));
    }
}
