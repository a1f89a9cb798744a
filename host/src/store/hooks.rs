//! Hooks in the store, found by the hash of the token in their URL.

use super::{Change, Result, View, key, record::HookRecord};
use crate::model::{hook::Hook, id::ActionId};

const WHAT: &str = "hook";

impl View {
    pub(crate) fn hook(&self, token_hash: &[u8; 32]) -> Result<Option<Hook>> {
        self.one::<HookRecord, _>(&key::hook(token_hash), WHAT)
    }

    /// An action's hooks, oldest first.
    pub(crate) fn hooks(&self, action: &ActionId) -> Result<Vec<Hook>> {
        let mut hooks = Vec::new();
        for entry in self.below(&key::hooks_of_action(action)) {
            let (_, token_hash) = entry?;
            let Ok(token_hash) = <[u8; 32]>::try_from(&*token_hash) else { continue };
            hooks.extend(self.hook(&token_hash)?);
        }
        Ok(hooks)
    }
}

impl Change<'_> {
    pub(crate) fn put_hook(&mut self, hook: &Hook) -> Result<()> {
        self.put_bytes(key::hook_of_action(&hook.action, &hook.id), hook.token_hash.to_vec());
        self.put(key::hook(&hook.token_hash), &HookRecord::from(hook), WHAT)
    }

    pub(crate) fn remove_hook(&mut self, hook: &Hook) {
        self.remove(key::hook_of_action(&hook.action, &hook.id));
        self.remove(key::hook(&hook.token_hash));
    }

    pub(super) fn remove_hooks(&mut self, action: &ActionId) -> Result<()> {
        let hooks = self.hooks(action)?;
        for hook in &hooks {
            self.remove_hook(hook);
        }
        Ok(())
    }
}
