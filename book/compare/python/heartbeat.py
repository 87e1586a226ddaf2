"""A task that wakes up every 10 ms, and a call that blocks
its thread for 200 ms. The twin of src/contestant/heartbeat.rs.

Arguments: loop, `one` or `away`."""

import asyncio
import sys
import time

from measure import print_sample, run, since


async def beat() -> float:
    """Beats for half a second. Returns the longest pause."""
    begun = last = time.perf_counter()
    longest = 0.0
    while time.perf_counter() - begun < 0.5:
        await asyncio.sleep(0.01)
        longest = max(longest, since(last))
        last = time.perf_counter()
    return longest


async def main(case: str) -> None:
    heart = asyncio.create_task(beat())
    await asyncio.sleep(0.1)
    if case == "away":
        await asyncio.to_thread(time.sleep, 0.2)
    else:
        time.sleep(0.2)
    print_sample("heartbeat", [await heart], case)


_, loop, case = sys.argv
run(loop, main(case))
