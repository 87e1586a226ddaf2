"""05 - Pool: how do pooled queries run together?

Reads four users through a pool of three, in order; runs three
slow queries on one connection and on three; runs callers
that hold one connection and wait for another; and shows
what waits when a pool is too small.

Run it with `python3 lessons/05_pool/python.py`, while
`cargo run --bin services` runs; copy the lines it prints.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable
from time import perf_counter

from asyncpg import InterfaceError, Pool, create_pool

DATABASE_URL = os.environ.get("DATABASE_URL")


# ANCHOR: pool
def pool_of(size: int, url: str) -> Pool:
    """Opens connections on demand, at most `size`.
    Without `min_size` it would open 10 up front and
    reject a smaller `max_size`."""
    return create_pool(url, min_size=0, max_size=size)
# ANCHOR_END: pool


# ANCHOR: user
async def user(pool: Pool, user_id: int) -> str | None:
    """Reads a user; None if there is no such id. At the
    end of the block the connection is reset and
    returned."""
    query = "SELECT name, city FROM users WHERE id = $1"
    async with pool.acquire() as connection:
        row = await connection.fetchrow(query, user_id)
    if row is None:
        return None
    return f"{row['name']} in {row['city']}"
# ANCHOR_END: user


# ANCHOR: slow
SLOW = "SELECT pg_sleep(0.4)"


# ANCHOR: one
async def at_once_on_one(pool: Pool) -> None:
    """asyncpg runs one query at a time on a connection
    and rejects a second one instead of queuing it."""
    async with pool.acquire() as connection:
        results = await asyncio.gather(
            *(connection.execute(SLOW) for _ in range(3)),
            return_exceptions=True,
        )
    refused = sum(
        isinstance(result, InterfaceError)
        for result in results
    )
    ran = len(results) - refused
    what = "one connection"
    print(f"  {what:<18} {ran} ran, {refused} refused")


async def in_turn_on_one(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for _ in range(3):
            await connection.execute(SLOW)
# ANCHOR_END: one


# ANCHOR: three
async def on_three_connections(pool: Pool) -> None:
    """Runs three queries at once, each on its own
    connection: `pool.execute` acquires, runs and
    releases."""
    await asyncio.gather(
        *(pool.execute(SLOW) for _ in range(3))
    )
# ANCHOR_END: three
# ANCHOR_END: slow


# ANCHOR: nested
async def caller(pool: Pool) -> None:
    """Holds one connection while it waits for another."""
    async with pool.acquire() as first:
        await first.execute("SELECT pg_sleep(0.1)")
        async with pool.acquire() as second:
            await second.execute("SELECT 1")


async def callers(pool: Pool, number: int) -> str:
    try:
        async with asyncio.timeout(1):
            await asyncio.gather(
                *(caller(pool) for _ in range(number))
            )
        return "done"
    except TimeoutError:
        return "DEADLOCK"
# ANCHOR_END: nested


# ANCHOR: too_small
async def one_too_few(pool: Pool) -> None:
    """Requests a second connection from a pool of one.
    Without a timeout this would wait forever. (The
    `timeout` of `pool.fetch` only starts once it has a
    connection.)"""
    async with pool.acquire():
        second = asyncio.ensure_future(
            pool.acquire(timeout=0.1)
        )
        await asyncio.sleep(0)  # let it start waiting
        available = pool.get_idle_size()
        print(f"  while it waits: {available} available")
        try:
            await second
        except TimeoutError:
            print("  after 100 ms: gave up waiting")
# ANCHOR_END: too_small


async def measured(
    what: str, work: Awaitable[None]
) -> None:
    """Prints the duration of `work` in multiples of a
    slow query, rounded down, so a busy machine prints the
    same."""
    start = perf_counter()
    await work
    times = int((perf_counter() - start) / 0.4)
    print(f"  {what:<18} {times} x 400 ms")


async def main(url: str) -> None:
    # ANCHOR: main
    async with pool_of(3, url) as pool:
        print("four ids through a pool of three")
        ids = [1, 2, 3, 99]
        users = await asyncio.gather(
            *(user(pool, user_id) for user_id in ids)
        )
        for user_id, found in zip(ids, users):
            found = found or "no such user"
            print(f"  {user_id}: {found}")

        print("\nthree queries of 400 ms")
        await at_once_on_one(pool)
        one = in_turn_on_one(pool)
        await measured("one, in turn", one)
        three = on_three_connections(pool)
        await measured("three connections", three)
        size, most = pool.get_size(), pool.get_max_size()
        available = pool.get_idle_size()
        print(f"  the pool: {size} of {most} open")
        print(f"            {available} available")

        print(
            "\ncallers that need two connections each,"
            " on a pool of three"
        )
        print(f"  two callers:   {await callers(pool, 2)}")
        print(f"  three callers: {await callers(pool, 3)}")

    print("\na pool of one, two connections requested")
    async with pool_of(1, url) as pool:
        await one_too_few(pool)
    # ANCHOR_END: main


if not DATABASE_URL:
    print(
        "DATABASE_URL is not set: start `cargo run --bin"
        " services` and copy the two lines it prints",
        file=sys.stderr,
    )
    sys.exit(2)
asyncio.run(main(DATABASE_URL))
