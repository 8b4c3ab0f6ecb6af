"""The packages of npm/package-lock.json, installed into a folder of their own
beside stoxd; once, for all test classes and until the lock changes."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import unittest

from servers import build_dir

LOCK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npm")
FILES = ("package.json", "package-lock.json")
# The codes with which npm ends when a registry doesn't answer or refuses.
NOT_HAD = re.compile(
    r"^npm (?:error|ERR!) code (E\d{3}|ENOTFOUND|EAI_AGAIN|ECONN\w+|"
    r"\w*TIMEDOUT|\w*_TIMEOUT|E\w+UNREACH|FETCH_ERROR)$", re.M)


def packages():
    """The folder with node_modules; raises SkipTest where they can't be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise unittest.SkipTest("no node or npm here")
    digest = hashlib.sha256()
    for name in FILES:
        with open(os.path.join(LOCK, name), "rb") as f:
            digest.update(f.read())
    folder = os.path.join(build_dir(), "npm-" + digest.hexdigest()[:16])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, "done")):
            install(folder)
    return folder


def install(folder):
    for name in FILES:
        shutil.copy(os.path.join(LOCK, name), folder)
    env = dict(os.environ, npm_config_cache=os.path.join(folder, "cache"),
               npm_config_fetch_retries="2",
               npm_config_fetch_retry_mintimeout="1000",
               npm_config_fetch_retry_maxtimeout="5000",
               npm_config_fetch_timeout="60000")
    try:
        npm = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder, env=env, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200)
    except subprocess.TimeoutExpired as late:
        raise unittest.SkipTest("npm's registry is too slow") from late
    if npm.returncode:
        why = NOT_HAD.search(npm.stdout)
        if why:
            raise unittest.SkipTest("npm can't get the packages: "
                                    + why.group(1))
        raise AssertionError("npm ci:\n" + npm.stdout)
    shutil.rmtree(os.path.join(folder, "cache"), ignore_errors=True)
    with open(os.path.join(folder, "done"), "w", encoding="ascii"):
        pass
