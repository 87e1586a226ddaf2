"""01 - Hello, await: when does an async def run?

A numbered trace shows what runs when a coroutine is
created, when it is awaited, and when it is dropped.

Run it with `python3 lessons/01_hello_await/python.py`.
"""

import asyncio
import warnings


# ANCHOR: greet
async def greet(name: str) -> str:
    """Returns a greeting after a wait of 100 ms."""
    print(f"3. greet({name}) begins")
    await asyncio.sleep(0.1)
    print(f"4. greet({name}) has waited 100 ms")
    return f"Hello, {name}!"
# ANCHOR_END: greet


# ANCHOR: main
async def main() -> None:
    print("1. main begins")
    coroutine = greet("Ada")
    print("2. the coroutine is made, but nothing has run")
    greeting = await coroutine
    print(f"5. the await returned: {greeting}")

    # ANCHOR: dropped
    never_awaited = greet("Bob")
    # Python warns at run time, on stderr. Catch the
    # warning to print it in order with the other lines.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del never_awaited
    print("6. Bob's coroutine is dropped: it never ran")
    for warning in caught:
        name = warning.category.__name__
        print(f"   {name}: {warning.message}")
    # ANCHOR_END: dropped

    # ANCHOR: twice
    try:
        await coroutine
    except RuntimeError:
        print("7. awaiting Ada's again: RuntimeError")
    # ANCHOR_END: twice


asyncio.run(main())
# ANCHOR_END: main
