"""The administrator looks at rooms and people and changes them: stoxctl."""

import asyncio
import json
import os
import re
import urllib.request

from bed import XmppBed, main, until
from control import Control
from sipmsrp import Refused
from xmppuser import USER, item, statuses


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
        with urllib.request.urlopen(url, timeout=30) as r:
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


del Control, XmppBed

if __name__ == "__main__":
    main()
