"""SIP users behind Kamailio's MSRP relay: AUTH with a digest, a path of two
URIs, and each hop answers for itself."""

import unittest

from bed import Bed, main, until
from relay import RelayUser, Unauthorized
from servers import KamailioRelay
from sipmsg import token

MOST = 10000    # octets of a body: the relay takes 10240


class BehindRelay:
    """`setup` is what the user behind the relay offers: "active", and the
    relay connects to stoxd; "passive", and stoxd connects to the relay."""

    setup, secure, extra = "active", False, ()

    @classmethod
    def set_up_servers(cls):
        if not KamailioRelay.available(cls.secure):
            raise unittest.SkipTest("no relay here")
        super().set_up_servers()
        cls.relay = cls.start_relay()

    @classmethod
    def start_relay(cls):
        certificate = cls.stoxd.authority.issue("127.0.0.1", "IP:127.0.0.1") \
            if cls.secure else None
        return cls.start(KamailioRelay(cls.folder, certificate))

    async def behind(self, name, nick=None, room=None, **kw):
        user = RelayUser(name, self.stoxd.proxy, self.relay)
        await user.start()
        self.sip_users.append(user)
        await user.join(room or self.uri, nick, setup=self.setup,
                        extra=self.extra, **kw)
        return user

    async def pair(self):
        """Alice behind the relay, Bob not."""
        alice = await self.behind("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Alice", "Bob"], sip=[alice, bob])
        return alice, bob

    async def test_chat(self):
        """MSRP-70, MSRP-71, MSRP-48, MSRP-49: both ways, nicknames, private
        messages, BYE."""
        alice, bob = await self.pair()
        self.assertEqual(alice.call.answer.chat.get("setup"),
                         "active" if self.setup == "passive" else "passive")
        self.assertEqual(len(alice.call.msrp.path.split()), 2)
        self.assertEqual(await alice.say("from behind"), 200)
        await self.heard(bob, "from behind")
        self.assertEqual(await bob.say("to behind"), 200)
        await self.heard(alice, "to behind")
        self.assertEqual(await alice.nick("Bob"), 425)
        self.assertEqual(await alice.nick("Ann"), 200)
        await self.agree(["Ann", "Bob"], sip=[alice, bob])
        self.assertEqual(await alice.whisper(bob.aor, "psst"), 200)
        await self.heard(bob, "psst")
        self.assertEqual(await bob.whisper(alice.aor, "psst back"), 200)
        await self.heard(alice, "psst back")
        self.assertEqual((await alice.leave()).status, 200)
        await self.agree(["Bob"], sip=[bob])

    async def test_two_behind(self):
        """MSRP-68: the relay has one connection to us for all its users."""
        alice = await self.behind("alice", "Alice")
        carol = await self.behind("carol", "Carol")
        await self.agree(["Alice", "Carol"], sip=[alice, carol])
        for i in range(20):
            self.assertEqual(await alice.say("a%d" % i), 200)
            self.assertEqual(await carol.say("c%d" % i), 200)
        await self.heard(alice, "c19")
        await self.heard(carol, "a19")
        self.assertEqual(alice.call.texts(), ["c%d" % i for i in range(20)])
        self.assertEqual(carol.call.texts(), ["a%d" % i for i in range(20)])
        self.assertEqual((await alice.leave()).status, 200)
        self.assertEqual(await carol.say("alone"), 200)
        await self.agree(["Carol"], sip=[carol])

    async def test_long_messages(self):
        """MSRP-33, MSRP-35, MSRP-82: no chunk to the relay is longer than it
        takes; whole both ways."""
        alice, bob = await self.pair()
        for size in (60000, 3000000):
            text = ("%d " % size) + "y" * size
            self.assertEqual(await alice.say(text, chunk=8000, timeout=60),
                             200)
            await self.heard(bob, text, 60)
            frames = len(alice.connection.frames)
            self.assertEqual(await bob.say(text[::-1], timeout=60), 200)
            await self.heard(alice, text[::-1], 60)
            sizes = [len(f.body) for f in alice.connection.frames[frames:]
                     if f.method == "SEND" and f.body]
            self.assertLessEqual(max(sizes), MOST)
            self.assertGreaterEqual(sum(sizes), size)
        self.assertEqual(await alice.say("still here"), 200)
        await self.heard(bob, "still here")

    async def test_reports(self):
        """MSRP-52, MSRP-53, MSRP-82: 200 is of the next hop; what
        came of the message, a REPORT says."""
        alice, bob = await self.pair()
        ident = token(12)
        self.assertEqual(await alice.say("report", success="yes", ident=ident),
                         200)
        report = await self.report(alice, ident)
        self.assertRegex(report.get("Status"), r"^000 200\b")
        ident = token(12)
        self.assertEqual((await alice.call.msrp.send(
            b"bad", "text/plain", ident=ident)).status, 200)
        self.assertEqual(await alice.say("and on"), 200)
        await self.heard(bob, "and on")

    async def report(self, user, ident):
        return await until(
            lambda: next((r for r in user.call.msrp.reports
                          if r.get("Message-ID") == ident), None), 10,
            "the REPORT on " + ident)


