"""04 - Bounded: what if there are 5,000?

5,000 jobs all at once, then never more than 50 at a time,
in two ways; the limit that aiohttp has of its own; twelve
pages from a server that bears four requests.

Run it with `python3 lessons/04_bounded/python.py`, while
`cargo run --bin services` runs; copy the lines it prints.
"""

import asyncio
import os
import sys
from collections.abc import Iterator

from aiohttp import ClientSession, TCPConnector

WEB_URL = os.environ.get("WEB_URL")


# ANCHOR: gauge
class Gauge:
    """Counts how many are inside, and remembers the most
    there ever were, and how many tasks it took."""

    def __init__(self) -> None:
        self.inside = self.peak = self.tasks = 0

    async def job(self) -> None:
        """Stands for a request that takes 10 ms."""
        if not self.tasks:  # the first job; one is main
            self.tasks = len(asyncio.all_tasks()) - 1
        self.inside += 1
        self.peak = max(self.peak, self.inside)
        await asyncio.sleep(0.01)
        self.inside -= 1
# ANCHOR_END: gauge


# ANCHOR: unbounded
async def all_at_once(jobs: int, gauge: Gauge) -> None:
    await asyncio.gather(
        *(gauge.job() for _ in range(jobs))
    )
# ANCHOR_END: unbounded


# ANCHOR: buffered
async def with_workers(
    jobs: int, limit: int, gauge: Gauge
) -> None:
    """`limit` tasks take jobs from one iterator, so that
    no more are ever made at a time. (asyncio has nothing
    like `buffer_unordered`.)"""

    async def worker(waiting: Iterator[int]) -> None:
        for _ in waiting:
            await gauge.job()

    waiting = iter(range(jobs))
    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(worker(waiting))
# ANCHOR_END: buffered


# ANCHOR: semaphore
async def with_permits(
    jobs: int, limit: int, gauge: Gauge
) -> None:
    """Every job is a task from the start, and waits for
    one of `limit` permits."""
    permits = asyncio.Semaphore(limit)

    async def one() -> None:
        async with permits:
            await gauge.job()

    await asyncio.gather(*(one() for _ in range(jobs)))
# ANCHOR_END: semaphore


# ANCHOR: hidden
async def hidden_limit(web_url: str, limit: int) -> int:
    """Asks for 150 pages at once; returns how many the
    server saw together. A `limit` of 0 means none."""

    async def ask() -> None:
        url = "/page/1?delay=300"
        async with http.get(url) as response:
            await response.read()

    async with ClientSession(
        web_url, connector=TCPConnector(limit=limit)
    ) as http:
        await http.post("/stats/reset")
        await asyncio.gather(*(ask() for _ in range(150)))
        async with http.get("/stats") as response:
            peak: int = (await response.json())["peak"]
    return peak
# ANCHOR_END: hidden


# ANCHOR: server
async def twelve_pages(web_url: str, limit: int) -> None:
    """Fetches twelve pages, at most `limit` at a time,
    from a server that refuses the fifth request while
    four are in flight."""
    permits = asyncio.Semaphore(limit)

    async def fetch(page: int) -> int:
        url = f"/page/{page}?limit=4&delay=500"
        async with permits, http.get(url) as response:
            return response.status

    async with ClientSession(web_url) as http:
        statuses = await asyncio.gather(
            *(fetch(page) for page in range(1, 13))
        )
    served = statuses.count(200)
    print(
        f"  at most {limit:>2}: served {served:>2},"
        f" refused {len(statuses) - served}"
    )
# ANCHOR_END: server


def report(what: str, gauge: Gauge) -> None:
    print(
        f"  {what:<20} peak {gauge.peak:>4},"
        f" {gauge.tasks:>4} tasks"
    )


async def main(web_url: str) -> None:
    # ANCHOR: main
    print("5,000 jobs of 10 ms")
    gauge = Gauge()
    await all_at_once(5_000, gauge)
    report("gather", gauge)

    gauge = Gauge()
    await with_workers(5_000, 50, gauge)
    report("50 workers", gauge)

    gauge = Gauge()
    await with_permits(5_000, 50, gauge)
    report("Semaphore, 50", gauge)

    print("\n150 requests by gather, seen by the server")
    seen = await hidden_limit(web_url, limit=100)
    print(f"  aiohttp's default    peak {seen:>4}")
    seen = await hidden_limit(web_url, limit=0)
    print(f"  limit=0, none        peak {seen:>4}")

    print(
        "\n12 pages from a server that bears 4 requests"
    )
    await twelve_pages(web_url, 12)
    await twelve_pages(web_url, 4)
    # ANCHOR_END: main


if not WEB_URL:
    print(
        "WEB_URL is not set: start `cargo run --bin"
        " services` and copy the two lines it prints",
        file=sys.stderr,
    )
    sys.exit(2)
asyncio.run(main(WEB_URL))
