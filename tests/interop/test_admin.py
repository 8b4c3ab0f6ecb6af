"""The administrator: stoxctl, the control socket, /metrics, reload."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import unittest
import urllib.error
import urllib.request

from bed import Bed, Stoxd, XmppBed, main, until
from servers import temp_folder
from sipmsrp import Refused
from xmppuser import USER, item, statuses


class UnixHttp(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
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


class Rooms(Control):
    async def test_show(self):
        alice = await self.sip_in("alice", "Alice")
        await self.sip_in("bob", "Böb")
        await alice.say("hello")
        table = (await self.done("rooms")).splitlines()
        self.assertRegex(table[0], r"^ROOM +SIP +XMPP +")
        mine = [line for line in table if line.startswith(self.room)]
        self.assertEqual(len(mine), 1)
        self.assertEqual(mine[0].split()[1:3], ["2", "0"])
        self.assertEqual(table[0].index("SIP"), mine[0].index("2", len(self.room)))
        rooms = (await self.json("rooms"))["rooms"]
        self.assertIn({"sip": 2, "xmpp": 0},
                      [r["occupants"] for r in rooms if r["room"] == self.room])
        room = await self.json("room", self.room.upper())
        self.assertEqual([o["nick"] for o in room["roster"]], ["Alice", "Böb"])
        first = room["roster"][0]
        self.assertEqual((first["address"], first["world"], first["role"],
                          first["affiliation"], len(first["devices"])),
                         ("sip:alice@sip.test", "sip", "moderator", "owner", 1))
        self.assertRegex(first["since"], r"^\d{4}-\d\d-\d\dT[\d:]+Z$")
        self.assertIn("alice", first["devices"][0]["address"])
        self.assertEqual(room["settings"]["moderated"], False)
        text = await self.done("room", self.room)
        self.assertRegex(text, r"(?m)^Böb  +sip:bob@sip\.test +sip +participant")
        self.assertRegex(text, r"(?m)^moderated +no$")

    async def test_create_and_destroy(self):
        await self.done("create", self.room)
        self.assertIn("there already", await self.refused("create", self.room))
        self.assertIn(self.room, await self.done("rooms"))
        alice = await self.sip_in("alice", "Alice")
        await self.done("destroy", self.room, "closing", "time")
        await until(lambda: alice.call.ended, 10, "BYE")
        self.assertNotIn(self.room, await self.done("rooms"))
        self.assertIn("no such room",
                      await self.refused("destroy", self.room))
        for bad in ("noname", "@chat.test", "x@elsewhere.test", "a%b@chat.test",
                    "x" * 2000 + "@chat.test"):
            await self.refused("create", bad)

    async def test_settings(self):
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.done("set", self.room, "moderated", "true")
        self.assertEqual(await bob.say("may I?"), 403)
        self.assertEqual(await alice.say("no"), 200)
        await self.done("role", self.room, "Bob", "participant")
        self.assertEqual(await bob.say("now?"), 200)
        await self.done("subject", self.room, "Today:", "tests")
        await until(lambda: bob.roster.subject == "Today: tests", 10, "subject")
        await self.done("set", self.room, "password", "s3cret")
        carol = await self.sip("carol")
        with self.assertRaises(Refused):
            await carol.invite(self.uri)
        room = await self.json("room", self.room)
        self.assertEqual(room["settings"]["password"], True)
        self.assertEqual(room["subject"], "Today: tests")
        self.assertNotIn("s3cret", json.dumps(room))
        self.assertIn("moderated", await self.refused(
            "set", self.room, "moderated", "perhaps"))
        self.assertIn("colour", await self.refused(
            "set", self.room, "colour", "red"))
        await self.refused("set", "nowhere@chat.test", "public", "no")

    async def test_kick_on_the_sip_side(self):
        """The victim's BYE says why, the others' rosters that he was
        booted."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await until(lambda: alice.roster.names() == ["Alice", "Bob"], 10)
        await self.done("kick", self.room, "Bob", "too", "loud")
        await until(lambda: bob.call.ended, 10, "BYE")
        self.assertRegex(bob.call.ended.get("reason"),
                         r'^SIP;cause=403;text="too loud"$')
        await until(lambda: alice.roster.names() == ["Alice"], 10)
        told = b"".join(d for _, _, d in alice.roster.history[-2:])
        self.assertIn(b">booted<", told)
        self.assertIn(b"too loud", told)
        self.assertIn("no such occupant",
                      await self.refused("kick", self.room, "Bob"))
        again = await self.sip_in("bob", "Bob")
        self.assertEqual(await again.say("back"), 200)

    async def test_ban_and_unban(self):
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.done("ban", self.room, "bob@sip.test", "enough")
        await until(lambda: bob.call.ended, 10, "BYE")
        await until(lambda: alice.roster.names() == ["Alice"], 10)
        with self.assertRaises(Refused) as caught:
            await bob.invite(self.uri)
        self.assertEqual(caught.exception.status, 403)
        listed = (await self.json("room", self.room))["affiliations"]
        self.assertIn(("bob@sip.test", "outcast", "enough"),
                      [(a["user"], a["affiliation"], a["reason"])
                       for a in listed])
        await self.done("unban", self.room, "bob@sip.test")
        await self.refused("unban", self.room, "bob@sip.test")
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(await bob.say("back"), 200)

    async def test_affiliation(self):
        await self.sip_in("alice", "Alice")
        await self.sip_in("bob", "Bob")
        await self.done("affiliation", self.room, "bob@sip.test", "admin")
        room = await self.json("room", self.room)
        self.assertEqual([(o["role"], o["affiliation"])
                          for o in room["roster"] if o["nick"] == "Bob"],
                         [("moderator", "admin")])
        await self.refused("role", self.room, "Bob", "visitor")
        await self.done("affiliation", self.room, "bob@sip.test", "none")
        await self.refused("affiliation", self.room, "no address", "owner")

    async def test_usage(self):
        for args in ((), ("frobnicate",), ("room",), ("kick", self.room),
                     ("rooms", "extra"), ("role", self.room, "x", "king"),
                     ("affiliation", self.room, "a@b", "king"), ("user",),
                     ("user", "rename", "a@b"), ("user", "add"),
                     ("--nonsense", "rooms"), ("-c", "x", "rooms")):
            await self.wrong(*args)
        help_text = await self.done("-h")
        for word in ("kick", "reload", "--json", "user add"):
            self.assertIn(word, help_text)
        self.assertRegex(await self.done("-V"), r"^stoxctl \d")

    async def test_escapes_stay_off_the_terminal(self):
        alice = await self.sip_in("alice", "Alice")
        await alice.say("x")
        await self.done("subject", self.room, "a\x1b[31mred\nline")
        text = await self.done("rooms")
        self.assertNotIn("\x1b", text)
        self.assertIn("a?[31mred line", text)


