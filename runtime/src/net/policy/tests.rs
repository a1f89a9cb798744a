//! What rules allow and what they do not, and how they are written.

use crate::net::grants::{Rule, RuleError};

use super::*;

/// Rules; behind a bar those of another who has a say.
fn grants(text: &str) -> Grants {
    let mut layers = text
        .split('|')
        .map(|rules| rules.split_whitespace().map(|rule| rule.parse::<Rule>().unwrap()).collect::<Vec<_>>());
    let first = Grants::new(layers.next().unwrap());
    layers.fold(first, Grants::within)
}

/// Asks for an address that was looked up under `names`; what is wrong with it, if anything.
fn asked(rules: &str, address: &str, names: &str) -> Option<String> {
    let names: Vec<_> = names.split_whitespace().map(str::to_owned).collect();
    reach(&grants(rules), address.parse().unwrap(), &names).err().map(|refusal| refusal.0)
}

/// Rules, address, the names it was looked up under, whether it may be reached.
const REACHED: &[(&str, &str, &str, bool)] = &[
    // At first nothing.
    ("", "1.1.1.1:443", "one.example", false),
    // Public addresses, by name and by number.
    ("one.example", "1.1.1.1:443", "one.example", true),
    ("one.example", "1.1.1.1:443", "", false),
    ("one.example", "1.1.1.1:443", "two.example", false),
    ("1.1.1.1", "1.1.1.1:443", "", true),
    ("1.1.1.0/24", "1.1.1.255:1", "", true),
    ("1.1.1.0/24", "1.1.2.0:1", "", false),
    ("0.0.0.0/0", "1.1.1.1:443", "", true),
    ("0.0.0.0/0", "[2606:4700::1]:443", "", false),
    ("::/0", "[2606:4700::1]:443", "", true),
    // Everybody who has a say has to allow it.
    ("one.example | *", "1.1.1.1:443", "one.example", true),
    ("one.example | two.example", "1.1.1.1:443", "one.example", false),
    ("one.example |", "1.1.1.1:443", "one.example", false),
    ("| one.example", "1.1.1.1:443", "one.example", false),
    ("one.example | *:80", "1.1.1.1:443", "one.example", false),
    ("db.one.example | *", "10.1.2.3:5432", "db.one.example", false),
    ("db.one.example | * 10.0.0.0/8", "10.1.2.3:5432", "db.one.example", true),
    ("* | db.one.example", "10.1.2.3:5432", "db.one.example", false),
    ("one.example | * | 1.1.1.0/24", "1.1.1.1:443", "one.example", true),
    // Ports.
    ("one.example:443", "1.1.1.1:443", "one.example", true),
    ("one.example:443", "1.1.1.1:80", "one.example", false),
    ("1.1.1.1:80,8000-8010", "1.1.1.1:8010", "", true),
    ("1.1.1.1:80,8000-8010", "1.1.1.1:8011", "", false),
    ("[2606:4700::]/32:443", "[2606:4700::1]:443", "", true),
    ("[2606:4700::]/32:443", "[2606:4700::1]:444", "", false),
    // The edges of a wildcard.
    ("*.one.example", "1.1.1.1:443", "a.one.example", true),
    ("*.one.example", "1.1.1.1:443", "b.a.one.example", true),
    ("*.one.example", "1.1.1.1:443", "one.example", false),
    ("*.one.example", "1.1.1.1:443", "aone.example", false),
    ("*.example", "1.1.1.1:443", "example", false),
    ("*.example", "1.1.1.1:443", "badexample", false),
    ("example", "1.1.1.1:443", "a.example", false),
    ("*.one.example", "1.1.1.1:443", "a.one.example.evil", false),
    ("*", "1.1.1.1:443", "any.thing", true),
    ("*", "1.1.1.1:443", "", false),
    // A name that leads somewhere private: the host's own rule allows that, a wildcard does not.
    ("db.one.example", "10.1.2.3:5432", "db.one.example", true),
    ("db.one.example", "[fd12::1]:5432", "db.one.example", true),
    ("db.one.example", "100.64.1.1:5432", "db.one.example", true),
    ("*.one.example", "10.1.2.3:5432", "db.one.example", false),
    ("*", "10.1.2.3:5432", "db.one.example", false),
    ("*.one.example 10.0.0.0/8", "10.1.2.3:5432", "db.one.example", true),
    // A name that leads to this machine or a cloud's credentials never does.
    ("one.example", "127.0.0.1:80", "one.example", false),
    ("one.example", "[::1]:80", "one.example", false),
    ("one.example", "169.254.169.254:80", "one.example", false),
    ("one.example", "0.0.0.0:80", "one.example", false),
    ("one.example", "[::ffff:10.0.0.1]:80", "one.example", false),
    ("localhost", "127.0.0.1:80", "localhost", true),
    ("localhost", "[::1]:80", "localhost", true),
    ("localhost", "127.0.0.1:80", "", false),
    ("localhost", "169.254.169.254:80", "localhost", false),
    // Special addresses need a rule that lies in their range.
    ("0.0.0.0/0 ::/0 *", "127.0.0.1:80", "", false),
    ("0.0.0.0/0 ::/0 *", "10.0.0.1:80", "", false),
    ("0.0.0.0/0 ::/0 *", "172.31.0.1:80", "", false),
    ("0.0.0.0/0 ::/0 *", "192.168.1.1:80", "", false),
    ("0.0.0.0/0 ::/0 *", "100.127.255.255:80", "", false),
    ("0.0.0.0/0 ::/0 *", "169.254.1.1:80", "", false),
    ("0.0.0.0/0 ::/0 *", "224.0.0.1:80", "", false),
    ("0.0.0.0/0 ::/0 *", "255.255.255.255:80", "", false),
    ("0.0.0.0/0 ::/0 *", "0.0.0.0:80", "", false),
    ("0.0.0.0/0 ::/0 *", "192.0.2.1:80", "", false),
    ("0.0.0.0/0 ::/0 *", "240.0.0.1:80", "", false),
    ("0.0.0.0/0 ::/0 *", "168.63.129.16:80", "", false),
    ("0.0.0.0/0 ::/0 *", "[::]:80", "", false),
    ("0.0.0.0/0 ::/0 *", "[::1]:80", "", false),
    ("0.0.0.0/0 ::/0 *", "[fe80::1]:80", "", false),
    ("0.0.0.0/0 ::/0 *", "[fd00::1]:80", "", false),
    ("0.0.0.0/0 ::/0 *", "[ff02::1]:80", "", false),
    ("0.0.0.0/0 ::/0 *", "[2001:db8::1]:80", "", false),
    ("127.0.0.1", "127.0.0.1:80", "", true),
    ("127.0.0.0/8", "127.9.9.9:80", "", true),
    ("127.0.0.1", "0.0.0.0:80", "", false),
    ("126.0.0.0/7", "127.0.0.1:80", "", false),
    ("10.0.0.0/8", "10.0.0.1:80", "", true),
    ("[fe80::]/10", "[fe80::1]:80", "", true),
    // Metadata lies in other special ranges, and is not meant by them.
    ("169.254.0.0/16", "169.254.1.1:80", "", true),
    ("169.254.0.0/16", "169.254.169.254:80", "", false),
    ("169.254.169.254", "169.254.169.254:80", "", true),
    ("100.64.0.0/10", "100.100.100.200:80", "", false),
    ("fc00::/7", "[fd00:ec2::254]:80", "", false),
    ("fd00:ec2::254", "[fd00:ec2::254]:80", "", true),
    // Forms of IPv6 in which an IPv4 address is hidden.
    ("127.0.0.1", "[::ffff:127.0.0.1]:80", "", false),
    ("1.1.1.1", "[::ffff:1.1.1.1]:80", "", false),
    ("::/0", "[::ffff:1.1.1.1]:80", "", false),
    ("::/0", "[::1.1.1.1]:80", "", false),
    ("::/0", "[64:ff9b::a00:1]:80", "", false),
    ("::/0", "[2002:a00:1::]:80", "", false),
    ("::/0", "[2001:0:a00:1::]:80", "", false),
    ("::/0", "[64:ff9b:1::a00:1]:80", "", false),
    ("::/0", "[::ffff:0:127.0.0.1]:80", "", false),
    ("::ffff:127.0.0.1", "[::ffff:127.0.0.1]:80", "", true),
    ("64:ff9b::/96", "[64:ff9b::a00:1]:80", "", true),
    ("2002:a00:1::/48", "[2002:a00:1::1]:80", "", true),
    // A zone says by which link, not where.
    ("::/0", "[fe80::1%2]:80", "", false),
    ("fe80::1", "[fe80::1%2]:80", "", true),
    ("::/0", "[::1%1]:80", "", false),
    // Multicast.
    ("224.0.0.0/4", "239.255.255.250:1900", "", true),
    ("224.0.0.0/4", "240.0.0.1:80", "", false),
    ("ff00::/8", "[ff02::fb]:5353", "", true),
];