class GoesWrong:
    """What does not depend on TLS."""

    async def test_undelivered(self):
        """MSRP-56, MSRP-82: the relay took our message, then says 408: that
        user's session has failed."""
        alice, bob = await self.pair()
        self.assertEqual(await bob.say("lost further on"), 200)
        heard = await self.heard(alice, "lost further on")
        n = len(heard.raw.body)
        alice.call.msrp.connection.write(alice.call.msrp.frame("REPORT", [
            ("Message-ID", heard.raw.id), ("Byte-Range", "1-%d/%d" % (n, n)),
            ("Status", "000 408 Timeout")]).to_bytes())
        await until(lambda: alice.call.ended, 20, "BYE")
        await self.agree(["Bob"], sip=[bob])

    async def test_wrong_password(self):
        """No path, no call."""
        mallory = RelayUser("mallory", self.stoxd.proxy, self.relay, "wrong")
        await mallory.start()
        self.sip_users.append(mallory)
        with self.assertRaises(Unauthorized):
            await mallory.join(self.uri)

    async def test_user_hangs_up(self):
        """MSRP-82: his connection to the relay is gone: nobody tells us until
        a message for him can't be handed on, or he says BYE."""
        alice, bob = await self.pair()
        alice.connection.abort()
        self.assertEqual(await bob.say("into the void"), 200)
        self.assertEqual((await alice.leave()).status, 200)
        await self.agree(["Bob"], sip=[bob])

    async def test_relay_killed(self):
        """ABN-3, MSRP-79: all its users are lost, and nobody else."""
        alice, bob = await self.pair()
        carol = await self.behind("carol", "Carol")
        self.assertEqual(await alice.say("hello"), 200)
        await self.heard(bob, "hello")
        await self.heard(carol, "hello")
        self.relay.kill()
        try:
            await until(lambda: alice.call.ended and carol.call.ended, 25,
                        "BYE to both")
            await self.agree(["Bob"], sip=[bob])
            self.assertEqual(await bob.say("they have gone"), 200)
        finally:
            type(self).relay = self.start_relay()


class ActiveUser(BehindRelay, GoesWrong, Bed):
    setup = "active"


class PassiveUser(BehindRelay, GoesWrong, Bed):
    setup = "passive"


class ActiveUserOverTls(BehindRelay, Bed):
    """MSRP-77: msrps all the way."""

    setup, secure = "active", True


class PassiveUserOverTls(BehindRelay, Bed):
    """MSRP-75, MSRP-76: we check the relay's certificate, not the user's, whose
    fingerprint he may tell."""

    setup, secure = "passive", True
    extra = ("a=fingerprint:sha-256 " + ":".join(["00"] * 32),)


if __name__ == "__main__":
    main()
