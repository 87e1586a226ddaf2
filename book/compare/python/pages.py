"""N pages at once, with aiohttp or httpx, on asyncio's own
loop or on uvloop. The twin of src/contestant/pages.rs.

Arguments: loop, client, `tuned` or `default` for the garbage
collector, the server's URL, and the cases: `N:TIMES:TIMES`,
with 50 ms of delay and without."""

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable

from measure import cpu, print_sample, run, since

# Fetches a page to its end.
Fetch = Callable[[str], Awaitable[bytes]]


async def with_aiohttp(base: str, cases: str) -> None:
    from aiohttp import (
        ClientSession,
        ClientTimeout,
        DummyCookieJar,
        TCPConnector,
    )
    from yarl import URL

    # No limit on connections, which stay open; no timeout,
    # so no timer per request; no cookies, so no jar to
    # search; each URL is parsed only once.
    async with ClientSession(
        connector=TCPConnector(limit=0, keepalive_timeout=300),
        timeout=ClientTimeout(total=None, sock_connect=None),
        cookie_jar=DummyCookieJar(),
        raise_for_status=True,
    ) as http:
        urls: dict[str, URL] = {}

        async def fetch(url: str) -> bytes:
            parsed = urls.get(url) or urls.setdefault(url, URL(url))
            async with http.get(parsed) as response:
                return await response.read()

        await measure(fetch, base, cases)


async def with_httpx(base: str, cases: str) -> None:
    from httpx import URL, AsyncClient, Limits

    limits = Limits(
        max_connections=None,
        max_keepalive_connections=None,
        keepalive_expiry=300,
    )
    async with AsyncClient(
        limits=limits, timeout=None, trust_env=False
    ) as http:
        urls: dict[str, URL] = {}

        async def fetch(url: str) -> bytes:
            parsed = urls.get(url) or urls.setdefault(url, URL(url))
            response = await http.get(parsed)
            return response.raise_for_status().content

        await measure(fetch, base, cases)


async def together(fetch: Fetch, url: str, n: int) -> None:
    """The measured work: reads each of n pages to its end."""
    pages = await asyncio.gather(*(fetch(url) for _ in range(n)))
    if any(len(page) != 1000 for page in pages):
        sys.exit("a page has the wrong size")


async def measure(fetch: Fetch, base: str, cases: str) -> None:
    async def server_cpu() -> float | None:
        text = (await fetch(f"{base}/cpu")).decode()
        return None if text == "-" else float(text)

    for case in cases.split(","):
        n, *repetitions = map(int, case.split(":"))
        await together(fetch, f"{base}/open/{n}", n)
        if collector == "tuned":
            # The connections stay alive: exempt them from
            # further collections.
            gc.collect()
            gc.freeze()
        for delay, times in zip([50, 0], repetitions):
            url = f"{base}/page/{delay}"
            server_before, before = await server_cpu(), cpu()
            values = []
            for _ in range(times):
                start = time.perf_counter()
                await together(fetch, url, n)
                values.append(since(start))
            used, server = cpu() - before, await server_cpu()
            if server is not None and server_before is not None:
                server = (server - server_before) / times
            print_sample(f"pages-{delay}", values, str(n), used / times, server)


_, loop, client, collector, base, cases = sys.argv
if collector == "tuned":
    gc.set_threshold(100_000, 50, 50)
clients = {"aiohttp": with_aiohttp, "httpx": with_httpx}
run(loop, clients[client](base, cases))
