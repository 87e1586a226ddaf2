"""02 - Lazy: why did my two awaits take 200 ms?

Runs the same two waits of 100 ms in three ways, and shows
what an await does when there is nothing to wait for.

Run it with `python3 lessons/02_lazy/python.py`.
"""

import asyncio
from time import perf_counter


async def request(name: str) -> None:
    """Stands in for a request that takes 100 ms."""
    await asyncio.sleep(0.1)


# ANCHOR: in_turn
async def in_turn() -> None:
    """A coroutine does nothing until it is awaited: `b`
    starts when `a` is done."""
    a = request("a")
    b = request("b")
    await a
    await b
# ANCHOR_END: in_turn


# ANCHOR: spawned
async def spawned() -> None:
    """Tasks start at the next await, whatever it awaits.
    Keep them in variables: the loop holds only weak
    references, and a task without a reference may be
    garbage-collected."""
    a = asyncio.create_task(request("a"))
    b = asyncio.create_task(request("b"))
    await a
    await b
# ANCHOR_END: spawned


# ANCHOR: joined
async def joined() -> None:
    """One await for both: `gather` wraps each in a
    task."""
    await asyncio.gather(request("a"), request("b"))
# ANCHOR_END: joined


# ANCHOR: ready
async def ready(name: str) -> None:
    """Never waits."""
    print(f" {name}", end="")


async def three_ready(name: str) -> None:
    """Awaits three times without ever yielding."""
    for _ in range(3):
        await ready(name)


async def three_yielding(name: str) -> None:
    """Awaits three times and yields after each."""
    for _ in range(3):
        await ready(name)
        await asyncio.sleep(0)
# ANCHOR_END: ready


def millis(start: float) -> str:
    """Rounds down to 100 ms, so a busy machine prints the
    same. (Timers can fire a tick early, hence the 20
    ms.)"""
    took = perf_counter() - start + 0.02
    return f"{int(took * 10) * 100} ms"


async def main() -> None:
    print("two requests of 100 ms")
    start = perf_counter()
    await in_turn()
    print(f"  awaited in turn: {millis(start)}")

    start = perf_counter()
    await spawned()
    print(f"  create_task:     {millis(start)}")

    start = perf_counter()
    await joined()
    print(f"  gather:          {millis(start)}")

    # ANCHOR: order
    print("\norder when nothing has to wait")
    print("  awaiting ready work: ", end="")
    await asyncio.gather(
        three_ready("a"), three_ready("b")
    )
    print("\n  with sleep(0):       ", end="")
    await asyncio.gather(
        three_yielding("a"), three_yielding("b")
    )
    print()
    # ANCHOR_END: order


asyncio.run(main())
