"""13 - Retry: how long will I really wait?

Retries a request with and without a deadline, spreads the
retries of a hundred clients, decides for nine failures
whether to retry, and counts what the server sees.

Run it with `python3 lessons/13_retry/python.py`, while
`cargo run --bin services` runs; copy the lines it prints.
"""

import asyncio
import os
import random
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
)

WEB_URL = os.environ.get("WEB_URL")
NO_LIMIT = ClientTimeout(total=None)


# ANCHOR: backoff
BASE, CAP = 0.1, 0.8


def backoff(retry: int) -> float:
    """The wait before a retry, counted from 0."""
    return min(CAP, BASE * 2**retry)
# ANCHOR_END: backoff


@dataclass
class Api:
    """Responds to each request with the next part of the
    path, and counts."""

    connections: int = 0
    orders: int = 0
    requests: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    url: str = ""

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(
            self.serve, "127.0.0.1"
        )
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return server

    def reset(self) -> None:
        self.connections = self.orders = 0
        self.requests.clear()
        self.keys.clear()

    async def serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.respond(head.decode(), writer)
        except asyncio.IncompleteReadError:
            writer.close()

    def respond(
        self, head: str, writer: asyncio.StreamWriter
    ) -> None:
        path = head.split()[1]
        key = head.partition("Idempotency-Key: ")[2][:1]
        if key not in self.keys:
            self.orders += 1
        self.keys.update(key)
        before = self.requests.count(path)
        self.requests.append(path)
        parts = path.partition("?")[0].split("/")[1:]
        part = parts[min(before, len(parts) - 1)]
        if part == "closed":
            return writer.close()
        if part == "reset":
            return writer.transport.abort()
        body = '{"order": ' if part == "broken" else "{}"
        status, _, after = part.partition("+")
        lines = [
            f"HTTP/1.1 {status.replace('broken', '200')} -",
            "content-type: application/json",
            f"content-length: {len(body)}",
            f"retry-after: {after}",
        ]
        lines = lines[: 4 if after else 3]
        text = "\r\n".join([*lines, "", body])
        writer.write(text.encode())


# ANCHOR: attempts
async def five_attempts(
    attempt: Callable[[], Awaitable[None]],
) -> None:
    """Gives each of five attempts 400 ms."""
    for retry in range(5):
        try:
            async with asyncio.timeout(0.4):
                return await attempt()
        except TimeoutError:
            if retry == 4:
                raise
        await asyncio.sleep(backoff(retry))
# ANCHOR_END: attempts


# ANCHOR: deadline
async def until(
    deadline: float, attempts: Awaitable[None]
) -> None:
    """Gives all attempts together until the deadline."""
    async with asyncio.timeout_at(deadline):
        await attempts
# ANCHOR_END: deadline


async def give_up(http: ClientSession) -> None:
    sent = 0

    async def attempt() -> None:
        nonlocal sent
        sent += 1
        # Other lessons' server: it takes a minute.
        url = f"{WEB_URL}/page/1?delay=60000"
        async with http.get(url, timeout=NO_LIMIT):
            pass

    async def row(what: str, run: Awaitable[None]) -> None:
        nonlocal sent
        sent, start = 0, perf_counter()
        try:
            await run
        except TimeoutError:
            took = rounded(perf_counter() - start)
            print(
                f"  {what:<23}  {sent} sent,"
                f" gave up after {took} ms"
            )

    loop = asyncio.get_running_loop()
    await row("400 ms for each attempt", five_attempts(attempt))
    deadline = loop.time() + 1
    attempts = five_attempts(attempt)
    await row("one deadline for all", until(deadline, attempts))


def rounded(seconds: float) -> int:
    """Rounds down to 100 ms: a busy machine adds some."""
    return int((seconds + 0.005) * 10) * 100


# ANCHOR: herd
Wait = Callable[[int, random.Random], float]


def no_jitter(retry: int, _: random.Random) -> float:
    return backoff(retry)


def full_jitter(retry: int, seeded: random.Random) -> float:
    return seeded.uniform(0, backoff(retry))


def herd(wait: Wait) -> int:
    """Plans four retries of 100 clients that fail at the
    same time. Returns the most in one millisecond."""
    retries = Counter[int]()
    for seed in range(100):
        seeded, time = random.Random(seed), 0.0
        for retry in range(4):
            time += wait(retry, seeded)
            retries[int(time * 1000)] += 1
    return max(retries.values())
# ANCHOR_END: herd


# ANCHOR: may_retry
IDEMPOTENT = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}


