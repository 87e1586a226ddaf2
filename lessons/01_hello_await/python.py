"""01 - Hello, await: when does an async def run?

A numbered trace: what happens when a coroutine is made,
when it is awaited, and when it is dropped instead.

Run it with `python3 lessons/01_hello_await/python.py`.
"""

import asyncio
import warnings


# ANCHOR: greet
async def greet(name: str) -> str:
    """Waits a moment, as a request would, and greets."""
    print(f"3. greet({name}) begins")
    await asyncio.sleep(0.1)
    print(f"4. greet({name}) has waited 100 ms")
    return f"Hello, {name}!"
# ANCHOR_END: greet


# ANCHOR: main
async def main() -> None:
    print("1. main begins")
    coroutine = greet("Ada")
    print("2. the coroutine is made, and nothing ran")
    greeting = await coroutine
    print(f"5. the await is over: {greeting}")

    # ANCHOR: dropped
    never_awaited = greet("Bob")
    # Python warns at run time, on stderr; caught here, so
    # that it stands among the other lines.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del never_awaited
    print("6. Bob's coroutine is dropped: it never began")
    for warning in caught:
        name = warning.category.__name__
        print(f"   {name}: {warning.message}")
    # ANCHOR_END: dropped

    # ANCHOR: twice
    try:
        await coroutine
    except RuntimeError:
        print("7. a second await of Ada's: RuntimeError")
    # ANCHOR_END: twice


asyncio.run(main())
# ANCHOR_END: main
