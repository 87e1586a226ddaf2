"""06 - Errors: fail fast, or collect everything?

Fetches three pages, the second of which fails, in three
ways; prints an error with its causes; and classifies four
failures.

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
    """Names the page; its cause gives the reason."""


class Site:
    def __init__(self, http: ClientSession) -> None:
        self.http = http
        self.outcomes = [""] * 3

    async def fetch(self, page: int) -> int:
        """Fetches page 1 (100 ms), 2 (200 ms, then a 404)
        or 3 (300 ms); returns its size."""
        extra = "&status=404" if page == 2 else ""
        url = f"/page/{page}?delay={page}00{extra}"
        try:
            async with self.http.get(url) as response:
                response.raise_for_status()
                size = len(await response.read())
        except (ClientError, TimeoutError) as error:
            self.outcomes[page - 1] = "failed"
            text = f"could not fetch page {page}"
            raise NotFetched(text) from error
        except asyncio.CancelledError:
            self.outcomes[page - 1] = "cancelled"
            raise  # never swallow a cancellation
        self.outcomes[page - 1] = "finished"
        return size
# ANCHOR_END: fetch


# ANCHOR: collect
async def collect(site: Site) -> str:
    """Returns every result, good or bad, when the last is
    done. It also collects bugs silently: look at each."""
    results = await asyncio.gather(
        *(site.fetch(page) for page in (1, 2, 3)),
        return_exceptions=True,
    )
    ok = sum(isinstance(size, int) for size in results)
    return f"{ok} ok, {len(results) - ok} error"
# ANCHOR_END: collect


# ANCHOR: fail_fast
async def fail_fast(site: Site) -> str:
    """Raises the first error at once. The other tasks
    keep running, and their results are lost."""
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
    """Returns the errors after cancelling the other tasks
    and waiting for them."""
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
    """Prints an error and its causes."""
    while error:
        name = type(error).__name__
        match error:
            case ExceptionGroup():
                inner = error.exceptions
                cause = inner[0]
                print(f"  {name} of {len(inner)}")
            case ClientResponseError():
                # Its str() has the URL: passwords, too.
                cause = error.__cause__
                print(f"  {name}: {error.status}")
            case _:
                cause = error.__cause__
                print(f"  {name}: {error}")
        error = cause
# ANCHOR_END: explain


# ANCHOR: failure
async def failure(http: ClientSession, url: str) -> str:
    """Classifies a failed request: retry or not? The
    order matters, because a connection can time out
    too."""
    limit = ClientTimeout(total=0.5)
    try:
        async with http.get(url, timeout=limit) as response:
            response.raise_for_status()
            await response.json()
            return "none"
    except TimeoutError:
        return "TooSlow   retry"
    except ClientConnectorError:
        return "Refused   retry"
    except JSONDecodeError:  # json's own ValueError
        return "NotJson   give up"
    except ClientResponseError as error:
        if error.status == 404:
            return "NotFound  give up"
        return "Other     give up"
# ANCHOR_END: failure


async def row(
    what: str, start: float, returned: str, site: Site
) -> None:
    """Prints a row of the table, after giving leftover
    work time to finish. Rounds down to 100 ms, so a busy
    machine prints the same. (Timers can fire a tick
    early, hence the 20 ms.)"""
    took = int((perf_counter() - start + 0.02) * 10) * 100
    await asyncio.sleep(0.25)
    outcomes = "  ".join(site.outcomes)
    print(
        f"{what:<18} {took} ms  {returned:<14}  {outcomes}"
    )


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
        returned = await collect(site)
        await row(
            "return_exceptions", start, returned, site
        )

        start = perf_counter()
        returned = await fail_fast(site)
        await row("gather", start, returned, site)

        start = perf_counter()
        errors = await group(site)
        returned = type(errors).__name__
        await row("TaskGroup", start, returned, site)
        # ANCHOR_END: main

        # ANCHOR: chain
        print("\nan error and its causes")
        try:
            raise RuntimeError(
                "could not show the dashboard"
            ) from errors
        except RuntimeError as error:
            explain(error)
        # ANCHOR_END: chain

        # ANCHOR: apart
        print("\nfour failures, by kind")
        # Bound but not listening: it refuses connections.
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
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
