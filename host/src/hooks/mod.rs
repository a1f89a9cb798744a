//! Receiving hooks: senders that cannot log in run one action by an unguessable URL. Making and revoking hooks is the
//! API's.

mod receive;
mod signature;

pub(crate) use receive::router;
