"""07 - Pitfalls: what do the best-practice lists mean in
numbers?

Measures six common mistakes, each before and after the
fix.

Run it with `python3 lessons/07_pitfalls/python.py`, while
`cargo run --bin services` runs; copy the lines it prints.
"""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Awaitable
from typing import Any

from aiohttp import ClientSession

WEB_URL = os.environ.get("WEB_URL")


async def request(n: int, seconds: float = 0.1) -> int:
    await asyncio.sleep(seconds)
    return n


# ANCHOR: loop
async def await_in_a_loop() -> None:
    for n in range(5):
        await request(n)


async def await_together() -> None:
    await asyncio.gather(*(request(n) for n in range(5)))
# ANCHOR_END: loop


# ANCHOR: blocking
def blocking_call() -> None:
    """Stands in for hashing, compressing or `requests`:
    it blocks the thread."""
    time.sleep(0.6)


async def blocks() -> None:
    blocking_call()


async def blocks_elsewhere() -> None:
    """A worker thread may block. (Pure Python code still
    holds the GIL: use a process for it.)"""
    await asyncio.to_thread(blocking_call)


async def heartbeat(
    work: Awaitable[None], http: ClientSession
) -> int:
    """Counts how many of five health checks get a response
    before `work` is done."""
    beats = 0

    async def heart() -> None:
        nonlocal beats
        for _ in range(5):
            async with http.get("/health"):
                beats += 1

    task = asyncio.create_task(heart())
    await work
    task.cancel()
    return beats
# ANCHOR_END: blocking


# ANCHOR: mixed
async def lookup() -> int:
    await asyncio.sleep(0)
    return 42


def sync_code() -> int:
    """Sync code that needs an async result."""
    coroutine = lookup()
    try:
        return asyncio.run(coroutine)
    finally:
        coroutine.close()  # avoids a warning


async def run_inside() -> int:
    """This thread's loop is already running:
    RuntimeError."""
    return sync_code()


async def run_elsewhere() -> int:
    """Another thread has no running loop and starts
    one."""
    return await asyncio.to_thread(sync_code)
# ANCHOR_END: mixed


# ANCHOR: lost_error
async def fails() -> None:
    raise ValueError("the invoice was not sent")


async def task_dropped() -> None:
    """The loop logs "Task exception was never retrieved",
    but only when the task is garbage-collected."""
    task = asyncio.create_task(fails())
    await asyncio.sleep(0)  # the task runs and fails
    del task
    gc.collect()


async def task_awaited() -> None:
    await asyncio.create_task(fails())


async def counted(
    work: Awaitable[None],
) -> tuple[int, int]:
    """Counts the errors that reach the caller and the
    log."""
    logged: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda _, context: logged.append(context)
    )
    raised = await errors(work)
    loop.set_exception_handler(None)
    return raised, len(logged)
# ANCHOR_END: lost_error


# ANCHOR: wait
async def first_of_three() -> tuple[int, int]:
    """Returns the number of responses, and of tasks left
    running."""
    tasks = [
        asyncio.create_task(request(n, n * 0.2))
        for n in (1, 2, 3)
    ]
    done, running = await asyncio.wait(
        tasks, return_when=asyncio.FIRST_COMPLETED
    )
    for task in running:
        task.cancel()  # `wait` stops none of them
    return len(done), len(running)


async def all_of_three() -> tuple[int, int]:
    responses = await asyncio.gather(
        *(request(n) for n in (1, 2, 3))
    )
    return len(responses), 0
# ANCHOR_END: wait


# ANCHOR: lock
class Total:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.value = 0

    async def add_one(self) -> None:
        async with self.lock:
            self.value += 1

    async def lock_across_await(self) -> None:
        """Waits for a task while holding the lock that
        the task needs."""
        async with self.lock:
            await asyncio.create_task(self.add_one())

    async def lock_released(self) -> None:
        async with self.lock:
            self.value += 1
        await asyncio.create_task(self.add_one())


async def ends_after(work: Awaitable[None]) -> str:
    """Returns the duration of `work`, or DEADLOCK after a
    second."""
    try:
        async with asyncio.timeout(1):
            return await millis(work)
    except TimeoutError:
        return "DEADLOCK"
# ANCHOR_END: lock


async def millis(work: Awaitable[Any]) -> str:
    """Rounds down to 100 ms, so a busy machine prints the
    same. (Timers can fire a tick early, hence the 20
    ms.)"""
    start = time.perf_counter()
    await work
    took = time.perf_counter() - start + 0.02
    return f"{int(took * 10) * 100} ms"


async def errors(work: Awaitable[Any]) -> int:
    try:
        await work
        return 0
    except (RuntimeError, ValueError):
        return 1


def row(pitfall: str, before: Any, after: Any) -> None:
    print(f"{pitfall:<36} {before:>9} {after:>9}")


async def main(web_url: str) -> None:
    row("pitfall", "before", "after")

    before = await millis(await_in_a_loop())
    after = await millis(await_together())
    row("1 await in a loop", before, after)

    async with ClientSession(web_url) as http:
        starved = await heartbeat(blocks(), http)
        fine = await heartbeat(blocks_elsewhere(), http)
    row("2 blocking call: heartbeats of 5", starved, fine)

    inside = await errors(run_inside())
    after = await errors(run_elsewhere())
    row("3 run inside async: errors of 1", inside, after)

    raised, logged = await counted(task_dropped())
    raised_2, logged_2 = await counted(task_awaited())
    row("4 error in a task: seen of 1", raised, raised_2)
    row("  and logged when collected", logged, logged_2)

    done, left = await first_of_three()
    done_2, left_2 = await all_of_three()
    row("5 wait for gather: responses of 3", done, done_2)
    row("  and tasks left running", left, left_2)

    total = Total()
    before = await ends_after(total.lock_across_await())
    after = await ends_after(total.lock_released())
    row("6 lock held across an await", before, after)


if not WEB_URL:
    print(
        "WEB_URL is not set: start `cargo run --bin"
        " services` and copy the two lines it prints",
        file=sys.stderr,
    )
    sys.exit(2)
asyncio.run(main(WEB_URL))
