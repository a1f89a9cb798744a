//! Hooks: making, listing and revoking them, and finding the one that a URL is of.

use super::{
    access::{hash_token, new_token},
    accounts::NotMade,
    audit::By,
    state::App,
};
use crate::{
    clock,
    model::{
        action::Action,
        hook::{Answer, Hook, Signature},
        id::{ActionId, OrgId},
    },
    random, store,
};

/// Hooks of one action.
const HOOKS_MAX: usize = 100;
const DESCRIPTION_BYTES_MAX: usize = 1_024;

/// A hook that somebody wants.
#[derive(Debug)]
pub(crate) struct NewHook {
    pub(crate) org: OrgId,
    pub(crate) action: ActionId,
    pub(crate) description: String,
    pub(crate) signature: Signature,
    pub(crate) answer: Answer,
}

impl App {
    /// Makes a hook. The token is in the answer and nowhere else.
    pub(crate) async fn make_hook(&self, new: NewHook, who: String) -> Result<(Hook, String), NotMade> {
        let NewHook { org, action, description, signature, answer } = new;
        let (bytes, bytes_max) = (description.len(), DESCRIPTION_BYTES_MAX);
        if bytes > bytes_max {
            return Err(NotMade::Long { what: "the description", bytes, bytes_max });
        }
        let (now, token) = (clock::now(), new_token());
        let by = By { who: who.clone(), org: org.clone(), at: now };
        let hook = Hook {
            id: ActionId::new(now, random::bytes()),
            org,
            action,
            description,
            token_hash: hash_token(&token),
            signature,
            answer,
            created_at: now,
            created_by: who,
        };
        let made = self.store().write(move |change| {
            if change.action(&hook.org, &hook.action)?.is_none() {
                return Err(NotMade::NoAction(hook.action));
            }
            if change.hooks(&hook.action)?.len() >= HOOKS_MAX {
                return Err(NotMade::TooMany);
            }
            change.put_hook(&hook)?;
            by.note(change, "hook.create", &hook.id, format!("action {}", hook.action))?;
            Ok(hook)
        });
        Ok((made.await?, token))
    }

    /// An action's hooks, oldest first.
    pub(crate) async fn hooks(&self, org: OrgId, action: ActionId) -> Result<Vec<Hook>, NotMade> {
        let found = self.store().read(move |view| {
            if view.action(&org, &action)?.is_none() {
                return Err(NotMade::NoAction(action));
            }
            let mut hooks = view.hooks(&action)?;
            // Their ids tell seconds apart, no more.
            hooks.sort_by_key(|hook| hook.created_at);
            Ok(hooks)
        });
        found.await
    }

    /// Revokes a hook: its URL is as unknown as any other from now on.
    pub(crate) async fn revoke_hook(
        &self,
        org: OrgId,
        action: ActionId,
        hook: ActionId,
        who: String,
    ) -> Result<(), NotMade> {
        let by = By { who, org: org.clone(), at: clock::now() };
        let revoked = self.store().settle(move |change| {
            if change.action(&org, &action)?.is_none() {
                return Err(NotMade::NoAction(action));
            }
            let found = change.hooks(&action)?.into_iter().find(|known| known.id == hook);
            change.remove_hook(&found.ok_or(NotMade::NoHook(hook))?);
            Ok(by.note(change, "hook.revoke", &hook, format!("action {action}"))?)
        });
        revoked.await
    }

    /// The hook whose URL holds that token, and its action. Looked up by the token's hash: how long that takes says nothing
    /// about tokens that there are.
    pub(crate) async fn hook(&self, token: &str) -> store::Result<Option<(Hook, Action)>> {
        let hash = hash_token(token);
        let found = self.store().read(move |view| {
            let Some(hook) = view.hook(&hash)? else { return Ok(None) };
            let action = view.action(&hook.org, &hook.action)?;
            Ok::<_, store::Error>(action.map(|action| (hook, action)))
        });
        found.await
    }
}