class Users(Control):
    async def test_users(self):
        await self.done("user", "add", "zoe@test", "--password-stdin",
                        text="p\u00e4ss word\n")
        self.assertIn("zoe@test", await self.done("user", "list"))
        self.assertEqual((await self.json("user", "list", "test"))["users"],
                         [{"user": "zoe@test"}])
        self.assertEqual((await self.json("user", "list", "other"))["users"],
                         [])
        await self.done("user", "add", "zoe@test", "--password-stdin",
                        text="another\n")
        await self.done("user", "delete", "zoe@test")
        self.assertIn("no such user",
                      await self.refused("user", "delete", "zoe@test"))
        await self.refused("user", "add", "nobody", "--password-stdin",
                           text="x\n")
        await self.refused("user", "add", "a@test", "--password-stdin",
                           text="\n")
        await self.refused("user", "add", "a@test", "--password-stdin",
                           text="")
        # neither standard input nor a terminal
        self.assertIn("--password-stdin",
                      await self.refused("user", "add", "a@test"))
        self.assertNotIn("another", self.stoxd.log_text())


class BothWorlds(XmppBed, Control):
    async def test_kick(self):
        """ADM-4: 307, and nobody is named as its author."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        alice = await self.sip_in("alice", "Alice")
        await self.agree(["Alice", "Juliet", "Romeo"], [romeo], [alice])
        await self.done("kick", self.room, "Juliet", "enough")

        def gone(user):
            return [p for p in user.presences(self.room)
                    if p.get("type") == "unavailable" and 307 in statuses(p)]
        own = (await until(lambda: gone(juliet), 10, "307"))[0]
        self.assertIn(110, statuses(own))
        self.assertEqual(item(own).get("role"), "none")
        self.assertEqual(item(own).findtext(USER + "reason"), "enough")
        await until(lambda: gone(romeo), 10, "307 at the others")
        await self.agree(["Alice", "Romeo"], [romeo], [alice])

    async def test_ban(self):
        """301 for one who is in; SIP sees him go."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        alice = await self.sip_in("alice", "Alice")
        await self.agree(["Alice", "Juliet", "Romeo"], [romeo], [alice])
        await self.done("ban", self.room, "juliet@x.test", "for good")
        own = (await until(lambda: [
            p for p in juliet.presences(self.room) if 301 in statuses(p)],
            10, "301"))[0]
        self.assertEqual(item(own).get("affiliation"), "outcast")
        await self.agree(["Alice", "Romeo"], [romeo], [alice])

    async def test_destroy(self):
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        await self.done("destroy", self.room, "moved on")
        own = (await until(lambda: [
            p for p in romeo.presences(self.room)
            if p.find(USER + "x/" + USER + "destroy") is not None], 10,
            "destroy"))[0]
        self.assertEqual(own.findtext(
            USER + "x/" + USER + "destroy/" + USER + "reason"), "moved on")
        await until(lambda: alice.call.ended, 10, "BYE")

    async def test_links(self):
        """COMP-8: what `domain` tells of the server's limit."""
        table = await self.done("domains")
        self.assertRegex(table, r"(?m)^chat\.test +local +any +\d+ +up")
        text = await self.done("domain", "chat.test")
        self.assertIn("component_stanza_size_limit = 65536", text)
        self.assertIn("max_stanza_size: 65536", text)
        self.assertIn("no domain name", await self.refused("domain", "a b"))

    async def test_metrics(self):
        await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        await alice.say("counted")
        m = await asyncio.get_running_loop().run_in_executor(
            None, self.metrics)
        self.assertEqual(m['stoxd_xmpp_link_up{domain="chat.test"}'], 1)
        self.assertGreaterEqual(m['stoxd_occupants{world="sip"}'], 1)
        self.assertGreaterEqual(m['stoxd_occupants{world="xmpp"}'], 1)
        self.assertGreaterEqual(m['stoxd_messages_in_total{world="sip"}'], 1)
        self.assertGreaterEqual(m["stoxd_subscriptions"], 1)
        self.assertGreater(m["stoxd_xmpp_stanzas_out_total"], 0)
        self.assertEqual(m["stoxd_sip_process_up"], 1)

    def metrics(self):
        """Every sample, after a check of the format (0.0.4)."""
        url = "http://127.0.0.1:%d/metrics" % self.stoxd.metrics
        with urllib.request.urlopen(url, timeout=10) as r:
            self.assertRegex(r.headers["Content-Type"],
                             r"^text/plain; version=0\.0\.4")
            text = r.read().decode()
        samples, family, seen = {}, None, set()
        for line in text.splitlines():
            if m := re.match(r"# HELP (stoxd_\w+) \S", line):
                family = m.group(1)
                self.assertNotIn(family, seen)
                seen.add(family)
            elif line.startswith("#"):
                self.assertRegex(line, r"^# TYPE %s (counter|gauge)$" % family)
            else:
                m = re.match(r'^(stoxd_\w+)(\{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*'
                             r'\})? (\d+(?:\.\d+)?)$', line)
                self.assertTrue(m, line)
                self.assertEqual(m.group(1), family)
                samples[m.group(1) + (m.group(2) or "")] = float(m.group(3))
        self.assertTrue(text.endswith("\n"))
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                               "..", "..", "docs", "METRICS.md"),
                  encoding="utf-8") as f:
            self.assertEqual(set(re.findall(r"(?m)^\| `(stoxd_\w+)`",
                                            f.read())), seen)
        return samples


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
            with urllib.request.urlopen(url, data, timeout=10) as r:
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


