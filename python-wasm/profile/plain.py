"""Plain Python: calls, classes, generators, loops over int and float, exceptions, sorting, strings, small algorithms."""

import dataclasses
import heapq
import itertools
import math
import operator
import random


@dataclasses.dataclass(slots=True)
class Point:
    x: float
    y: float

    def moved(self, dx: float, dy: float) -> "Point":
        return Point(self.x + dx, self.y + dy)

    @property
    def norm(self) -> float:
        return math.hypot(self.x, self.y)


class Account:
    def __init__(self, name: str, balance: int = 0) -> None:
        self.name = name
        self.balance = balance

    def add(self, amount: int) -> None:
        if amount < 0 and self.balance + amount < 0:
            raise ValueError(f"{self.name} cannot pay {amount}")
        self.balance += amount


def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def primes(limit: int) -> list[int]:
    sieve = bytearray([1]) * limit
    for i in range(2, int(limit**0.5) + 1):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, limit, i)))
    return [i for i in range(2, limit) if sieve[i]]


def mandelbrot(size: int) -> int:
    inside = 0
    for row in range(size):
        for column in range(size):
            z = 0j
            c = complex(2.0 * column / size - 1.5, 2.0 * row / size - 1.0)
            for _ in range(30):
                z = z * z + c
                if abs(z) > 2.0:
                    break
            else:
                inside += 1
    return inside


def bodies(steps: int) -> float:
    x, y, vx, vy = 1.0, 0.0, 0.0, 1.0
    total = 0.0
    for _ in range(steps):
        r = (x * x + y * y) ** 1.5
        vx -= x / r * 0.001
        vy -= y / r * 0.001
        x += vx * 0.001
        y += vy * 0.001
        total += abs(x) + abs(y)
    return total


def integers(n: int) -> int:
    total = 0
    i = 0
    while i < n:
        total = (total * 31 + i) & 0xFFFFFFFF
        total ^= i >> 3
        i += 1
    return total


def chunks(values, size):
    values = iter(values)
    while block := list(itertools.islice(values, size)):
        yield block


def objects() -> None:
    accounts = [Account(f"a{i}", i) for i in range(200)]
    refused = 0
    for turn in range(40):
        for account in accounts:
            try:
                account.add(turn - 20)
            except ValueError:
                refused += 1
    points = [Point(i * 0.5, -i).moved(1, 2) for i in range(2000)]
    sum(p.norm for p in points)
    sorted(points, key=operator.attrgetter("norm"), reverse=True)


def containers(rng: random.Random) -> None:
    numbers = [rng.random() for _ in range(20000)]
    sorted(numbers)
    words = ["w%d" % rng.randrange(3000) for _ in range(20000)]
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]
    heap: list[tuple[float, int]] = []
    for i, number in enumerate(numbers[:4000]):
        heapq.heappush(heap, (number, i))
    while heap:
        heapq.heappop(heap)
    unique = set(words) | {w.upper() for w in words[:500]}
    sum(len(block) for block in chunks(sorted(unique), 7))
    {k: [v for _, v in g] for k, g in itertools.groupby(sorted((w[:2], w) for w in words[:5000]), key=operator.itemgetter(0))}
    matrix = [[i * j % 7 for j in range(40)] for i in range(40)]
    [[sum(a * b for a, b in zip(row, column)) for column in zip(*matrix)] for row in matrix]


def text() -> None:
    paragraph = "The quick brown fox, jumps over the lazy d\u00f6g; 12345 times! " * 200
    for _ in range(12):
        words = paragraph.lower().split()
        " ".join(word.strip(",;!").capitalize() for word in words)
        "".join(reversed(paragraph))
        paragraph.replace("fox", "cat").encode().decode("utf-8")
        [f"{i:05d}|{word:>10}|{i / 7:.3f}" for i, word in enumerate(words)]
        sum(1 for ch in paragraph if ch.isalpha() or ch in "aeiou")
        paragraph.translate({ord("a"): "A", ord("b"): None})


def matching() -> int:
    hits = 0
    for i in range(6000):
        match [{"kind": "a", "n": i}, ("b", i), i, None][i % 4]:
            case {"kind": "a", "n": int(n)} if n % 2:
                hits += n
            case ("b", n):
                hits -= n
            case None:
                hits += 1
            case _:
                pass
    return hits


def main() -> None:
    rng = random.Random(1)
    fib(23)
    primes(200_000)
    mandelbrot(60)
    bodies(120_000)
    integers(200_000)
    matching()
    for _ in range(4):
        objects()
        containers(rng)
    text()


main()
