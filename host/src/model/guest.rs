//! Which of the guests an action runs in, and what follows from that alone.

/// The guests that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GuestKind {
    /// CPython and its standard library.
    Base,
    /// The same with NumPy and pandas.
    Data,
}

/// The memory of a run whose action does not say, by the guest that it runs in, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryDefaults {
    pub(crate) base_bytes: usize,
    pub(crate) data_bytes: usize,
}

impl GuestKind {
    pub(crate) const ALL: [Self; 2] = [Self::Base, Self::Data];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Data => "data",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl MemoryDefaults {
    pub(crate) fn of(&self, kind: GuestKind) -> usize {
        match kind {
            GuestKind::Base => self.base_bytes,
            GuestKind::Data => self.data_bytes,
        }
    }
}
