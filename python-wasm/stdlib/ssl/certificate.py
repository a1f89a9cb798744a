"""Certificates: PEM and DER, and the dict in which `getpeercert` tells what one says."""

import base64
import calendar
import ipaddress
import re
import textwrap
import time
from collections.abc import Iterator

from .errors import failure

PEM_HEADER = "-----BEGIN CERTIFICATE-----"
PEM_FOOTER = "-----END CERTIFICATE-----"
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\s(.*?)-----END CERTIFICATE-----", re.DOTALL)

# Tags of DER: encodings of text and time, and what is optional in a certificate.
_BMP, _UNIVERSAL, _LATIN = 0x1E, 0x1C, 0x14
_UTC_TIME = 0x17
_VERSION, _EXTENSIONS, _URI = 0xA0, 0xA3, 0x86
_BOOLEAN = 0x01
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

_ATTRIBUTES = {
    "2.5.4.3": "commonName",
    "2.5.4.4": "surname",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "countryName",
    "2.5.4.7": "localityName",
    "2.5.4.8": "stateOrProvinceName",
    "2.5.4.9": "streetAddress",
    "2.5.4.10": "organizationName",
    "2.5.4.11": "organizationalUnitName",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "givenName",
    "2.5.4.97": "organizationIdentifier",
    "1.2.840.113549.1.9.1": "emailAddress",
    "0.9.2342.19200300.100.1.1": "userId",
    "0.9.2342.19200300.100.1.25": "domainComponent",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionLocalityName",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionStateOrProvinceName",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionCountryName",
}
_ALTERNATIVE_NAMES, _LIMITS, _CRL_POINTS, _ACCESS = "2.5.29.17", "2.5.29.19", "2.5.29.31", "1.3.6.1.5.5.7.1.1"
_OCSP, _ISSUERS = "1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"

type Name = tuple[tuple[tuple[str, str], ...], ...]


def DER_cert_to_PEM_cert(der_cert_bytes: bytes) -> str:
    text = base64.b64encode(der_cert_bytes).decode("ascii")
    return "\n".join([PEM_HEADER, *textwrap.wrap(text, 64), PEM_FOOTER, ""])


def PEM_cert_to_DER_cert(pem_cert_string: str) -> bytes:
    if not pem_cert_string.startswith(PEM_HEADER):
        raise ValueError(f"Invalid PEM encoding; must start with {PEM_HEADER}")
    if not pem_cert_string.strip().endswith(PEM_FOOTER):
        raise ValueError(f"Invalid PEM encoding; must end with {PEM_FOOTER}")
    text = pem_cert_string.strip()[len(PEM_HEADER) : -len(PEM_FOOTER)]
    return base64.decodebytes(text.encode("ascii", "strict"))


def cert_time_to_seconds(cert_time: str) -> int:
    """Seconds since 1970 of a time as `getpeercert` gives it."""
    month, day_and_time = cert_time[:3].title(), cert_time[3:]
    if month not in _MONTHS or not cert_time.upper().endswith(" GMT"):
        raise ValueError(f'time data {cert_time!r} does not match format "%b %d %H:%M:%S %Y GMT"')
    parsed = time.strptime(day_and_time, " %d %H:%M:%S %Y GMT")
    return calendar.timegm((parsed.tm_year, _MONTHS.index(month) + 1, *parsed[2:6]))


def split_pem(pem: bytes) -> list[bytes]:
    """The DER of each certificate in a PEM."""
    return [base64.b64decode(match[1]) for match in _PEM.finditer(pem)]


def split_der(der: bytes) -> list[bytes]:
    """Each of several certificates that follow one another."""
    found = []
    at = 0
    while at < len(der):
        end = _next(der, at)[3]
        found.append(der[at:end])
        at = end
    return found


def decode(der: bytes) -> dict[str, object]:
    """What a certificate says, in the form of `getpeercert`."""
    try:
        return _decode(der)
    except (IndexError, UnicodeDecodeError) as error:
        raise failure("ASN1", "NOT_ENOUGH_DATA", "not enough data") from error


def is_authority(der: bytes) -> bool:
    """Whether a certificate is meant to sign others: what is of version 1 does not say."""
    try:
        version, fields = _fields(der)
        limits = [value for oid, value in _extensions(fields) if oid == _LIMITS]
        return any(tag == _BOOLEAN and said != b"\0" for value in limits for tag, said in _children(value)) or version == 1
    except IndexError:
        return False


