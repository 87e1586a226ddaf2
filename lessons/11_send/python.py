"""11 - Send: why will this future not spawn?

In asyncio every coroutine can be a task: one loop runs
them all on one thread. This shows what that saves you,
what it does not, and what happens with a second thread.

Run it with `python3 lessons/11_send/python.py`.
"""

import asyncio
import copy
import functools
import textwrap
import threading
import time
from collections.abc import Awaitable, Callable

TASKS = 4
threads: set[int] = set()


async def save(what: object) -> None:
    """Stands in for a query or a request."""
    threads.add(threading.get_ident())
    await asyncio.sleep(0.1)


class Text:
    """Text of which each copy is counted."""

    copies = 0

    def __init__(self, text: str) -> None:
        self.text = text

    def __copy__(self) -> "Text":
        Text.copies += 1
        return Text(self.text)


# ANCHOR: sell
class Shop:
    sold = 0
    lock = asyncio.Lock()


async def sell() -> None:
    Shop.sold += 1
    await save(Shop.sold)


async def sell_locked() -> None:
    async with Shop.lock:
        Shop.sold += 1
        await save(Shop.sold)


async def sell_late() -> None:
    """Reads before the await and writes after it."""
    sold = Shop.sold
    await save(sold)
    Shop.sold = sold + 1
# ANCHOR_END: sell


async def row(
    what: str, work: Callable[[], Awaitable[None]]
) -> None:
    """Runs `work` in several tasks at once."""
    start, before = time.monotonic(), Text.copies
    await asyncio.gather(*(work() for _ in range(TASKS)))
    took = round((time.monotonic() - start) * 10) * 100
    copies = Text.copies - before
    print(f"  {what:<20} {took:>4} ms {copies:>4} copies")


# ANCHOR: threads
async def elsewhere(
    what: str, call: Callable[[], object]
) -> None:
    """Calls from another thread, and prints the outcome."""
    outcome = "ok"
    try:
        await asyncio.to_thread(call)
    except RuntimeError as error:
        outcome = f"RuntimeError: {error}"
    print(f"  {what} from another:")
    print(textwrap.indent(textwrap.fill(outcome, 52), "    "))


def create_task() -> None:
    coroutine = save("from a thread")
    try:
        asyncio.create_task(coroutine)
    finally:
        coroutine.close()
# ANCHOR_END: threads


async def main() -> None:
    print(f"{TASKS} tasks at once, which wait for 100 ms each")
    print("\na counter")
    await row("no lock", sell)
    await row("asyncio.Lock", sell_locked)
    Shop.sold = 0
    await row("written afterwards", sell_late)
    print(f"  which counts {Shop.sold} of {TASKS}")

    print("\na list")
    prices = Text("tea 8")
    await row("shared", lambda: save(prices))
    await row("a copy each", lambda: save(copy.copy(prices)))

    print("\nthreads")
    print(f"  that ran these tasks: {len(threads)}")
    await elsewhere("create_task", create_task)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    call_soon = functools.partial(loop.call_soon, print)
    await elsewhere("call_soon, in debug mode", call_soon)
    loop.set_debug(False)
    future = await asyncio.to_thread(
        asyncio.run_coroutine_threadsafe, save("done"), loop
    )
    await asyncio.wrap_future(future)
    print("  run_coroutine_threadsafe from another:\n    ok")


asyncio.run(main())
