//! Lanes: which waiting run begins next. One lane for each action within one for each organisation; they take turns, so
//! that a long queue of one never stands in front of another's. Counts and bounds are here; what a run is, is not.

use std::collections::{HashMap, VecDeque};

use crate::model::id::{ActionId, OrgId};

/// How much may wait and run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Runs at one time, of all organisations.
    pub(crate) parallel: usize,
    /// Of one organisation.
    pub(crate) org_parallel: usize,
    /// Waiting runs of one organisation.
    pub(crate) org_queue: usize,
    /// What the payloads of an organisation's waiting runs may take, in bytes.
    pub(crate) org_queue_bytes: u64,
}

/// What an action may have at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActionBounds {
    pub(crate) parallel: usize,
    pub(crate) queue: usize,
}

/// Why nothing more may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The action's queue.
    Action { queue_max: usize },
    /// The organisation's.
    Organisation { queue_max: usize },
    /// The payloads of the organisation's waiting runs.
    Bytes { bytes_max: u64 },
}

/// Something that waits for its turn.
#[derive(Debug)]
struct Waiting<T> {
    entry: T,
    bytes: u64,
}

#[derive(Debug)]
struct ActionLane<T> {
    waiting: VecDeque<Waiting<T>>,
    /// Places that were promised to runs that are just being written down.
    promised: usize,
    live: usize,
    bounds: ActionBounds,
}

#[derive(Debug)]
struct OrgLane<T> {
    actions: HashMap<ActionId, ActionLane<T>>,
    /// Actions in the order of their turns. One that has nothing to begin is passed over.
    order: VecDeque<ActionId>,
    waiting: usize,
    waiting_bytes: u64,
    live: usize,
    /// Begins nothing: it used up its fuel.
    held: bool,
}

/// All that waits and how much runs.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    bounds: Bounds,
    orgs: HashMap<OrgId, OrgLane<T>>,
    order: VecDeque<OrgId>,
    live: usize,
    waiting: usize,
    /// Nothing begins any more.
    closed: bool,
}

