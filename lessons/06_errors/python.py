"""06 - Errors: fail fast, or collect everything?

Three pages, the second of which fails, fetched in three
ways; an error that tells how it came about; four failures
told apart.

Run it with `python3 lessons/06_errors/python.py`, while
`cargo run --bin services` runs; copy the lines it prints.
"""

import asyncio
import os
import socket
import sys
from json import JSONDecodeError
from time import perf_counter

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
)

WEB_URL = os.environ.get("WEB_URL")


# ANCHOR: fetch
class NotFetched(Exception):
    """Says which page; its cause says why."""


class Site:
    def __init__(self, http: ClientSession) -> None:
        self.http = http
        self.fates = [""] * 3

    async def fetch(self, page: int) -> int:
        """Fetches page 1 (100 ms), 2 (200 ms, then a 404)
        or 3 (300 ms); returns its size."""
        wish = "&status=404" if page == 2 else ""
        url = f"/page/{page}?delay={page}00{wish}"
        try:
            async with self.http.get(url) as response:
                response.raise_for_status()
                size = len(await response.read())
        except (ClientError, TimeoutError) as error:
            self.fates[page - 1] = "failed"
            text = f"page {page} was not fetched"
            raise NotFetched(text) from error
        except asyncio.CancelledError:
            self.fates[page - 1] = "cancelled"
            raise  # whoever cancels waits for this
        self.fates[page - 1] = "finished"
        return size
# ANCHOR_END: fetch


# ANCHOR: collect
async def collect(site: Site) -> str:
    """Every result, good or bad, when the last is there.
    Bugs are collected too, and silent: look at each."""
    results = await asyncio.gather(
        *(site.fetch(page) for page in (1, 2, 3)),
        return_exceptions=True,
    )
    ok = sum(isinstance(size, int) for size in results)
    return f"{ok} ok, {len(results) - ok} error"
# ANCHOR_END: collect


# ANCHOR: fail_fast
async def fail_fast(site: Site) -> str:
    """The first error at once; the other tasks go on, and
    nobody hears of their results."""
    try:
        await asyncio.gather(
            *(site.fetch(page) for page in (1, 2, 3))
        )
        return "3 ok"
    except NotFetched:
        return "the error"
# ANCHOR_END: fail_fast


# ANCHOR: group
async def group(
    site: Site,
) -> ExceptionGroup[NotFetched] | None:
    """The errors, after the other tasks were cancelled
    and waited for."""
    caught = None
    try:
        async with asyncio.TaskGroup() as tasks:
            for page in (1, 2, 3):
                tasks.create_task(site.fetch(page))
    except* NotFetched as errors:
        caught = errors  # `return` is not allowed here
    return caught
# ANCHOR_END: group


# ANCHOR: explain
def explain(error: BaseException | None) -> None:
    """Prints an error, and how it came about."""
    while error:
        name = type(error).__name__
        match error:
            case ExceptionGroup():
                inner = error.exceptions
                cause = inner[0]
                print(f"  {name} of {len(inner)}")
            case ClientResponseError():
                # Its str() names the URL: passwords, too.
                cause = error.__cause__
                print(f"  {name}: {error.status}")
            case _:
                cause = error.__cause__
                print(f"  {name}: {error}")
        error = cause
# ANCHOR_END: explain


# ANCHOR: failure
async def failure(http: ClientSession, url: str) -> str:
    """What a caller needs to know: another try? Order
    matters, as a connection can time out too."""
    limit = ClientTimeout(total=0.5)
    try:
        async with http.get(url, timeout=limit) as response:
            response.raise_for_status()
            await response.json()
            return "none"
    except TimeoutError:
        return "TooSlow   try again"
    except ClientConnectorError:
        return "Refused   try again"
    except JSONDecodeError:  # a ValueError of json's own
        return "NotJson   give up"
    except ClientResponseError as error:
        if error.status == 404:
            return "NotFound  give up"
        return "Other     give up"
# ANCHOR_END: failure


async def row(
    what: str, start: float, said: str, site: Site
) -> None:
    """Prints a row of the table, when what may still be
    running had its time. In whole 100 ms, the same on a
    busy machine (a timer may also be a tick early)."""
    took = int((perf_counter() - start + 0.02) * 10) * 100
    await asyncio.sleep(0.25)
    fates = "  ".join(site.fates)
    print(f"{what:<18} {took} ms  {said:<14}  {fates}")


async def main(web_url: str) -> None:
    async with ClientSession(web_url) as http:
        site = Site(http)
        await collect(site)  # opens the connections

        # ANCHOR: main
        print(
            "strategy           after  returns       "
            "  pages 1, 2 and 3"
        )
        start = perf_counter()
        said = await collect(site)
        await row("return_exceptions", start, said, site)

        start = perf_counter()
        said = await fail_fast(site)
        await row("gather", start, said, site)

        start = perf_counter()
        errors = await group(site)
        said = type(errors).__name__
        await row("TaskGroup", start, said, site)
        # ANCHOR_END: main

        # ANCHOR: chain
        print("\nan error, and how it came about")
        try:
            raise RuntimeError(
                "the dashboard is not shown"
            ) from errors
        except RuntimeError as error:
            explain(error)
        # ANCHOR_END: chain

        # ANCHOR: apart
        print("\nfour failures, told apart")
        # Bound, never listening: connections are refused.
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            port = deaf.getsockname()[1]
            for url in (
                "/nowhere",
                "/broken.json",
                f"http://127.0.0.1:{port}/",
                "/api/weather/oslo?delay=5000",
            ):
                print(f"  {await failure(http, url)}")
        # ANCHOR_END: apart


if not WEB_URL:
    print(
        "WEB_URL is not set: start `cargo run --bin"
        " services` and copy the two lines it prints",
        file=sys.stderr,
    )
    sys.exit(2)
asyncio.run(main(WEB_URL))
