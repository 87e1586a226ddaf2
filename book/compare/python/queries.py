"""Small queries through a pool, with asyncpg. The twin of
src/contestant/queries.rs.

Arguments: loop, `reset` or `keep`, sizes of pools, queries,
repetitions. The database is in DATABASE_URL."""

import asyncio
import os
import sys
import time

import asyncpg

from measure import cpu, print_sample, run, since

QUERY = "SELECT name, city FROM users WHERE id = $1"


async def keep(connection: asyncpg.Connection) -> None:
    """Returns a connection to the pool without a reset, which
    would be one more query. asyncpg resets by default,
    deadpool does not."""


async def worker(pool: asyncpg.Pool, queries: int) -> int:
    """Takes a connection from the pool for each query.
    asyncpg prepares the statement once per connection."""
    letters = 0
    for query in range(queries):
        async with pool.acquire() as connection:
            row = await connection.fetchrow(QUERY, query % 5 + 1)
        letters += len(row[0]) + len(row[1])
    return letters


async def together(pool: asyncpg.Pool, size: int, queries: int) -> None:
    workers = (worker(pool, queries // size) for _ in range(size))
    letters = sum(await asyncio.gather(*workers))
    if letters != queries // 5 * 51:
        sys.exit(f"unexpected rows: {letters} letters")


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
            print_sample("queries", values, str(size), used)


_, loop, reset, sizes, queries, times = sys.argv
run(loop, main(reset, sizes, int(queries), int(times)))
