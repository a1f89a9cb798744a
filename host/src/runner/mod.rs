//! Running actions: what is accepted, what waits, what runs, and what is written down of it.

mod accept;
mod ask;
mod call;
mod cancel;
mod deadline;
mod engines;
mod execute;
mod executor;
mod finish;
mod fuel;
mod imports;
mod lanes;
mod live;
mod mask;
mod memory;
mod plan;
mod recover;
mod rehearse;
mod rekey;
mod secrets;
mod start;
mod tally;
mod unpacked;

pub(crate) use accept::Ticket;
pub(crate) use ask::{Ask, Due, OnceAsk, Refused, Twice};
pub(crate) use engines::{Engines, NotOpen};
pub(crate) use lanes::Bounds;
pub(crate) use live::{Ended, Follow, Live};
pub(crate) use plan::{Draft, NotPrepared};
pub(crate) use rehearse::{NotRehearsed, Rehearsed};
pub(crate) use rekey::{NotRekeyed, rekey};
pub(crate) use start::{Runner, Settings};
pub(crate) use tally::{Histogram, Hour, Lately, Outcomes};
