//! Addresses that are no ordinary places on the internet, and are reached only by a rule that names them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a special range of addresses is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody's own network: a rule for one host's name reaches it too.
    Private,
    Loopback,
    LinkLocal,
    /// Where clouds hand credentials to whoever asks from inside.
    Metadata,
    Multicast,
    Unspecified,
    Broadcast,
    Reserved,
    /// An IPv6 form of an IPv4 address, which would be a way around the rules for that one.
    Embedded,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Broadcast => "broadcast",
            Self::Reserved => "reserved",
            Self::Embedded => "embedded",
        }
    }
}

/// Addresses whose first bits are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) address: IpAddr,
    pub(super) bits: u8,
}

impl Prefix {
    pub(super) fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                (ours.to_bits() ^ theirs.to_bits()) & mask == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                (ours.to_bits() ^ theirs.to_bits()) & mask == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether all of it lies in `other`.
    pub(super) fn lies_in(self, other: Self) -> bool {
        self.bits >= other.bits && other.contains(self.address)
    }
}

/// The narrowest special range that `address` lies in.
pub(super) fn special(address: IpAddr) -> Option<(Prefix, Kind)> {
    let in_it = RANGES.iter().filter(|(prefix, _)| prefix.contains(address));
    in_it.max_by_key(|(prefix, _)| prefix.bits).copied()
}

const fn v4(octets: [u8; 4], bits: u8, kind: Kind) -> (Prefix, Kind) {
    let [a, b, c, d] = octets;
    (Prefix { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }, kind)
}

const fn v6(segments: [u16; 8], bits: u8, kind: Kind) -> (Prefix, Kind) {
    let [a, b, c, d, e, f, g, h] = segments;
    (Prefix { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), bits }, kind)
}

/// The special-purpose registries of IANA, and where clouds have their metadata.
const RANGES: &[(Prefix, Kind)] = &[
    v4([0, 0, 0, 0], 8, Kind::Unspecified),
    v4([10, 0, 0, 0], 8, Kind::Private),
    v4([100, 64, 0, 0], 10, Kind::Private),
    v4([100, 100, 100, 200], 32, Kind::Metadata),
    v4([127, 0, 0, 0], 8, Kind::Loopback),
    v4([168, 63, 129, 16], 32, Kind::Metadata),
    v4([169, 254, 0, 0], 16, Kind::LinkLocal),
    v4([169, 254, 169, 254], 32, Kind::Metadata),
    v4([169, 254, 170, 2], 32, Kind::Metadata),
    v4([169, 254, 170, 23], 32, Kind::Metadata),
    v4([172, 16, 0, 0], 12, Kind::Private),
    v4([192, 0, 0, 0], 24, Kind::Reserved),
    v4([192, 0, 0, 192], 32, Kind::Metadata),
    v4([192, 0, 2, 0], 24, Kind::Reserved),
    v4([192, 88, 99, 0], 24, Kind::Reserved),
    v4([192, 168, 0, 0], 16, Kind::Private),
    v4([198, 18, 0, 0], 15, Kind::Reserved),
    v4([198, 51, 100, 0], 24, Kind::Reserved),
    v4([203, 0, 113, 0], 24, Kind::Reserved),
    v4([224, 0, 0, 0], 4, Kind::Multicast),
    v4([240, 0, 0, 0], 4, Kind::Reserved),
    v4([255, 255, 255, 255], 32, Kind::Broadcast),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, Kind::Unspecified),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, Kind::Loopback),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, Kind::Embedded),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, Kind::Embedded),
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, Kind::Embedded),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, Kind::Embedded),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Kind::Embedded),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, Kind::Reserved),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Kind::Reserved),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Kind::Embedded),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Kind::Reserved),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Kind::Embedded),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Kind::Reserved),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, Kind::Reserved),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Kind::Private),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128, Kind::Metadata),
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128, Kind::Metadata),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Kind::LinkLocal),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Kind::Reserved),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Kind::Multicast),
];