#[test]
fn an_address_is_reached_where_a_rule_has_it() {
    for &(rules, address, names, allowed) in REACHED {
        let refused = asked(rules, address, names);
        assert_eq!(refused.is_none(), allowed, "{rules:?} {address} {names:?}: {refused:?}");
    }
}

#[test]
fn a_refusal_names_a_rule_that_would_do() {
    let rows = [
        ("10.0.0.1:80", "", "10.0.0.1:80"),
        ("10.0.0.1:80", "db.example", "db.example:80"),
        ("127.0.0.1:80", "evil.example", "127.0.0.1:80"),
        ("127.0.0.1:80", "localhost", "localhost:80"),
        ("169.254.169.254:80", "evil.example", "169.254.169.254:80"),
        ("[fd00:ec2::254]:80", "", "[fd00:ec2::254]:80"),
        ("[::ffff:10.0.0.1]:80", "", "[::ffff:10.0.0.1]:80"),
        ("1.1.1.1:443", "one.example", "one.example:443"),
    ];
    for (address, names, rule) in rows {
        let refused = asked("", address, names).unwrap();
        assert!(refused.ends_with(&format!("ask for the rule \"{rule}\"")), "{refused}");
        assert_eq!(asked(rule, address, names), None, "{rule}");
    }
}

