"""04 - Bounded: what if there are 5,000?

Runs 5,000 jobs all at once, then at most 50 at a time, in
two ways; shows aiohttp's built-in limit; then fetches
twelve pages from a server that handles four requests at a
time.

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
    """Counts the jobs in flight, their peak, and the
    number of tasks."""

    def __init__(self) -> None:
        self.in_flight = self.peak = self.tasks = 0

    async def job(self) -> None:
        """Stands in for a request that takes 10 ms."""
        if not self.tasks:  # first job; minus main
            self.tasks = len(asyncio.all_tasks()) - 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        await asyncio.sleep(0.01)
        self.in_flight -= 1
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
    """`limit` tasks take jobs from a shared iterator, so
    no more than that exist at a time. (asyncio has no
    `buffer_unordered`.)"""

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
    """Creates a task for every job at the start; each
    waits for one of `limit` permits."""
    permits = asyncio.Semaphore(limit)

    async def one() -> None:
        async with permits:
            await gauge.job()

    await asyncio.gather(*(one() for _ in range(jobs)))
# ANCHOR_END: semaphore


# ANCHOR: hidden
async def hidden_limit(web_url: str, limit: int) -> int:
    """Requests 150 pages at once; returns the server's
    peak of requests in flight. A `limit` of 0 means no
    limit."""

    async def get_page() -> None:
        url = "/page/1?delay=1000"
        async with http.get(url) as response:
            await response.read()

    async with ClientSession(
        web_url, connector=TCPConnector(limit=limit)
    ) as http:
        await http.post("/stats/reset")
        await asyncio.gather(
            *(get_page() for _ in range(150))
        )
        async with http.get("/stats") as response:
            peak: int = (await response.json())["peak"]
    return peak
# ANCHOR_END: hidden


# ANCHOR: server
async def twelve_pages(web_url: str, limit: int) -> None:
    """Fetches twelve pages, at most `limit` at a time,
    from a server that refuses a fifth request while four
    are in flight."""
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
    print(f"  limit=0 (no limit)   peak {seen:>4}")

    print(
        "\n12 pages from a server that handles"
        " 4 requests at a time"
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