class Reload(Control):
    def config(self):
        with open(self.stoxd.config, encoding="utf-8") as f:
            return f.read()

    def fingerprint(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.stoxd.msrps), 5) as s:
            with context.wrap_socket(s) as tls:
                return tls.getpeercert(True)

    async def test_good_and_bad(self):
        """A good file changes settings under live rooms; a bad one changes
        nothing."""
        good = self.config()
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        try:
            self.stoxd.write("stoxd.conf", good.replace(
                'domain "chat.test" {', 'domain "chat.test" {\n'
                ' moderated = true\n name = "New name"\n') +
                'domain "new.test" { rooms = local }\n')
            self.assertEqual(await self.done("reload"), "")
            self.assertEqual(await bob.say("may I?"), 403)
            self.assertEqual(await alice.say("no"), 200)
            self.assertIn("New name", await self.done("domains"))
            carol = await self.sip_in("carol", "Carol",
                                      room="sip:r@new.test")
            self.assertEqual(await carol.say("hello"), 200)

            self.stoxd.write("stoxd.conf", good + "\nlog-level = loud\n")
            line = good.count("\n") + 2
            said = await self.refused("reload")
            self.assertRegex(said, r"stoxd\.conf:%d: .*loud" % line)
            self.assertIn("stoxd.conf:%d:" % line, self.stoxd.log_text())
            self.assertIn("New name", await self.done("domains"))
            self.assertEqual(await bob.say("may I now?"), 403)

            # no text at all
            with open(self.stoxd.config, "wb") as f:
                f.write(b"\xff\xfe\x80 = 1\n")
            self.assertIn("stoxd.conf:1: ", await self.refused("reload"))

            # what can't change is named; a domain with people stays
            self.stoxd.write("stoxd.conf", good.replace(
                "udp:127.0.0.1:%d" % self.stoxd.sip, "udp:127.0.0.1:1"))
            notes = await self.done("reload")
            self.assertRegex(notes, r"sip \{ listen \}.*restart")
            self.assertRegex(notes, r'domain "new\.test".*restart')
            self.assertEqual(await carol.say("still here"), 200)
            r = await carol.reinvite()
            self.assertEqual(r.status, 200)
            self.assertEqual(await bob.say("at last"), 200)
        finally:
            self.stoxd.write("stoxd.conf", good)
            await self.done("reload")

    async def test_room_comes_and_goes(self):
        """SEED0-6: a room in the file is there without anybody in it, and not
        when it has left the file."""
        good = self.config()
        try:
            self.stoxd.write("stoxd.conf", good +
                             'room "hall@chat.test" { name = "Hall" }\n')
            await self.done("reload")
            room = await self.json("room", "hall@chat.test")
            self.assertEqual((room["title"], room["persistent"]),
                             ("Hall", True))
        finally:
            self.stoxd.write("stoxd.conf", good)
            await self.done("reload")
        self.assertIn("no such room",
                      await self.refused("room", "hall@chat.test"))

    async def test_signal(self):
        """SIGHUP does the same; trust goes with it."""
        good = self.config()
        alice = await self.sip_in("alice", "Alice")
        try:
            self.stoxd.write("stoxd.conf", good.replace(
                'trust = {"127.0.0.0/8"}', "trust = {}"))
            before = self.stoxd.log_text().count(" reload ")
            self.stoxd.process.send_signal(signal.SIGHUP)
            await until(lambda: self.stoxd.log_text().count(" reload ") >
                        before, 10, "the reload")
            bob = await self.sip("bob")
            with self.assertRaises(Refused):
                await bob.invite(self.uri)
            self.assertEqual(await alice.say("still in"), 200)
        finally:
            self.stoxd.write("stoxd.conf", good)
            await self.done("reload")
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(await bob.say("in again"), 200)

    async def test_certificate(self):
        """MSRP over TLS gets the new certificate; one that can't be used
        refuses the file."""
        alice = await self.sip_in("alice", "Alice")
        cert, key = self.stoxd.certificate
        loop = asyncio.get_running_loop()
        old = await loop.run_in_executor(None, self.fingerprint)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
             cert, "-days", "2", "-subj", "/CN=chat.test"],
            check=True, capture_output=True, timeout=30)
        await self.done("reload")
        new = await loop.run_in_executor(None, self.fingerprint)
        self.assertNotEqual(old, new)
        with open(key, encoding="ascii") as f:
            good_key = f.read()
        with open(key, "w", encoding="ascii") as f:
            f.write("no key\n")
        self.assertIn(key, await self.refused("reload"))
        with open(key, "w", encoding="ascii") as f:
            f.write(good_key)
        self.assertEqual(await loop.run_in_executor(None, self.fingerprint),
                         new)
        self.assertEqual(await alice.say("undisturbed"), 200)


class Starting(unittest.TestCase):
    """How the socket comes and goes."""

    def setUp(self):
        if not Stoxd.available():
            raise unittest.SkipTest("no " + Stoxd.program())
        self.folder = temp_folder("admin")
        self.stoxd = Stoxd(self.folder)

    def tearDown(self):
        self.stoxd.stop(signal.SIGKILL)

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


del Control, Bed, XmppBed

if __name__ == "__main__":
    main()
