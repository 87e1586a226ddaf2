"""Decodes JSON into dicts and lists, with the standard library or
orjson. The twin of src/contestant/decode.rs.

Arguments: library, file, repetitions."""

import sys
import time

from measure import print_sample, since

_, library, file, times = sys.argv
if library == "orjson":
    from orjson import loads
else:
    from json import loads

with open(file, "rb") as document:
    content = document.read()
values = []
for _ in range(int(times)):
    start = time.perf_counter()
    users = loads(content)
    values.append(since(start))
    if not users[-1]["orders"]:
        sys.exit("nothing was decoded")
print_sample("json", values)