impl<T> Lanes<T> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let (orgs, order) = (HashMap::new(), VecDeque::new());
        Self { bounds, orgs, order, live: 0, waiting: 0, closed: false }
    }

    /// Takes a place in the queue for a run that is not there yet.
    pub(crate) fn promise(
        &mut self,
        org: &OrgId,
        action: ActionId,
        bounds: ActionBounds,
        bytes: u64,
    ) -> Result<(), Full> {
        let all = self.bounds;
        let lane = self.org(org);
        let own = lane.action(action, bounds);
        // Those that may run need no place in the queue, whether they have begun or are about to.
        if own.live + own.waiting.len() + own.promised >= bounds.parallel + bounds.queue {
            return Err(Full::Action { queue_max: bounds.queue });
        }
        if lane.waiting >= all.org_queue {
            return Err(Full::Organisation { queue_max: all.org_queue });
        }
        if lane.waiting_bytes + bytes > all.org_queue_bytes {
            return Err(Full::Bytes { bytes_max: all.org_queue_bytes });
        }
        lane.waiting += 1;
        lane.waiting_bytes += bytes;
        lane.action(action, bounds).promised += 1;
        self.waiting += 1;
        Ok(())
    }

    /// The promised run does not come.
    pub(crate) fn withdraw(&mut self, org: &OrgId, action: ActionId, bytes: u64) {
        if let Some(lane) = self.orgs.get_mut(org)
            && let Some(own) = lane.actions.get_mut(&action)
        {
            own.promised -= 1;
            lane.waiting -= 1;
            lane.waiting_bytes -= bytes;
            self.waiting -= 1;
        }
        self.tidy(org, action);
    }

    /// The promised run is there.
    pub(crate) fn push(&mut self, org: &OrgId, action: ActionId, entry: T, bytes: u64) {
        if let Some(own) = self.orgs.get_mut(org).and_then(|lane| lane.actions.get_mut(&action)) {
            own.promised -= 1;
            own.waiting.push_back(Waiting { entry, bytes });
        }
    }

    /// A run that waits whatever the bounds are: it was accepted before.
    pub(crate) fn restore(
        &mut self,
        org: &OrgId,
        action: ActionId,
        bounds: ActionBounds,
        entry: T,
        bytes: u64,
    ) {
        let lane = self.org(org);
        lane.waiting += 1;
        lane.waiting_bytes += bytes;
        lane.action(action, bounds).waiting.push_back(Waiting { entry, bytes });
        self.waiting += 1;
    }

    /// Takes the next run that may begin; whoever gets it calls [`Lanes::ended`] afterwards.
    pub(crate) fn next(&mut self) -> Option<T> {
        if self.closed || self.live >= self.bounds.parallel {
            return None;
        }
        for _ in 0..self.order.len() {
            let org = self.order.pop_front()?;
            self.order.push_back(org.clone());
            let Some(lane) = self.orgs.get_mut(&org) else { continue };
            if lane.held || lane.live >= self.bounds.org_parallel {
                continue;
            }
            if let Some(next) = lane.next() {
                self.live += 1;
                self.waiting -= 1;
                return Some(next);
            }
        }
        None
    }

    /// A run that [`Lanes::next`] gave has ended.
    pub(crate) fn ended(&mut self, org: &OrgId, action: ActionId) {
        if let Some(lane) = self.orgs.get_mut(org)
            && let Some(own) = lane.actions.get_mut(&action)
        {
            own.live -= 1;
            lane.live -= 1;
            self.live -= 1;
        }
        self.tidy(org, action);
    }

    /// Whether the organisation begins nothing.
    pub(crate) fn hold(&mut self, org: &OrgId, held: bool) {
        self.org(org).held = held;
        self.tidy_org(org);
    }

    /// From now on nothing begins.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// What waits, when nothing will begin any more.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        let lanes = self.orgs.values_mut().flat_map(|lane| lane.actions.values_mut());
        lanes.flat_map(|own| own.waiting.drain(..)).map(|waiting| waiting.entry).collect()
    }

    fn org(&mut self, org: &OrgId) -> &mut OrgLane<T> {
        if !self.orgs.contains_key(org) {
            self.order.push_back(org.clone());
        }
        self.orgs.entry(org.clone()).or_default()
    }

    /// Forgets lanes that hold nothing.
    fn tidy(&mut self, org: &OrgId, action: ActionId) {
        let Some(lane) = self.orgs.get_mut(org) else { return };
        let empty = |own: &ActionLane<T>| own.live == 0 && own.promised == 0 && own.waiting.is_empty();
        if lane.actions.get(&action).is_some_and(empty) {
            lane.actions.remove(&action);
            lane.order.retain(|other| *other != action);
        }
        self.tidy_org(org);
    }

    fn tidy_org(&mut self, org: &OrgId) {
        if self.orgs.get(org).is_some_and(|lane| lane.actions.is_empty() && !lane.held) {
            self.orgs.remove(org);
            self.order.retain(|other| other != org);
        }
    }
}

impl<T> Default for OrgLane<T> {
    fn default() -> Self {
        let (actions, order) = (HashMap::new(), VecDeque::new());
        Self { actions, order, waiting: 0, waiting_bytes: 0, live: 0, held: false }
    }
}

impl<T> OrgLane<T> {
    fn action(&mut self, action: ActionId, bounds: ActionBounds) -> &mut ActionLane<T> {
        let order = &mut self.order;
        let own = self.actions.entry(action).or_insert_with(|| {
            order.push_back(action);
            ActionLane { waiting: VecDeque::new(), promised: 0, live: 0, bounds }
        });
        // The owner may have changed them since.
        own.bounds = bounds;
        own
    }