def may_retry(method: str, error: Exception) -> bool:
    """Decides whether another attempt can help, and can do
    no harm."""
    match error:
        case ClientConnectorError():
            return True
        case ValueError():  # not JSON
            return False
        case ClientResponseError(status=408 | 429):
            return True
        case ClientResponseError(status=status):
            may_help = status in {500, 502, 503, 504}
            return may_help and method in IDEMPOTENT
        case _:
            return method in IDEMPOTENT
# ANCHOR_END: may_retry


async def send(
    http: ClientSession, method: str, url: str, key: str
) -> None:
    headers = {"Idempotency-Key": key} if key else {}
    async with http.request(
        method, url, headers=headers
    ) as response:
        response.raise_for_status()
        await response.json()


async def twice(
    http: ClientSession,
    method: str,
    url: str,
    may_retry: Callable[[str, Exception], bool],
    key: str = "",
) -> None:
    try:
        return await send(http, method, url, key)
    except (ClientError, ValueError) as error:
        if not may_retry(method, error):
            raise
        headers = getattr(error, "headers", None) or {}
        after = headers.get("Retry-After", backoff(0))
    await asyncio.sleep(float(after))
    await send(http, method, url, key)


async def row(
    what: str, http: ClientSession, api: Api, url: str
) -> None:
    cells = []
    for method in ("GET", "POST"):
        api.reset()
        start = perf_counter()
        try:
            url_of_row = f"{url}?{method}"
            await twice(http, method, url_of_row, may_retry)
        except (ClientError, ValueError):
            pass
        millis = rounded(perf_counter() - start)
        cell = f"after {millis} ms" if millis else "no"
        if not millis and len(api.requests) == 2:
            cell = "by aiohttp"
        cells.append(cell)
    print(f"{what:<20}  {cells[0]:<14}  {cells[1]}")


async def lost_response(
    what: str,
    http: ClientSession,
    api: Api,
    key: str,
    may_retry: Callable[[str, Exception], bool],
) -> None:
    api.reset()
    url, error = f"{api.url}/closed/200", ""
    try:
        await twice(http, "POST", url, may_retry, key)
    except ClientError as failure:
        error = str(failure)
    posts, orders = len(api.requests), api.orders
    end = "error" if error else "ok"
    print(
        f"  {what:<19}  POSTs: {posts}, orders: {orders},"
        f" {end}"
    )
    if error:
        print(f"  the error: {error}")


# ANCHOR: clients
async def session_per_request(url: str) -> None:
    for _ in range(20):
        async with ClientSession() as http:
            await (await http.get(url)).read()


async def one_session(url: str) -> None:
    async with ClientSession() as http:
        for _ in range(20):
            await (await http.get(url)).read()
# ANCHOR_END: clients


async def main() -> None:
    api = Api()
    server = await api.start()
    # Bound but not listening: it refuses connections.
    refusing = socket.socket()
    refusing.bind(("127.0.0.1", 0))
    refused = f"http://127.0.0.1:{refusing.getsockname()[1]}/"

    async with ClientSession() as http:
        print("a server that does not respond")
        await give_up(http)

        print(
            "\n100 clients fail at once:"
            " most retries in one ms"
        )
        print(f"  backoff:     {herd(no_jitter):>3}")
        print(f"  full jitter: {herd(full_jitter):>3}")

        print("\nfailure               GET             POST")
        await row("connection refused", http, api, refused)
        for what, path in (
            ("connection closed", "/closed/200"),
            ("connection reset", "/reset/200"),
            ("408", "/408/200"),
            ("429, Retry-After: 2", "/429+2/200"),
            ("500", "/500/200"),
            ("503", "/503/200"),
            ("404", "/404/200"),
            ("200, but not JSON", "/broken/200"),
        ):
            await row(what, http, api, api.url + path)

        print("\na POST whose response is lost")
        for what, key, rule in (
            ("always retried", "", lambda *_: True),
            ("not retried", "", may_retry),
            ("retried with a key", "7", lambda *_: True),
        ):
            await lost_response(what, http, api, key, rule)

    print("\n20 requests")
    api.reset()
    await session_per_request(f"{api.url}/200")
    print(f"  a session for each: {api.connections} connections")
    api.reset()
    await one_session(f"{api.url}/200")
    print(f"  one session:         {api.connections} connection")
    server.close()


if not WEB_URL:
    print(
        "WEB_URL is not set: start `cargo run --bin"
        " services` and copy the two lines it prints",
        file=sys.stderr,
    )
    sys.exit(2)
asyncio.run(main())
