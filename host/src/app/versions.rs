//! Versions of an action: going back to one.

use super::{actions::NotSaved, audit::By, state::App};
use crate::{
    clock,
    model::id::{ActionId, OrgId},
    runner::{Draft, NotPrepared},
};

impl App {
    /// A version of an action as it is in the store, the one that runs when `number` is `None`: to be tried out.
    pub(super) async fn draft(
        &self,
        org: OrgId,
        id: ActionId,
        number: Option<u32>,
    ) -> Result<Draft, NotSaved> {
        let draft = self.store().read(move |view| {
            let action = view.action(&org, &id)?.ok_or(NotSaved::NoAction(id))?;
            let organisation =
                view.organisation(&org)?.ok_or_else(|| NotSaved::NoOrganisation(org.clone()))?;
            let number = number.unwrap_or(action.version);
            let version = view.version(&id, number)?.ok_or(NotPrepared::NoVersion(number))?;
            let zip = view.bundle(&version.bundle)?.ok_or(NotPrepared::NoVersion(number))?;
            let packages = view.packages(&version)?.map(Into::into);
            let guest = version.guest;
            Ok::<_, NotSaved>(Draft { action, organisation, zip: zip.into(), packages, guest })
        });
        draft.await
    }

    /// Runs an action by another of its versions, once that is prepared.
    pub(crate) async fn roll_back(
        &self,
        org: OrgId,
        id: ActionId,
        number: u32,
        who: String,
    ) -> Result<(), NotSaved> {
        let draft = self.draft(org.clone(), id, Some(number)).await?;
        self.runner().try_out(draft).await?;
        let now = clock::now();
        let by = By { who, org: org.clone(), at: now };
        let rolled = self.store().write(move |change| {
            let mut action = change.action(&org, &id)?.ok_or(NotSaved::NoAction(id))?;
            let version = change.version(&id, number)?.ok_or(NotPrepared::NoVersion(number))?;
            action.version = number;
            action.zip_file_name = version.zip_file_name;
            action.guest = version.guest;
            action.modified_at = now;
            change.remove_state(&id)?;
            by.note(change, "action.rollback", &id, format!("version {number}"))?;
            Ok::<_, NotSaved>(change.put_action(&action)?)
        });
        rolled.await?;
        self.runner().changed(id);
        Ok(())
    }
}
