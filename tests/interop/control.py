"""A bed with stoxctl and the control socket."""

import asyncio
import http.client
import json
import socket

from bed import Bed


class UnixHttp(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Control(Bed):
    """Bed with shorthands for stoxctl."""

    async def ctl(self, *args, text=None):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            None, lambda: self.stoxd.ctl(*args, text=text))

    async def done(self, *args, text=None):
        r = await self.ctl(*args, text=text)
        self.assertEqual((r.returncode, r.stderr), (0, ""), r)
        return r.stdout

    async def refused(self, *args, text=None):
        """Exit 1 and one line on standard error, which is returned."""
        r = await self.ctl(*args, text=text)
        self.assertEqual((r.returncode, r.stdout), (1, ""), r)
        self.assertRegex(r.stderr, r"^stoxctl: .+\n$")
        return r.stderr

    async def wrong(self, *args):
        r = await self.ctl(*args)
        self.assertEqual((r.returncode, r.stdout), (2, ""), r)
        self.assertTrue(r.stderr)
        return r.stderr

    async def json(self, *args):
        return json.loads(await self.done(*args, "--json"))

    def http(self, method, path, body=None, headers=None):
        """(status, parsed answer or bytes) of the control socket."""
        c = UnixHttp(self.stoxd.control)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            data = r.read()
        finally:
            c.close()
        return r.status, (json.loads(data) if r.getheader("Content-Type") ==
                          "application/json" else data)
