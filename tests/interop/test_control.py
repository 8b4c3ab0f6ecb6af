"""The control socket and /metrics, and how they come and go."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import urllib.error
import urllib.request

from bed import Alone, Stoxd, main
from control import Control


class Socket(Control):
    async def test_mode_and_crowd(self):
        mode = os.stat(self.stoxd.control).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(mode & 0o007, 0)
        # those who connect and say nothing keep nobody out for long
        idle = []
        for _ in range(12):
            s = socket.socket(socket.AF_UNIX)
            s.connect(self.stoxd.control)
            idle.append(s)
        self.assertEqual((await self.json("status"))["rooms"] >= 0, True)
        for s in idle:
            s.close()
        for _ in range(40):
            s = socket.create_connection(("127.0.0.1", self.stoxd.metrics), 5)
            s.close()
        for _ in range(30):
            s = socket.create_connection(("127.0.0.1", self.stoxd.metrics), 5)
            idle.append(s)
        for s in idle:
            s.close()
        loop = asyncio.get_running_loop()
        status = await loop.run_in_executor(None, self.metrics_status)
        self.assertEqual(status, 200)

    def metrics_status(self, path="/metrics", data=None):
        url = "http://127.0.0.1:%d%s" % (self.stoxd.metrics, path)
        try:
            with urllib.request.urlopen(url, data, timeout=30) as r:
                return r.status
        except urllib.error.HTTPError as e:
            return e.code

    async def test_metrics_and_nothing_else(self):
        loop = asyncio.get_running_loop()

        def look(*args):
            return loop.run_in_executor(None, self.metrics_status, *args)
        self.assertEqual(await look(), 200)
        for path in ("/", "/metrics/", "/rooms", "//metrics"):
            self.assertEqual(await look(path), 404)
        self.assertGreaterEqual(await look("/metrics", b"x=y"), 400)

    async def test_api(self):
        def check():
            self.assertEqual(self.http("GET", "/status")[0], 200)
            self.assertEqual(self.http("GET", "/nothing")[0], 404)
            self.assertEqual(self.http("GET", "/")[0], 404)
            self.assertEqual(self.http("PUT", "/rooms")[0], 405)
            self.assertEqual(self.http("POST", "/rooms", "{bad")[0], 400)
            self.assertEqual(self.http("POST", "/rooms", "[1]")[0], 400)
            self.assertEqual(self.http("POST", "/rooms", "{}")[0], 400)
            self.assertEqual(
                self.http("POST", "/rooms", '{"room": 5}')[0], 400)
            self.assertEqual(self.http("POST", "/rooms", json.dumps(
                {"room": "api@chat.test", "settings": {
                    "moderated": True, "history": 3, "title": "T",
                    "reserved-nicks": ["root", "toor"]}}))[0], 201)
            status, room = self.http("GET", "/rooms/api%40chat.test")
            self.assertEqual((status, room["settings"]["moderated"],
                              room["settings"]["history"], room["title"],
                              room["settings"]["reserved-nicks"]),
                             (200, True, 3, "T", ["root", "toor"]))
            for bad in ({"history": -1}, {"history": 2 ** 40}, {"title": 7},
                        {"moderated": "maybe"}, {"reserved-nicks": [5]},
                        {"nick-scope": "galaxy"}, {"title": "x" * 5000},
                        {"max-occupants": 0}):
                self.assertEqual(self.http(
                    "PATCH", "/rooms/api@chat.test",
                    json.dumps({"settings": bad}))[0], 400, bad)
            self.assertEqual(self.http(
                "PUT", "/rooms/api@chat.test/affiliations/eve@x.test",
                '{"affiliation": "outcast"}')[0], 200)
            self.assertEqual(self.http(
                "PUT", "/rooms/api@chat.test/affiliations/eve@x.test",
                '{"affiliation": "king"}')[0], 400)
            self.assertEqual(self.http(
                "DELETE", "/rooms/api@chat.test/affiliations/eve@x.test")[0],
                200)
            self.assertEqual(self.http(
                "DELETE", "/rooms/api@chat.test/occupants/nobody")[0], 404)
            self.assertEqual(self.http("DELETE", "/rooms/api@chat.test")[0],
                             200)
            # hostile input
            for path in ("/rooms/%zz", "/rooms/%00", "/rooms/%ff@chat.test",
                         "/a/b/c/d/e/f", "/rooms/" + "x" * 4000):
                self.assertIn(self.http("GET", path)[0], (400, 404), path)
            self.assertEqual(self.http("POST", "/rooms", "x" * 100000)[0], 413)
            deep = '{"a":' * 5000 + "1" + "}" * 5000
            self.assertEqual(self.http("POST", "/rooms", deep)[0], 400)
            raw = socket.socket(socket.AF_UNIX)
            raw.connect(self.stoxd.control)
            raw.sendall(b"\x00\xff garbage\r\n\r\n")
            raw.recv(1000)
            raw.close()
            self.assertEqual(self.http("GET", "/status")[0], 200)
        await asyncio.get_running_loop().run_in_executor(None, check)

    async def test_status(self):
        status = await self.json("status")
        self.assertEqual(status["process"]["pid"], self.stoxd.process.pid)
        self.assertEqual(status["sip-process"]["pid"],
                         self.stoxd.sip_process())
        self.assertRegex(await self.done("status"), r"(?m)^version +\d")


class Starting(Alone):
    """How the socket comes and goes."""

    def fails(self, stoxd):
        r = subprocess.run([Stoxd.program(), "-c", stoxd.config],
                           capture_output=True, text=True, timeout=20,
                           cwd=stoxd.folder)
        self.assertEqual(r.returncode, 1, r)
        return r.stderr

    def configure(self, stoxd, was, now):
        with open(stoxd.config, encoding="utf-8") as f:
            text = f.read()
        self.assertIn(was, text)
        stoxd.write("stoxd.conf", text.replace(was, now))

    def test_stale_live_and_gone(self):
        self.assertEqual(self.stoxd.ctl("rooms").returncode, 1)
        self.stoxd.start()
        self.assertEqual(self.stoxd.ctl("rooms").returncode, 0)
        other = Stoxd(self.folder, name="other")
        self.configure(other, other.path("control.sock"), self.stoxd.control)
        self.assertIn("in use by another daemon", self.fails(other))
        self.assertEqual(self.stoxd.ctl("rooms").returncode, 0)
        # a dead daemon's socket is replaced
        self.stoxd.stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(self.stoxd.control))
        r = self.stoxd.ctl("rooms")
        self.assertEqual(r.returncode, 1)
        self.assertIn("not running", r.stderr)
        self.stoxd.start()
        self.assertEqual(self.stoxd.ctl("rooms").returncode, 0)
        self.assertEqual(self.stoxd.stop(), 0)
        self.assertFalse(os.path.exists(self.stoxd.control))
        self.assertIsNone(self.stoxd.sanitizer_report())

    def test_places(self):
        """A missing folder is made; a file is not replaced; off is off."""
        control = self.stoxd.control
        deeper = os.path.join(self.stoxd.folder, "run", "c.sock")
        self.configure(self.stoxd, control, deeper)
        self.stoxd.start()
        self.assertTrue(stat.S_ISSOCK(os.stat(deeper).st_mode))
        self.assertEqual(self.stoxd.stop(), 0)
        with open(deeper, "w", encoding="ascii") as f:
            f.write("precious")
        self.assertIn("no socket", self.fails(self.stoxd))
        with open(deeper, encoding="ascii") as f:
            self.assertEqual(f.read(), "precious")
        self.configure(self.stoxd, deeper, "/proc/nowhere/c.sock")
        self.assertIn("/proc/nowhere", self.fails(self.stoxd))
        self.configure(self.stoxd, "/proc/nowhere/c.sock", "")
        self.stoxd.start()
        self.assertEqual(self.stoxd.stop(), 0)

    def test_metrics_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.stoxd.metrics))
            taken.listen(1)
            said = self.fails(self.stoxd)
        self.assertIn(str(self.stoxd.metrics), said)
        self.assertIn("in use", said)


del Control

if __name__ == "__main__":
    main()