    fn next(&mut self) -> Option<T> {
        for _ in 0..self.order.len() {
            let action = self.order.pop_front()?;
            self.order.push_back(action);
            let Some(own) = self.actions.get_mut(&action) else { continue };
            if own.live >= own.bounds.parallel {
                continue;
            }
            let Some(Waiting { entry, bytes }) = own.waiting.pop_front() else { continue };
            own.live += 1;
            self.live += 1;
            self.waiting -= 1;
            self.waiting_bytes -= bytes;
            return Some(entry);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const BOUNDS: Bounds = Bounds { parallel: 4, org_parallel: 3, org_queue: 5, org_queue_bytes: 100 };
    const ONE: ActionBounds = ActionBounds { parallel: 1, queue: 3 };
    const TWO: ActionBounds = ActionBounds { parallel: 1, queue: 2 };

    fn action(number: u8) -> ActionId {
        ActionId::new(Timestamp::UNIX_EPOCH, [number; 16])
    }

    fn org(name: &str) -> OrgId {
        name.parse().unwrap()
    }

    fn add(
        lanes: &mut Lanes<u32>,
        org: &OrgId,
        action: ActionId,
        bounds: ActionBounds,
        entry: u32,
    ) -> Result<(), Full> {
        lanes.promise(org, action, bounds, 10)?;
        lanes.push(org, action, entry, 10);
        Ok(())
    }

    #[test]
    fn organisations_and_actions_take_turns() {
        let mut lanes = Lanes::new(BOUNDS);
        let (a, b) = (org("a"), org("b"));
        let three = ActionBounds { parallel: 3, queue: 3 };
        for entry in [1, 2, 3] {
            add(&mut lanes, &a, action(1), three, entry).unwrap();
        }
        add(&mut lanes, &a, action(2), three, 4).unwrap();
        add(&mut lanes, &b, action(3), three, 5).unwrap();
        assert_eq!([lanes.next(), lanes.next(), lanes.next()], [Some(1), Some(5), Some(4)]);
        assert_eq!(lanes.next(), Some(2), "a may have three");
        assert_eq!(lanes.next(), None, "four in all");
        lanes.ended(&b, action(3));
        assert_eq!(lanes.next(), None, "a has three");
        lanes.ended(&a, action(2));
        assert_eq!(lanes.next(), Some(3));
        assert_eq!((lanes.live(), lanes.waiting()), (3, 0));
    }

    #[test]
    fn each_bound_takes_what_is_below_and_refuses_what_is_above() {
        let mut lanes = Lanes::new(BOUNDS);
        let a = org("a");
        for entry in [1, 2, 3] {
            add(&mut lanes, &a, action(1), TWO, entry).unwrap();
        }
        assert_eq!(add(&mut lanes, &a, action(1), TWO, 4), Err(Full::Action { queue_max: 2 }));
        add(&mut lanes, &a, action(2), ONE, 5).unwrap();
        add(&mut lanes, &a, action(3), ONE, 6).unwrap();
        assert_eq!(add(&mut lanes, &a, action(4), ONE, 7), Err(Full::Organisation { queue_max: 5 }));
        assert_eq!(lanes.promise(&org("b"), action(5), ONE, 101), Err(Full::Bytes { bytes_max: 100 }));
        lanes.promise(&org("b"), action(5), ONE, 100).unwrap();
        lanes.withdraw(&org("b"), action(5), 100);
        assert_eq!(lanes.next(), Some(1));
        assert_eq!(lanes.next(), Some(5));
        assert_eq!(lanes.next(), Some(6));
        assert_eq!(lanes.next(), None, "each runs once at a time");
        lanes.ended(&a, action(1));
        assert_eq!(lanes.next(), Some(2));
    }

    #[test]
    fn what_is_held_or_closed_does_not_begin() {
        let mut lanes = Lanes::new(BOUNDS);
        let a = org("a");
        add(&mut lanes, &a, action(1), ONE, 1).unwrap();
        lanes.hold(&a, true);
        assert_eq!(lanes.next(), None);
        lanes.hold(&a, false);
        assert_eq!(lanes.next(), Some(1));
        add(&mut lanes, &a, action(2), ONE, 2).unwrap();
        lanes.close();
        assert_eq!(lanes.next(), None);
        assert_eq!(lanes.drain(), [2]);
    }

    #[test]
    fn lanes_that_hold_nothing_are_forgotten() {
        let mut lanes = Lanes::new(BOUNDS);
        for number in 0..100 {
            let org = org(&format!("org{number}"));
            add(&mut lanes, &org, action(number), ONE, 1).unwrap();
            assert_eq!(lanes.next(), Some(1));
            lanes.ended(&org, action(number));
        }
        assert!(lanes.orgs.is_empty() && lanes.order.is_empty());
    }
}
