#!/usr/bin/env python3
"""Makes lessons/measuring/run/reports.json again: runs each command that is in it.

    cargo build --release
    python3 benches/reports.py

It needs redis-benchmark and taskset, and a machine that does nothing else. Servers run on
processor 0; the one that is stopped for a second is left to the scheduler, as its client is.
Where two generators are compared, they take turns, and the median of five is kept.
"""

import json
import re
import resource
import shlex
import signal
import statistics
import subprocess
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PROGRAM = TOP / "target/release/after-accept"
KEPT = TOP / "lessons/measuring/run/reports.json"
TURNS = 5


def main():
    kept = json.loads(KEPT.read_text())
    git = ["git", "-C", TOP, "rev-parse", "--short=12", "HEAD"]
    kept["commit"] = subprocess.check_output(git, text=True).strip()
    built = time.gmtime(PROGRAM.stat().st_mtime)
    kept["built"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", built)
    results = [[] for _ in kept["entries"]]
    for turn in range(TURNS):
        for entry, of_entry in zip(kept["entries"], results):
            print(f"turn {turn + 1} of {TURNS}: {entry['name']}", flush=True)
            of_entry.append(measured(entry))
    middle = statistics.median_low
    for entry, of_entry in zip(kept["entries"], results):
        rate = middle(result["answers_a_second"] for result in of_entry)
        result = next(one for one in of_entry if one["answers_a_second"] == rate)
        del result["answers_a_second"]
        entry.update(result)
    KEPT.write_text(json.dumps(kept, indent=2) + "\n")


def measured(entry):
    """Returns the report of one run of an entry's command."""
    style = "iterative" if ":2007" in entry["command"] else "async"
    command = shlex.split(entry["command"].replace("after-accept", str(PROGRAM)))
    load_average = float(Path("/proc/loadavg").read_text().split()[0])
    stalls = entry["table"] == "stall"
    server = start_server(style, [] if stalls else ["taskset", "-c", "0"])
    try:
        if "redis-benchmark" in command:
            result = of_redis(command)
        else:
            result = of_ours(command + ["--json"], server if stalls else None)
    finally:
        server.terminate()
        server.wait()
    return {"load_average": load_average, **result}


def start_server(style, pinned):
    command = [*pinned, PROGRAM, style, "echo"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    if not server.stdout.readline().startswith("listening on "):
        raise SystemExit(f"{style} does not start: is its port taken?")
    return server


def of_ours(command, to_be_stopped):
    generator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if to_be_stopped:
        # The stall is the measurement: a second, after a second of answers.
        time.sleep(1)
        to_be_stopped.send_signal(signal.SIGSTOP)
        time.sleep(1)
        to_be_stopped.send_signal(signal.SIGCONT)
    report = json.loads(generator.communicate()[0])
    return {"report": report, "answers_a_second": report["answers"] / report["seconds"]}


def of_redis(command):
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    output = subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL)
    took, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rate = float(re.search(r'"ECHO hello","([\d.]+)"', output).group(1))
    return {"rate": rate, "core": used / took, "answers_a_second": rate}


main()