def _fields(der: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    """A certificate's version, and what comes behind it."""
    signed = _children(_children(der)[0][1])[0][1]
    fields = _children(signed)
    version = 1
    if fields[0][0] == _VERSION:
        version = 1 + int.from_bytes(_children(fields.pop(0)[1])[0][1])
    return version, fields


def _decode(der: bytes) -> dict[str, object]:
    version, fields = _fields(der)
    serial, _algorithm, issuer, validity, subject = (content for _tag, content in fields[:5])
    begins, ends = _children(validity)
    found: dict[str, object] = {
        "subject": _name(subject),
        "issuer": _name(issuer),
        "version": version,
        "serialNumber": serial.lstrip(b"\0").hex().upper() or "00",
        "notBefore": _time(*begins),
        "notAfter": _time(*ends),
    }
    found.update(_facts(fields))
    return found


def _extensions(fields: list[tuple[int, bytes]]) -> Iterator[tuple[str, bytes]]:
    """OIDs, and what stands below them."""
    for tag, content in fields[6:]:
        if tag == _EXTENSIONS:
            for _tag, extension in _children(_children(content)[0][1]):
                parts = _children(extension)
                yield _oid(parts[0][1]), _children(parts[-1][1])[0][1]


def _facts(fields: list[tuple[int, bytes]]) -> Iterator[tuple[str, tuple[object, ...]]]:
    for oid, value in _extensions(fields):
        if oid == _ALTERNATIVE_NAMES:
            yield "subjectAltName", tuple(_general_name(*name) for name in _children(value))
        elif oid == _ACCESS:
            places = [_children(place) for _tag, place in _children(value)]
            for wanted, key in ((_OCSP, "OCSP"), (_ISSUERS, "caIssuers")):
                found = tuple(
                    place[1][1].decode("ascii") for place in places if _oid(place[0][1]) == wanted and place[1][0] == _URI
                )
                if found:
                    yield key, found
        elif oid == _CRL_POINTS:
            points = tuple(_points(value))
            if points:
                yield "crlDistributionPoints", points


def _points(value: bytes) -> Iterator[str]:
    for _tag, point in _children(value):
        for _tag, name in _children(point)[:1]:
            for _tag, full_name in _children(name)[:1]:
                yield from (text.decode("ascii") for tag, text in _children(full_name) if tag == _URI)


def _general_name(tag: int, content: bytes) -> tuple[str, object]:
    match tag:
        case 0x81:
            return "email", content.decode("ascii")
        case 0x82:
            return "DNS", content.decode("ascii")
        case 0x86:
            return "URI", content.decode("ascii")
        case 0xA4:
            return "DirName", _name(_children(content)[0][1])
        case 0x87 if len(content) == 4:
            return "IP Address", str(ipaddress.IPv4Address(content))
        case 0x87 if len(content) == 16:
            return "IP Address", ":".join(f"{int.from_bytes(content[at : at + 2]):X}" for at in range(0, 16, 2))
        case 0x87:
            return "IP Address", "<invalid>"
        case 0x88:
            return "Registered ID", _oid(content)
        case _:
            return "othername", "<unsupported>"


def _name(name: bytes) -> Name:
    return tuple(
        tuple(_attribute(*_children(attribute)) for _tag, attribute in _children(relative)) for _tag, relative in _children(name)
    )


def _attribute(kind: tuple[int, bytes], value: tuple[int, bytes]) -> tuple[str, str]:
    oid = _oid(kind[1])
    encoding = {_BMP: "utf-16-be", _UNIVERSAL: "utf-32-be", _LATIN: "latin-1"}.get(value[0], "utf-8")
    return _ATTRIBUTES.get(oid, oid), value[1].decode(encoding, "replace")


def _time(tag: int, text: bytes) -> str:
    digits = text.decode("ascii")
    if tag == _UTC_TIME:
        digits = ("20" if digits < "5" else "19") + digits
    month = _MONTHS[int(digits[4:6]) - 1]
    return f"{month} {int(digits[6:8]):2d} {digits[8:10]}:{digits[10:12]}:{digits[12:14]} {digits[:4]} GMT"


def _oid(content: bytes) -> str:
    numbers = []
    number = 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def _children(der: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of the elements that follow one another."""
    found = []
    at = 0
    while at < len(der):
        tag, begin, end, at = _next(der, at)
        found.append((tag, der[begin:end]))
    return found


def _next(der: bytes, at: int) -> tuple[int, int, int, int]:
    tag, length = der[at], der[at + 1]
    begin = at + 2
    if length >= 0x80:
        begin += length & 0x7F
        length = int.from_bytes(der[at + 2 : begin])
    end = begin + length
    if end > len(der):
        raise IndexError(end)
    return tag, begin, end, end
