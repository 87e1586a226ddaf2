"""03 - Gather: how do I fetch many pages at once and keep
their order?

Fetches five pages one after another, then together; then
combines two JSON APIs into one value.

Run it with `python3 lessons/03_gather/python.py`, while
`cargo run --bin services` runs; copy the lines it prints.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from aiohttp import ClientSession, ClientTimeout

WEB_URL = os.environ.get("WEB_URL")


# ANCHOR: fetch
async def fetch(
    http: ClientSession, url: str
) -> tuple[int, int]:
    """Fetches a page; returns its status and its size."""
    async with http.get(url) as response:
        body = await response.read()
        return response.status, len(body)
# ANCHOR_END: fetch


# ANCHOR: loop
async def one_after_another(
    http: ClientSession, urls: list[str]
) -> None:
    """Each await ends before the next request begins."""
    for page, url in enumerate(urls, 1):
        status, size = await fetch(http, url)
        print(f"  page {page}: {status}, {size} bytes")
# ANCHOR_END: loop


# ANCHOR: together
async def together(
    http: ClientSession, urls: list[str]
) -> None:
    """`gather` runs all of them at once and returns the
    results in the list's order."""
    results = await asyncio.gather(
        *(fetch(http, url) for url in urls)
    )
    for page, (status, size) in enumerate(results, 1):
        print(f"  page {page}: {status}, {size} bytes")
# ANCHOR_END: together


# ANCHOR: json
@dataclass
class Guide:
    """The responses of two APIs about one city."""

    celsius: int
    sky: str
    events: list[tuple[str, str]]


async def get_json(http: ClientSession, url: str) -> Any:
    async with http.get(url) as response:
        response.raise_for_status()
        return await response.json()


async def guide(http: ClientSession, city: str) -> Guide:
    """The group ends when both tasks are done; an error
    in one cancels the other. Nothing checks the
    annotations: a missing key is a KeyError, a wrong type
    goes unnoticed."""
    async with asyncio.TaskGroup() as group:
        weather = group.create_task(
            get_json(http, f"/api/weather/{city}")
        )
        events = group.create_task(
            get_json(http, f"/api/events/{city}")
        )
    now = weather.result()
    return Guide(
        now["celsius"],
        now["sky"],
        [(e["day"], e["title"]) for e in events.result()],
    )
# ANCHOR_END: json


def millis(start: float) -> str:
    """Rounds down to 100 ms, so a busy machine prints the
    same. (Timers can fire a tick early, hence the 20
    ms.)"""
    took = perf_counter() - start + 0.02
    return f"{int(took * 10) * 100} ms"


async def main(web_url: str) -> None:
    # aiohttp's default timeout is 5 minutes.
    limit = ClientTimeout(total=10)
    async with ClientSession(
        web_url, timeout=limit
    ) as http:
        await fetch(http, "/health")  # open a connection

        # ANCHOR: main
        urls = [f"/page/{page}" for page in range(1, 6)]

        print("one after another")
        start = perf_counter()
        await one_after_another(http, urls)
        print(f"  {millis(start)}")

        print("\ntogether")
        start = perf_counter()
        await together(http, urls)
        took = millis(start)
        print(f"  {took}, in the order of the list")

        print("\ntwo APIs, one value")
        start = perf_counter()
        it = await guide(http, "Lisbon")
        print(f"  Lisbon: {it.celsius} degrees, {it.sky}")
        for day, title in it.events:
            print(f"  {day}: {title}")
        print(f"  {millis(start)}")
        # ANCHOR_END: main


if not WEB_URL:
    print(
        "WEB_URL is not set: start `cargo run --bin"
        " services` and copy the two lines it prints",
        file=sys.stderr,
    )
    sys.exit(2)
asyncio.run(main(WEB_URL))
