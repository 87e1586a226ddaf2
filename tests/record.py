"""Runs a Python program and saves what its tasks did, as a
timeline: `record.py PROGRAM FILE`. `tests/python.rs` uses
it; the book shows the timeline.

A task factory notes each task that a function of the
program creates; a profile function, when the task's
coroutine is resumed and when it suspends. The tasks of one
call of a function are a section (of the last call, if there
are several), and each task is a row.
Times are rounded down to 100 ms, with 20 ms of tolerance,
so a busy machine prints the same.
"""

import asyncio
import json
import runpy
import sys
from time import perf_counter

program, file = sys.argv[1:]
sections = {}  # by the frame of the function
rows = {}  # by the frame of the task's coroutine
started = {}  # when each function's frame first ran


def is_ours(code):
    return code.co_filename == program and code.co_name[0] != "<"


def factory(loop, coroutine, **options):
    task = asyncio.Task(coroutine, loop=loop, **options)
    frame = sys._getframe()
    while frame and not is_ours(frame.f_code):
        frame = frame.f_back
    inner = coroutine.cr_frame
    if frame and is_ours(inner.f_code):
        values = inner.f_locals.items()
        fields = [
            f" {k}={v}"
            for k, v in values
            if isinstance(v, (int, str))
        ]
        label = inner.f_code.co_name + "".join(fields)
        begin = started.get(frame, perf_counter())
        section = sections.setdefault(
            frame, {"begin": begin, "end": begin, "rows": []}
        )
        row = {"label": label, "begin": perf_counter(), "polls": []}
        section["rows"].append(row)
        rows[inner] = row
        task.add_done_callback(lambda task: end(task, row))
    return task


def end(task, row):
    row["end"] = perf_counter()
    if task.cancelled():
        row["outcome"] = "cancelled"
    else:
        failed = task.exception() is not None
        row["outcome"] = "failed" if failed else "returned"


def profile(frame, event, _):
    if not is_ours(frame.f_code):
        return
    now = perf_counter()
    if event == "call":
        started.setdefault(frame, now)
        if frame in rows:
            rows[frame]["polls"].append([now, now])
    elif event == "return":
        if frame in rows:
            rows[frame]["polls"][-1][1] = now
        if frame in sections:
            sections[frame]["end"] = now


def save():
    def recorded(frame, section):
        def at(time):
            since = time - section["begin"]
            return int((since + 0.02) * 10) * 100_000

        def row_json(number, row):
            polls = []
            for poll in row["polls"]:
                poll = [at(time) for time in poll]
                if polls[-1:] != [poll]:
                    polls.append(poll)
            return {
                "label": row["label"],
                "depth": 0,
                "life": [at(row["begin"]), at(row["end"])],
                "polls": polls,
                "outcome": row["outcome"],
                "task": number,
            }

        numbered = enumerate(section["rows"], 1)
        return {
            "title": frame.f_code.co_name,
            "micros": at(section["end"]),
            "rows": [row_json(*it) for it in numbered],
        }

    last = {}
    for frame, section in sections.items():
        last[frame.f_code.co_name] = recorded(frame, section)
    with open(file, "w") as out:
        json.dump({"sections": list(last.values())}, out)


def run(main, run=asyncio.run):
    async def with_factory():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        return await main

    sys.setprofile(profile)
    run(with_factory())
    sys.setprofile(None)


asyncio.run = run
runpy.run_path(program, run_name="__main__")
save()
