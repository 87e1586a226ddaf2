"""Small queries through a pool, with asyncpg. The twin of
contestant/queries.rs.

Arguments: loop, `reset` or `keep`, sizes of pools, queries,
repetitions. The database is in DATABASE_URL."""

import asyncio
import os
import sys
import time

import asyncpg

from measure import cpu, run, since, tell

QUERY = "SELECT name, city FROM users WHERE id = $1"


async def keep(connection: asyncpg.Connection) -> None:
    """Gives a connection back as it is: the default is to
    reset it, which is one more query. deadpool has the same
    choice, and the other default."""


async def asker(pool: asyncpg.Pool, queries: int) -> int:
    """Takes a connection for each query and gives it back.
    asyncpg prepares the statement once a connection."""
    letters = 0
    for query in range(queries):
        async with pool.acquire() as connection:
            row = await connection.fetchrow(QUERY, query % 5 + 1)
        letters += len(row[0]) + len(row[1])
    return letters


async def together(pool: asyncpg.Pool, size: int, queries: int) -> None:
    askers = (asker(pool, queries // size) for _ in range(size))
    letters = sum(await asyncio.gather(*askers))
    if letters != queries // 5 * 51:
        sys.exit(f"other users: {letters}")


async def main(
    reset: str, sizes: str, queries: int, times: int
) -> None:
    for size in map(int, sizes.split(",")):
        async with asyncpg.create_pool(
            os.environ["DATABASE_URL"],
            min_size=size,
            max_size=size,
            reset=None if reset == "reset" else keep,
        ) as pool:
            await together(pool, size, size * 20)
            before = cpu()
            values = []
            for _ in range(times):
                start = time.perf_counter()
                await together(pool, size, queries)
                values.append(since(start) * 1000 / queries)
            used = (cpu() - before) / times
            tell("queries", values, str(size), used)


_, loop, reset, sizes, queries, times = sys.argv
run(loop, main(reset, sizes, int(queries), int(times)))