#[test]
fn a_name_is_looked_up_where_a_rule_has_it() {
    let rows = [
        ("", "one.example", false),
        ("one.example:443", "one.example", true),
        ("*.example", "one.example", true),
        ("*", "one.example", true),
        ("0.0.0.0/0", "one.example", false),
        ("", "localhost", true),
        ("", "a.localhost", true),
        ("", "localhost.example", false),
    ];
    for (rules, name, allowed) in rows {
        assert_eq!(look_up(&grants(rules), name).is_ok(), allowed, "{rules:?} {name}");
    }
}

#[test]
fn sockets_listen_on_loopback_where_a_rule_has_it() {
    // Rules, address, whether it may be bound, whether it may listen.
    let rows = [
        ("", "0.0.0.0:0", true, false),
        ("", "[::]:0", true, false),
        ("", "127.0.0.1:0", false, false),
        ("0.0.0.0/0 *", "0.0.0.0:80", false, false),
        ("127.0.0.1", "127.0.0.1:0", true, true),
        ("127.0.0.1:8080", "127.0.0.1:8080", true, true),
        ("127.0.0.1:8080", "127.0.0.1:8081", false, false),
        ("10.0.0.0/8", "10.0.0.1:80", false, false),
        ("::1", "[::1]:80", true, true),
    ];
    for (rules, address, may_bind, may_listen) in rows {
        let (grants, address) = (grants(rules), address.parse().unwrap());
        assert_eq!(bind(&grants, address).is_ok(), may_bind, "{rules:?} {address}");
        assert_eq!(listen(&grants, address).is_ok(), may_listen, "{rules:?} {address}");
    }
}

#[test]
fn rules_are_written_and_shown_in_one_form() {
    let rows = [
        ("api.Example.ORG", "api.example.org"),
        ("example.org.:443", "example.org:443"),
        ("*.example.org:80,443", "*.example.org:80,443"),
        ("*", "*"),
        ("*:443", "*:443"),
        ("a_b-c.example:8000-8100", "a_b-c.example:8000-8100"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1/32:80", "10.0.0.1:80"),
        ("::1", "[::1]"),
        ("[::1]:80", "[::1]:80"),
        ("fd00::/8", "[fd00::]/8"),
        ("[fd00::]/8:80", "[fd00::]/8:80"),
    ];
    for (text, shown) in rows {
        let rule: Rule = text.parse().unwrap();
        assert_eq!(rule.to_string(), shown);
        assert_eq!(shown.parse::<Rule>().unwrap(), rule);
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    type Is = fn(&RuleError) -> bool;
    let (target, odd): (Is, Is) =
        (|error| matches!(error, RuleError::Target(_)), |error| matches!(error, RuleError::OddAddress(_)));
    let (prefix, host): (Is, Is) =
        (|error| matches!(error, RuleError::Prefix(_)), |error| matches!(error, RuleError::HostBits(..)));
    let ports: Is = |error| matches!(error, RuleError::Ports(_));
    let rows = [
        ("", target),
        (":443", target),
        ("*.", target),
        ("a.*.example", target),
        ("a..example", target),
        ("http://example.org/", ports),
        ("exa mple.org", target),
        ("bücher.example", target),
        ("[::1", target),
        ("::1::", target),
        // Decimal, octal and short forms that some take for addresses.
        ("2130706433", odd),
        ("0x7f000001", odd),
        ("127.1", odd),
        ("0177.0.0.1", odd),
        ("1.1.1.300", odd),
        ("10.0.0.0/33", prefix),
        ("::/129", prefix),
        ("10.0.0.0/", prefix),
        ("10.0.0.1/8", host),
        ("fd00::1/8", host),
        ("example.org:", ports),
        ("example.org:0", ports),
        ("example.org:65536", ports),
        ("example.org:90-80", ports),
        ("example.org:http", ports),
    ];
    for (text, is) in rows {
        let error = text.parse::<Rule>().unwrap_err();
        assert!(is(&error), "{text}: {error:?}");
    }
}
