"""14 - Transactions: what survives a cancelled request?

Cancels a request between INSERT and COMMIT, gives up a
query that the server is running, commits after an ignored
error, and runs three queries on a transaction.

Run it with `python3 lessons/14_transactions/python.py`,
while `cargo run --bin services` runs; copy the lines it
prints.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import perf_counter

from asyncpg import (
    Connection,
    InterfaceError,
    Pool,
    QueryCanceledError,
    UniqueViolationError,
    create_pool,
)

DATABASE_URL = os.environ.get("DATABASE_URL")

ORDER = "INSERT INTO sales VALUES (1)"
NEXT_ORDER = "INSERT INTO sales VALUES (2)"


async def payment() -> None:
    """Asks another service for a payment, 800 ms."""
    await asyncio.sleep(0.8)


# ANCHOR: by_hand
async def by_hand(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute(ORDER)
        await payment()
        await connection.execute("COMMIT")
# ANCHOR_END: by_hand


# ANCHOR: guarded
async def guarded(pool: Pool) -> None:
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute(ORDER)
            await payment()
# ANCHOR_END: guarded


async def cancelled(
    what: str,
    pool: Pool,
    observer: Connection,
    request: Awaitable[None],
) -> None:
    """Cancels a request after 400 ms, and prints what
    the next user of its connection finds, and whether
    that user's own order is saved."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.4):
            await request

    idle = "pool WHERE state = 'idle in transaction'"
    async with pool.acquire() as connection:
        rows = await count(connection, "sales")
        open_ = await count(observer, idle)
        await connection.execute(NEXT_ORDER)
        saved = await count(observer, "sales WHERE id = 2")
    print(
        f"  {what} idle in transaction {open_},"
        f" rows {rows}, saved {saved}"
    )
    await observer.execute("TRUNCATE sales")


async def count(connection: Connection, what: str) -> int:
    return await connection.fetchval(
        f"SELECT count(*) FROM {what}"
    )


LONG = "SELECT pg_sleep(1.2)"
SHORT = "SELECT pg_sleep(0.4)"


# ANCHOR: timeout
async def only_timeout(connection: Connection) -> None:
    """asyncpg has the server cancel the query."""
    async with asyncio.timeout(0.4):
        await connection.execute(LONG)
# ANCHOR_END: timeout


async def statement_timeout(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute(
            "SET LOCAL statement_timeout = 400"
        )
        await connection.execute(LONG)


async def limited(
    what: str,
    pool: Pool,
    observer: Connection,
    query: Callable[[Connection], Awaitable[None]],
) -> str:
    """Prints how a query with a limit ends, and whether
    the server is still running it. Returns when the
    connection has answered the next query."""
    start = perf_counter()
    async with pool.acquire() as connection:
        try:
            await query(connection)
            outcome = "done"
        except TimeoutError:
            outcome = "TimeoutError"
        except QueryCanceledError as error:
            outcome = error.sqlstate
        ended = units(start)
        active = await still_active(observer)
        await connection.execute("SELECT 1")
    print(f"  {what:<18} {outcome}", end="")
    print(f" after {ended}, active {active}")
    return units(start)


async def still_active(observer: Connection) -> int:
    """Counts the running queries. The cancel request may
    arrive a moment later, so this waits for that, for at
    most 100 ms."""
    start = perf_counter()
    while True:
        active = "pool WHERE state = 'active'"
        number = await count(observer, active)
        if number == 0 or perf_counter() - start > 0.1:
            return number
        await asyncio.sleep(0.01)


# ANCHOR: ignored
async def ignored(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute(ORDER)
        with suppress(UniqueViolationError):
            await connection.execute(ORDER)
# ANCHOR_END: ignored


async def in_savepoint(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute(ORDER)
        with suppress(UniqueViolationError):
            async with connection.transaction():
                await connection.execute(ORDER)


# ANCHOR: joined
async def on_one_transaction(pool: Pool) -> str:
    async with pool.acquire() as connection:
        async with connection.transaction():
            results = await asyncio.gather(
                *(connection.execute(SHORT) for _ in "abc"),
                return_exceptions=True,
            )
    refused = sum(
        isinstance(result, InterfaceError)
        for result in results
    )
    return f"{len(results) - refused} ran, {refused} refused"
# ANCHOR_END: joined


async def on_three_connections(pool: Pool) -> str:
    start = perf_counter()
    await asyncio.gather(
        *(pool.execute(SHORT) for _ in "abc")
    )
    return units(start)


def units(start: float) -> str:
    """The time in multiples of 400 ms, rounded down."""
    times = int((perf_counter() - start + 0.05) / 0.4)
    return f"{times} x 400 ms"


SET_UP = """
    SELECT pg_advisory_lock(14);
    DROP TABLE IF EXISTS sales;
    CREATE TABLE sales (id int PRIMARY KEY);
    CREATE TEMPORARY VIEW pool AS
        SELECT state FROM pg_stat_activity
        WHERE application_name = 'sales'
"""


async def show(pool: Pool, observer: Connection) -> None:
    reports = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda _, context: reports.append(context)
    )
    print("a request is cancelled between INSERT and COMMIT")
    for what, request in [
        ("BEGIN by hand:", by_hand),
        ("transaction():", guarded),
    ]:
        await cancelled(what, pool, observer, request(pool))
    print("  reported by the loop:", len(reports))
    loop.set_exception_handler(None)

    print("\na query of 1200 ms, with a limit of 400 ms")
    after = [
        await limited(f"{query.__name__}:", pool, observer, query)
        for query in [only_timeout, statement_timeout]
    ]
    print("\nthe next query on that connection is answered")
    print(f"  only_timeout:      after {after[0]}")
    print(f"  statement_timeout: after {after[1]}")

    print("\nan INSERT fails, and the error is ignored")
    for what, work in [
        ("the end:", ignored),
        ("with a savepoint:", in_savepoint),
    ]:
        await observer.execute("TRUNCATE sales")
        async with pool.acquire() as connection:
            await work(connection)
        rows = await count(observer, "sales")
        print(f"  {what:<17} no exception, rows {rows}")

    print("\nthree queries of 400 ms")
    one = await on_one_transaction(pool)
    print(f"  one transaction:   {one}")
    three = await on_three_connections(pool)
    print(f"  three connections: {three}")


async def main(url: str) -> None:
    # A connection of its own. Another run waits for the
    # lock, until this connection is closed.
    async with (
        create_pool(url, min_size=1, max_size=1) as single,
        single.acquire() as observer,
        create_pool(
            url,
            min_size=0,
            max_size=3,
            server_settings={"application_name": "sales"},
        ) as pool,
    ):
        await observer.execute(SET_UP)
        await show(pool, observer)
        await observer.execute("DROP TABLE sales")


if not DATABASE_URL:
    print(
        "DATABASE_URL is not set: start `cargo run --bin"
        " services` and copy the two lines it prints",
        file=sys.stderr,
    )
    sys.exit(2)
asyncio.run(main(DATABASE_URL))
