"""Users who log in by digest: stoxctl user, sipp (MD5), our client."""

import os
import re
import shutil
import subprocess
import unittest

from bed import Bed, Stoxd, main, until
from digest import LoginUser
from sipmsrp import Refused

SCENARIOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sipp")


def add_users(stoxd, *names):
    """Each with "NAME's" for a password."""
    for name in names:
        r = stoxd.ctl("user", "add", name + "@sip.test", "--password-stdin",
                      text=name + "'s\n")
        if r.returncode:
            raise AssertionError(r.stderr)


class Login(Bed):
    @classmethod
    def set_up_servers(cls):
        cls.stoxd = cls.start(Stoxd(cls.folder, trust=()))
        add_users(cls.stoxd, "alice", "bob")

    async def login(self, name, password=None, **kw):
        user = LoginUser(name, password, proxy=self.stoxd.proxy, **kw)
        await user.start()
        self.sip_users.append(user)
        return user

    async def test_challenge(self):
        """FOCUS-60, FOCUS-61, FOCUS-63, V-FOCUS-8, EVENT-2: SHA-256 above
        MD5, whatever a stranger says of himself."""
        alice = await self.login("alice")
        for request in (alice.invite, alice.subscribe):
            with self.assertRaises(Refused) as r:
                await request(self.uri, headers=[
                    ("P-Asserted-Identity", "<sip:alice@sip.test>"),
                    ("P-Preferred-Identity", "<sip:alice@sip.test>")])
            self.assertEqual(r.exception.status, 401)
            self.assertEqual([c.algorithm for c in alice.challenges],
                             ["SHA-256", "MD5"])
            for c in alice.challenges:
                self.assertEqual((c.scheme, c.params["realm"],
                                  c.params["qop"]), ("Digest", "test", "auth"))
            self.assertIsNone(r.exception.response.get("proxy-authenticate"))

    async def test_join(self):
        """FOCUS-60: by either algorithm; the room is one as any other."""
        alice = await self.login("alice", "alice's")
        bob = await self.login("bob", "bob's", algorithms=("MD5",),
                               username="bob@sip.test")
        await alice.join(self.uri, "Alice")
        await bob.join(self.uri, "Bob")
        self.assertEqual(await alice.say("hello"), 200)
        await until(lambda: any(h.text == "hello" for h in bob.call.heard), 10,
                    "Alice's message")
        await until(lambda: sorted(alice.roster.names()) == ["Alice", "Bob"])
        # where the dialog began nobody is asked again
        alice.password = None
        self.assertEqual((await alice.call.dialog.request(
            "OPTIONS")).status, 200)
        await bob.leave(self.uri)

    async def test_refused(self):
        """FOCUS-62: a wrong password, an unknown user, another's From."""
        for name, password, username, status in (
                ("alice", "bob's", None, 401), ("carol", "x", None, 401),
                ("bob", "alice's", "alice", 403),
                ("bob", "alice's", "alice@sip.test", 403)):
            user = await self.login(name, password, username=username)
            with self.assertRaises(Refused) as r:
                await user.invite(self.uri)
            self.assertEqual(r.exception.status, status, (name, username))
        self.assertNotIn("alice's", self.stoxd.log_text())

    async def test_restart(self):
        """Users outlive the process."""
        alice = await self.login("alice", "alice's")
        await alice.join(self.uri, "Alice")
        await alice.leave(self.uri)
        self.stoxd.stop()
        self.stoxd.start()
        alice = await self.login("alice", "alice's")
        await alice.join(self.uri, "Alice")

    async def test_deleted(self):
        r = self.stoxd.ctl("user", "add", "dora@sip.test", "--password-stdin",
                           text="d\n")
        self.assertEqual(r.returncode, 0, r.stderr)
        dora = await self.login("dora", "d")
        await dora.join(self.uri, "Dora")
        await dora.leave(self.uri)
        self.assertEqual(
            self.stoxd.ctl("user", "delete", "dora@sip.test").returncode, 0)
        with self.assertRaises(Refused) as r:
            await dora.invite(self.uri)
        self.assertEqual(r.exception.status, 401)


class Md5(Bed):
    """For clients that know MD5 alone and read the first challenge only."""

    @classmethod
    def set_up_servers(cls):
        if not shutil.which("sipp"):
            raise unittest.SkipTest("no sipp here")
        stoxd = Stoxd(cls.folder, trust=())
        with open(stoxd.config) as f:
            text = f.read()
        with open(stoxd.config, "w") as f:
            f.write(text.replace('realm = "test"',
                                 'realm = "test" digest = md5'))
        cls.stoxd = cls.start(stoxd)
        add_users(stoxd, "sipp")

    async def test_sipp(self):
        """FOCUS-60: by sipp."""
        if not shutil.which("sipp"):
            raise unittest.SkipTest("no sipp here")
        errors = os.path.join(self.folder, "login.err")
        for transport in ("u1", "t1"):
            r = subprocess.run(
                ["sipp", "127.0.0.1:%d" % self.stoxd.sip, "-sf",
                 os.path.join(SCENARIOS, "login.xml"), "-s", self.room_name,
                 "-i", "127.0.0.1", "-t", transport, "-m", "10", "-r", "10",
                 "-au", "sipp", "-ap", "sipp's", "-timeout", "60",
                 "-timeout_error", "-nostdin", "-recv_timeout", "20000",
                 "-trace_err", "-error_file", errors],
                capture_output=True, text=True, timeout=80, cwd=self.folder)
            said = ""
            if os.path.exists(errors):
                with open(errors, errors="replace") as f:
                    said = f.read()[-2000:]
            self.assertEqual(r.returncode, 0, re.sub(
                r"\x1b\[[0-9;]*[A-Za-z]", "", r.stdout[-1000:]) + said)


if __name__ == "__main__":
    main()
