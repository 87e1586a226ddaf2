"""02 - Lazy: why did my two awaits take 200 ms?

The same two waits of 100 ms in three ways, and what an
await does when there is nothing to wait for.

Run it with `python3 lessons/02_lazy/python.py`.
"""

import asyncio
from time import perf_counter


async def request(name: str) -> None:
    """Stands for a request that takes 100 ms."""
    await asyncio.sleep(0.1)


# ANCHOR: in_turn
async def in_turn() -> None:
    """A coroutine does nothing until it is awaited: `b`
    begins when `a` is over."""
    a = request("a")
    b = request("b")
    await a
    await b
# ANCHOR_END: in_turn


# ANCHOR: spawned
async def spawned() -> None:
    """A task runs from the next await on, whoever awaits.
    Keep it in a variable: the loop holds no strong
    reference, and a lost task may be collected."""
    a = asyncio.create_task(request("a"))
    b = asyncio.create_task(request("b"))
    await a
    await b
# ANCHOR_END: spawned


# ANCHOR: joined
async def joined() -> None:
    """One await for both: `gather` makes them tasks."""
    await asyncio.gather(request("a"), request("b"))
# ANCHOR_END: joined


# ANCHOR: ready
async def ready(name: str) -> None:
    """Never has to wait."""
    print(f" {name}", end="")


async def three_ready(name: str) -> None:
    """Three awaits, and no chance for anybody else."""
    for _ in range(3):
        await ready(name)


async def three_polite(name: str) -> None:
    """Three awaits that let others run in between."""
    for _ in range(3):
        await ready(name)
        await asyncio.sleep(0)
# ANCHOR_END: ready


def millis(start: float) -> str:
    """In whole 100 ms, the same on a busy machine. (A
    timer may also be a tick early: hence the 20 ms.)"""
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
    print("\nwho runs when nobody waits")
    print("  await of ready work: ", end="")
    await asyncio.gather(
        three_ready("a"), three_ready("b")
    )
    print("\n  with sleep(0):       ", end="")
    await asyncio.gather(
        three_polite("a"), three_polite("b")
    )
    print()
    # ANCHOR_END: order


asyncio.run(main())
