#!/usr/bin/python3
"""Runs the end-to-end tests.

    run.py [--only NAME]... [--jobs N] [BUILD]

BUILD is the folder with stoxd (default: build). One line per suite and per
reason for what was skipped, at the end `N passed, N failed, N skipped`; exit 1
when a test failed. STOX_LOAD_SECONDS makes the load test longer;
STOX_BRIDGE_USERS=20 and STOX_BRIDGE_MESSAGES=200 let so many users of each
world say so much in one MUC room; STOX_KEEP=1 keeps the servers' folders."""

import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 900 + float(os.environ.get("STOX_LOAD_SECONDS", "20"))


def run(suite, build):
    """(suite, passed, failed, skipped, seconds, output)"""
    begin = time.monotonic()
    env = dict(os.environ, STOX_BUILD=build, PYTHONDONTWRITEBYTECODE="1")
    try:
        p = subprocess.run(["/usr/bin/python3", "-W", "ignore", suite + ".py"],
                           cwd=HERE, env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=LIMIT,
                           errors="replace")
        output, code = p.stdout, p.returncode
    except subprocess.TimeoutExpired as e:
        output = (e.stdout or b"").decode("utf-8", "replace") + "\ntimed out\n"
        code = -1
    ran = re.search(r"^Ran (\d+) tests?", output, re.M)
    counts = {k: int(v) for k, v in re.findall(
        r"(failures|errors|skipped)=(\d+)", output)}
    bad = counts.get("failures", 0) + counts.get("errors", 0)
    skipped = counts.get("skipped", 0)
    if not ran or (code and not bad):
        return suite, 0, max(bad, 1), skipped, time.monotonic() - begin, output
    return (suite, max(0, int(ran.group(1)) - bad - skipped), bad, skipped,
            time.monotonic() - begin, output)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    suites = sorted(os.path.basename(f)[:-3]
                    for f in glob.glob(os.path.join(HERE, "test_*.py")))
    if options.only:
        suites = [s for s in suites
                  if s in options.only or s[len("test_"):] in options.only]
        if not suites:
            parser.error("no such suite")
    build = os.path.abspath(options.build)
    total = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(run, s, build) for s in suites]
        for job in concurrent.futures.as_completed(jobs):
            suite, passed, failed, skipped, seconds, output = job.result()
            for i, n in enumerate((passed, failed, skipped)):
                total[i] += n
            print("%-16s %3d passed, %d failed, %d skipped  %.0f s" % (
                suite[len("test_"):], passed, failed, skipped, seconds))
            for why in sorted(set(re.findall(r"\.\.\. skipped (.*)", output))):
                print("  skipped: " + why.strip("'\""))
            if failed:
                print(output)
            sys.stdout.flush()
    line = "%d passed, %d failed" % tuple(total[:2])
    print(line + (", %d skipped" % total[2] if total[2] else ""))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
