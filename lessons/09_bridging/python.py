"""09 - Bridging: how do I call async code from sync code, and back?

TODO: in two lines, what it shows.

Run it with `python3 lessons/09_bridging/python.py`.
"""

import asyncio
from time import perf_counter


async def work(name: str) -> None:
    """TODO: what it stands for."""
    await asyncio.sleep(0.1)


# ANCHOR: wrong
async def wrong() -> None:
    """TODO: the slow or wrong way."""
    await work("a")
    await work("b")
# ANCHOR_END: wrong


# ANCHOR: right
async def right() -> None:
    """TODO: the good way."""
    await asyncio.gather(work("a"), work("b"))
# ANCHOR_END: right


def millis(start: float) -> str:
    """Rounds down to whole 100 ms, the same on a busy
    machine. (A timer may fire early: hence the 20 ms.)"""
    took = perf_counter() - start + 0.02
    return f"{int(took * 10) * 100} ms"


async def main() -> None:
    print("two waits of 100 ms")
    start = perf_counter()
    await wrong()
    print(f"  wrong: {millis(start)}")

    start = perf_counter()
    await right()
    print(f"  right: {millis(start)}")


asyncio.run(main())
