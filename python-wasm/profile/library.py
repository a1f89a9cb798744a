"""The library code around it: imports, logging, hashing, base64, URLs, CSV, dates, Decimal, pickle, compression, templates."""

import base64
import binascii
import copy
import csv
import datetime
import decimal
import enum
import functools
import hashlib
import hmac
import io
import ipaddress
import logging
import pickle
import string
import struct
import textwrap
import traceback
import types
import urllib.parse
import uuid
import xml.etree.ElementTree as ElementTree
import zlib


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


def log(stream: io.StringIO) -> None:
    logger = logging.getLogger("action")
    logger.setLevel(logging.INFO)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
    for i in range(1500):
        logger.info("record %d of %s took %.1f ms", i, "host", i / 3)
        logger.debug("not shown %d", i)
        if i % 100 == 0:
            try:
                {}["missing"]
            except KeyError:
                logger.exception("failed")
    logger.removeHandler(handler)
    print(*range(2000), file=stream)


def encode() -> None:
    for i in range(700):
        data = f"payload {i} ".encode() * 40
        hashlib.sha256(data).hexdigest()
        hashlib.md5(data).hexdigest()
        hashlib.sha1(data).digest()
        hmac.new(b"key", data, "sha256").hexdigest()
        assert base64.b64decode(base64.b64encode(data)) == data
        binascii.hexlify(data)
        zlib.crc32(data)
        struct.unpack("<IHB", struct.pack("<IHB", i, i & 0xFFFF, i & 0xFF))
        query = urllib.parse.urlencode({"q": f"a b {i} \u00e9", "n": i})
        urllib.parse.parse_qs(query)
        url = urllib.parse.urlsplit(f"https://user@example.org:8443/a/b?{query}#x")
        urllib.parse.urljoin(url.geturl(), "../c")
        uuid.uuid5(uuid.NAMESPACE_URL, query)
        ipaddress.ip_address(0x0A000000 + i) in ipaddress.ip_network("10.0.0.0/8")
    zlib.decompress(zlib.compress(b"log line with words\n" * 4000))


def tables() -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["a", "b", "c"])
    writer.writeheader()
    for i in range(3000):
        writer.writerow({"a": i, "b": f"x,{i}", "c": 'say "hi"'})
    sum(int(row["a"]) for row in csv.DictReader(io.StringIO(out.getvalue())))


def values() -> None:
    day = datetime.date(2026, 1, 1)
    total = decimal.Decimal(0)
    for i in range(2500):
        total += decimal.Decimal(i) / decimal.Decimal("7.25")
        when = datetime.datetime.combine(day + datetime.timedelta(days=i % 365), datetime.time(i % 24), datetime.UTC)
        datetime.datetime.fromisoformat(when.isoformat()).astimezone(datetime.timezone(datetime.timedelta(hours=2)))
        str(total.quantize(decimal.Decimal("0.01")))
        Level(1 + i % 2).name.lower()
    nested = {"a": [1, 2.5, {"b": ("x", None, True)}], "c": {"d": list(range(50))}}
    for _ in range(150):
        assert pickle.loads(pickle.dumps(copy.deepcopy(nested))) == nested


@functools.lru_cache(maxsize=256)
def squared(n: int) -> int:
    return n * n


def documents() -> None:
    sum(squared(i % 300) for i in range(20000))
    root = ElementTree.Element("events")
    for i in range(600):
        ElementTree.SubElement(root, "event", id=str(i)).text = f"text {i} & <more>"
    ElementTree.fromstring(ElementTree.tostring(root)).findall("event")
    template = string.Template("$name: ${value} of $$total")
    for i in range(500):
        template.substitute(name=i, value=i)
        textwrap.fill("some words to be wrapped " * 6, 40)
        "{0:>8}|{name!r:<10}|{0:x}".format(i, name="n")


def compile_and_fail() -> None:
    source = "\n".join(f"def f{i}(a, b={i}):\n    return [x + b for x in a if x % 3] or {{'k': {i}}}" for i in range(150))
    module = types.ModuleType("action")
    exec(compile(source, "main.py", "exec"), module.__dict__)
    for i in range(60):
        try:
            module.f0(None)
        except TypeError:
            traceback.format_exc()


def main() -> None:
    log(io.StringIO())
    for _ in range(3):
        encode()
        tables()
        values()
        documents()
        compile_and_fail()


main()
