"""The configuration and certificates, read again."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess

from bed import main, until
from control import Control
from sipmsrp import Refused


class Reload(Control):
    def config(self):
        with open(self.stoxd.config, encoding="utf-8") as f:
            return f.read()

    @staticmethod
    def fingerprint(port):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", port), 5) as s:
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
        """MSRP and SIP over TLS have the new certificate as soon as the reload
        is done; one that can't be used refuses the file."""
        alice = await self.sip_in("alice", "Alice")
        cert, key = self.stoxd.certificate
        loop = asyncio.get_running_loop()

        async def fingerprints():
            return [await loop.run_in_executor(None, self.fingerprint, port)
                    for port in (self.stoxd.msrps, self.stoxd.sips)]

        old = await fingerprints()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
             cert, "-days", "2", "-subj", "/CN=chat.test"],
            check=True, capture_output=True, timeout=30)
        await self.done("reload")
        new = await fingerprints()
        self.assertEqual(new[0], new[1])
        self.assertNotIn(new[0], old)
        with open(key, encoding="ascii") as f:
            good_key = f.read()
        try:
            with open(key, "w", encoding="ascii") as f:
                f.write("no key\n")
            self.assertIn(key, await self.refused("reload"))
        finally:
            with open(key, "w", encoding="ascii") as f:
                f.write(good_key)
        self.assertEqual(await fingerprints(), new)
        self.assertEqual(await alice.say("undisturbed"), 200)
        # her call went over to the next SIP process
        self.assertEqual((await alice.leave()).status, 200)

    async def test_slow_successor(self):
        """A reload ends when the new SIP process is there, however long the old
        one takes to go."""
        cert, key = self.stoxd.certificate
        old = self.stoxd.sip_process()
        subprocess.run(
            ["openssl", "x509", "-in", cert, "-signkey", key, "-days", "3",
             "-out", cert + ".new"],
            check=True, capture_output=True, timeout=30)
        os.replace(cert + ".new", cert)
        os.kill(old, signal.SIGSTOP)
        await self.done("reload")
        self.assertNotIn(self.stoxd.sip_process(), (None, old))
        alice = await self.sip_in("alice", "Alice")
        self.assertEqual(await alice.say("hello"), 200)


del Control

if __name__ == "__main__":
    main()
