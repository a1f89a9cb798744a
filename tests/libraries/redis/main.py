"""Counts, queues, publishes and runs a script, in the clear and with TLS, also asynchronously."""

import os

import redis
import redis.asyncio

HOST, REDIS, REDIS_TLS = os.environ["HOST"], int(os.environ["REDIS"]), int(os.environ["REDIS_TLS"])
PLAIN = {"host": HOST, "port": REDIS, "password": "hidden", "socket_timeout": 10, "decode_responses": True}
SECURE = PLAIN | {"port": REDIS_TLS, "ssl": True, "ssl_ca_certs": "/action/ca.pem"}


def work(client, prefix):
    told = [client.ping(), client.set(f"{prefix}:text", "grüße"), client.get(f"{prefix}:text")]
    with client.pipeline(transaction=True) as pipeline:
        for number in range(100):
            pipeline.incrby(f"{prefix}:sum", number)
        told.append(pipeline.execute()[-1])
    client.rpush(f"{prefix}:queue", *range(5))
    told += [client.blpop(f"{prefix}:queue", timeout=5)[1], client.lrange(f"{prefix}:queue", 0, -1)]
    client.hset(f"{prefix}:hash", mapping={"a": 1, "b": 2})
    told.append(sorted(client.hgetall(f"{prefix}:hash").items()))
    entry = client.xadd(f"{prefix}:stream", {"level": "error"})
    told.append(client.xrange(f"{prefix}:stream") == [(entry, {"level": "error"})])
    told.append(client.eval("return redis.call('INCR', KEYS[1]) * 2", 1, f"{prefix}:sum"))
    large = "x" * 1_000_000
    client.set(f"{prefix}:large", large, ex=60)
    told += [client.get(f"{prefix}:large") == large, 0 < client.ttl(f"{prefix}:large") <= 60]
    with client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(f"{prefix}:news")
        channel.get_message(timeout=5)
        client.publish(f"{prefix}:news", "hello")
        told.append(channel.get_message(timeout=5)["data"])
    return told


async def later(options):
    async with redis.asyncio.Redis(**options) as client:
        async with client.pipeline() as pipeline:
            await pipeline.set("async", 1).incr("async").execute()
        return [await client.get("async"), await client.delete("async")]


async def main():
    told = {}
    for kind, options in (("plain", PLAIN), ("secure", SECURE)):
        with redis.Redis(**options) as client:
            told[kind] = work(client, kind)
        told[f"async {kind}"] = await later(options)
    for kind, options in (
        ("password", PLAIN | {"password": "wrong"}),
        ("authority", SECURE | {"ssl_ca_certs": None}),
    ):
        try:
            redis.Redis(**options).ping()
        except redis.RedisError as error:
            told[kind] = type(error).__name__
    return told
