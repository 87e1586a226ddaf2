"""08 - Blocking: why did everything stop?

Calls a function that blocks its thread: next to a
heartbeat, under a timeout, and six times on a small thread
pool. Then it cancels such calls.

Run it with `python3 lessons/08_blocking/python.py`.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

TICK = 0.2
THREADS = 2


# ANCHOR: hash
class Calls:
    """Counts the calls of `hash_file`."""

    lock = threading.Lock()
    running = 0
    peak = 0


def hash_file(seconds: float) -> None:
    """Stands in for hashing a file, resizing a photo, or
    `requests`: it blocks the thread."""
    with Calls.lock:
        Calls.running += 1
        Calls.peak = max(Calls.peak, Calls.running)
    time.sleep(seconds)
    with Calls.lock:
        Calls.running -= 1
# ANCHOR_END: hash


# ANCHOR: heartbeat
async def heartbeat() -> float:
    """Beats every 200 ms. Returns the longest gap."""
    longest = 0.0
    for _ in range(4):
        last = perf_counter()
        await asyncio.sleep(TICK)
        longest = max(longest, perf_counter() - last)
    return longest


async def in_the_loop() -> float:
    async def call() -> None:
        hash_file(3 * TICK)

    return (await asyncio.gather(heartbeat(), call()))[0]


async def in_a_thread() -> float:
    call = asyncio.to_thread(hash_file, 3 * TICK)
    return (await asyncio.gather(heartbeat(), call))[0]
# ANCHOR_END: heartbeat


# ANCHOR: debug
class Counter(logging.Handler):
    """Counts the lines that are logged."""

    lines = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1


async def logged(work: Awaitable[float]) -> int:
    """Counts what debug mode logs about slow callbacks."""
    loop, counter = asyncio.get_running_loop(), Counter()
    logger = logging.getLogger("asyncio")
    logger.addHandler(counter)
    logger.propagate = False
    loop.set_debug(True)
    loop.slow_callback_duration = 0.3
    await work
    loop.set_debug(False)
    # The callback that runs now is still logged.
    await asyncio.sleep(0)
    logger.removeHandler(counter)
    return counter.lines
# ANCHOR_END: debug


# ANCHOR: timeout
async def limited(
    what: str, work: Awaitable[None]
) -> None:
    """Prints how a timeout of 200 ms ends, and when."""
    start = perf_counter()
    try:
        async with asyncio.timeout(TICK):
            await work
        ended = "ok"
    except TimeoutError:
        ended = "TimeoutError"
    print(f"  {what} {ended} after {ms(start)},", end=" ")
    print(f"{Calls.running} running")


async def two_timeouts() -> None:
    async def call() -> None:
        hash_file(3 * TICK)

    await limited("in the loop:", call())
    in_thread = asyncio.to_thread(hash_file, 3 * TICK)
    await limited("to_thread:  ", in_thread)
    await asyncio.sleep(3 * TICK)  # it cannot be awaited
# ANCHOR_END: timeout


# ANCHOR: pool
async def six_calls(limit: int) -> None:
    """Calls `hash_file` six times, at most `limit` at once,
    and resolves a host name, which needs a thread of the
    pool as well."""
    Calls.peak = 0
    start = perf_counter()
    permits = asyncio.Semaphore(limit)

    async def call() -> None:
        async with permits:
            await asyncio.to_thread(hash_file, TICK)

    async def lookup() -> str:
        await asyncio.sleep(0.05)  # after the calls
        loop = asyncio.get_running_loop()
        await loop.getaddrinfo("localhost", 80)
        return ms(start)

    resolving = asyncio.create_task(lookup())
    await asyncio.gather(*(call() for _ in range(6)))
    calls = ms(start)
    print(
        f"  at most {limit}: {calls}, peak {Calls.peak},"
        f" getaddrinfo after {await resolving}"
    )
# ANCHOR_END: pool


# ANCHOR: cancel
async def two_cancels() -> None:
    """Cancels a call that runs, and one that is queued
    because every thread of the pool is taken."""
    loop = asyncio.get_running_loop()
    start = perf_counter()
    calls = [
        loop.run_in_executor(None, hash_file, 2 * TICK)
        for _ in range(THREADS + 1)
    ]
    await asyncio.sleep(TICK)
    for what, call in (
        ("running:", calls[0]),
        ("queued: ", calls[-1]),
    ):
        call.cancel()
        try:
            await call
            result = "ok, it ran to its end"
        except asyncio.CancelledError:
            result = "CancelledError"
        print(f"  {what} {result} after {ms(start)}")
    print(f"  still running: {Calls.running}")
    await calls[1]
# ANCHOR_END: cancel


def ms(start: float) -> str:
    return rounded(perf_counter() - start)


def rounded(seconds: float) -> str:
    """Rounds down to 200 ms, so a busy machine prints the
    same. (Timers may be a little early, hence the 25
    ms.)"""
    return f"{int((seconds + 0.025) / TICK) * 200} ms"


async def main() -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS))

    print("longest gap of a heartbeat of 200 ms")
    print(f"  in the loop: {rounded(await in_the_loop())}")
    print(f"  to_thread:   {rounded(await in_a_thread())}")

    print("\nslow callbacks that debug mode logs")
    print(f"  in the loop: {await logged(in_the_loop())}")
    print(f"  to_thread:   {await logged(in_a_thread())}")

    print("\na timeout of 200 ms around a call of 600 ms")
    await two_timeouts()

    print(f"\na pool of {THREADS}, and six calls of 200 ms")
    for limit in (6, THREADS - 1):
        await six_calls(limit)

    print("\ncancel")
    await two_cancels()

    print("\nthe end of main, with a call that no one awaits")
    loop.run_in_executor(None, hash_file, 3 * TICK)
    await asyncio.sleep(TICK)


with asyncio.Runner() as runner:
    runner.run(main())
    start = perf_counter()
print(f"  closing the runner took {ms(start)}")
