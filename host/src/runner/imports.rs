//! Imports of uploads that are under way: each holds a sandbox, so an organisation may have a few at one time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::model::id::OrgId;

/// Imports of one organisation at one time.
pub(crate) const IMPORTS_MAX: usize = 8;

#[derive(Debug, Clone, Default)]
pub(super) struct Imports(Arc<Mutex<HashMap<OrgId, usize>>>);

/// One of them; dropped when it has ended.
#[derive(Debug)]
pub(super) struct Importing {
    imports: Imports,
    org: OrgId,
}

impl Imports {
    /// `None` when the organisation has as many as it may.
    pub(super) fn begin(&self, org: &OrgId) -> Option<Importing> {
        let mut counts = self.counts();
        let count = counts.entry(org.clone()).or_default();
        if *count >= IMPORTS_MAX {
            return None;
        }
        *count += 1;
        Some(Importing { imports: self.clone(), org: org.clone() })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<OrgId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Importing {
    fn drop(&mut self) {
        let mut counts = self.imports.counts();
        if let Some(count) = counts.get_mut(&self.org) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.org);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_organisation_has_a_few() {
        let imports = Imports::default();
        let [one, other] = ["one", "other"].map(|org| org.parse::<OrgId>().unwrap());
        let mut some: Vec<Importing> = (0..IMPORTS_MAX).map(|_| imports.begin(&one).unwrap()).collect();
        assert!(imports.begin(&one).is_none());
        assert!(imports.begin(&other).is_some());
        some.pop();
        assert!(imports.begin(&one).is_some());
        drop(some);
        assert!(imports.counts().is_empty());
    }
}
