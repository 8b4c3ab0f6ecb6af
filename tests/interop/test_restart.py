"""Parts of the system end and come back while people talk."""

import asyncio
import os
import signal
import time

from bed import USERS, Bed, Prosody, Stoxd, XmppBed, main, until
from sipstack import SipTimeout
from xmppuser import USER, error_of, statuses


class ProsodyRestarts(XmppBed):
    async def test_component_comes_back(self):
        """COMP-6, X2S-33: Prosody is restarted; the room stands, its XMPP
        users rejoin and everybody talks."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])
        self.server.stop()
        self.assertEqual(await alice.say("while it is down"), 200)
        await self.heard(bob, "while it is down")
        self.server.start()
        await self.wait_component()
        romeo = await self.xmpp_in("romeo", "Romeo")
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])
        romeo.say(self.room, "back")
        await self.heard(alice, "back")
        await self.heard(bob, "back")
        self.assertEqual(await alice.say("welcome back"), 200)
        await self.read(romeo, "welcome back")

    async def test_ghost_of_the_restart(self):
        """X2S-33, COMP-10: who does not come back is found out when a message
        to him bounces."""
        await self.xmpp_in("juliet", "Juliet")
        alice = await self.sip_in("alice", "Alice")
        await until(lambda: alice.roster.names() == ["Alice", "Juliet"], 10,
                    "both")
        self.server.stop(signal.SIGKILL)
        self.server.start()
        await self.wait_component()
        romeo = await self.xmpp_in("romeo", "Romeo")
        self.assertEqual(await alice.say("are you there?"), 200)
        await self.read(romeo, "are you there?")
        await self.agree(["Alice", "Romeo"], [romeo], [alice], timeout=20)

    async def test_two_restarts(self):
        """COMP-6."""
        alice = await self.sip_in("alice", "Alice")
        for i in range(2):
            self.server.stop(signal.SIGKILL)
            self.server.start()
            await self.wait_component()
            romeo = await self.xmpp_in("romeo", "Romeo")
            romeo.say(self.room, "round %d" % i)
            await self.heard(alice, "round %d" % i)


class ProsodyLate(XmppBed):
    @classmethod
    def set_up_servers(cls):
        cls.need(Prosody)
        cls.server = Prosody(cls.folder, USERS, Stoxd.SECRETS)
        cls.stoxd = cls.start(Stoxd(cls.folder, cls.server.component))

    async def test_prosody_down_at_start(self):
        """COMP-6, COMP-3: stoxd serves SIP users meanwhile and attaches when
        Prosody is there."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(await alice.say("just us"), 200)
        await self.heard(bob, "just us")
        self.start(self.server)
        await self.wait_component(60)
        romeo = await self.xmpp_in("romeo", "Romeo")
        await self.read(romeo, "just us")
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])


class SipProcessDies(XmppBed):
    async def test_chat_goes_on(self):
        """SEED0-1, SEED0-3: killed in the middle of a chat: no message is
        lost, no MSRP session drops, the old dialogs work on."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        udp = ("udp",) + self.stoxd.proxy[1:]
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob", proxy=udp)
        carol = await self.sip_in("carol", "Carol")
        dave = await self.sip_in("dave", "Dave", proxy=udp)
        sips = [alice, bob, carol, dave]
        await self.agree(["Romeo", "Alice", "Bob", "Carol", "Dave"], [romeo],
                         sips)
        done, count = asyncio.Event(), {"n": 0}

        async def talk(user):
            while not done.is_set():
                text = "%s %d" % (user.name, count["n"])
                count["n"] += 1
                self.assertEqual(await user.say(text), 200)
                await asyncio.sleep(0.005)
        talkers = [asyncio.ensure_future(talk(u)) for u in (alice, bob)]
        await until(lambda: count["n"] > 20, 10, "some talk")
        for _ in range(2):
            await self.kill_sip()
            before = count["n"]
            await until(lambda: count["n"] > before + 20, 10, "more talk")
        done.set()
        await asyncio.gather(*talkers)
        await until(lambda: len(romeo.texts(self.room)) == count["n"], 10,
                    "everything at romeo")
        order = romeo.texts(self.room)
        for user in sips:
            want = [t for t in order if not t.startswith(user.name)]
            await until(lambda: len(user.call.texts()) >= len(want), 10, "all")
            self.assertEqual(user.call.texts(), want)
            self.assertFalse(user.call.msrp.connection.closed.is_set())
            self.assertIsNone(user.call.ended)
        # NOTIFY in the old subscriptions, over TCP and UDP
        romeo.change_nick(self.room, "Montague")
        await self.agree(["Montague", "Alice", "Bob", "Carol", "Dave"], [romeo],
                         sips, timeout=20)
        for user in (alice, bob):
            r = await user.reinvite()
            self.assertEqual(r.status, 200)
            self.assertEqual(r.body, user.call.response.body)
            r = await user.refresh(user.subscriptions[self.uri])
            self.assertEqual(r.status, 200)
        for user in (carol, dave):
            self.assertEqual((await user.leave()).status, 200)
        await self.agree(["Montague", "Alice", "Bob"], [romeo], [alice, bob],
                         timeout=20)
        # BYE from stoxd in old dialogs: to whom the MSRP connection broke
        for user in (alice, bob):
            user.call.msrp.connection.abort()
            await until(lambda: user.call.ended, 25,
                        "BYE to %s" % user.name)
        await until(lambda: romeo.names(self.room) == ["Montague"], 20, "alone")

    async def test_new_calls_after_it(self):
        """SEED0-1."""
        alice = await self.sip_in("alice", "Alice")
        await self.kill_sip()
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(await alice.say("hello"), 200)
        await self.heard(bob, "hello")
        await until(lambda: alice.roster.names() == ["Alice", "Bob"], 10, "both")

    async def test_calls_during_it(self):
        """SEED0-1, SIP-7: a call made while the process is away is answered
        after UDP's retransmission."""
        alice = await self.sip("alice", transport="udp",
                               proxy=("udp",) + self.stoxd.proxy[1:])
        os.kill(self.stoxd.sip_process(), signal.SIGKILL)
        try:
            await alice.join(self.uri, "Alice")
        except SipTimeout:
            self.fail("no answer to an INVITE repeated over UDP")
        self.assertEqual(await alice.say("alone"), 200)

    async def test_unknown_dialog(self):
        """V-SEED0-4: 481 to a BYE in a dialog that never was."""
        alice = await self.sip("alice")
        await self.kill_sip()
        bye = alice.make("BYE", self.uri, alice.from_header,
                         "<%s>;tag=nosuch" % self.uri)
        self.assertEqual((await alice.request(bye, alice.proxy)).status, 481)


class Shutdown(XmppBed):
    async def test_sigterm(self):
        """COMP-13, EVENT-6: BYE to SIP users, 332 to XMPP occupants, exit 0."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob", transport="udp",
                                proxy=("udp",) + self.stoxd.proxy[1:])
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])
        begin = time.monotonic()
        self.stoxd.process.send_signal(signal.SIGTERM)
        await until(lambda: alice.call.ended and bob.call.ended, 10, "BYE")

        def gone():
            return [p for p in romeo.presences(self.room)
                    if p.get("type") == "unavailable" and 332 in statuses(p)]
        own = (await until(gone, 10, "332"))[0]
        self.assertIn(110, statuses(own))
        self.assertIsNone(error_of(own))
        self.assertIsNotNone(own.find(USER + "x"))
        loop = asyncio.get_running_loop()
        code = await loop.run_in_executor(None, self.stoxd.process.wait, 40)
        self.assertEqual(code, 0)
        self.assertLess(time.monotonic() - begin, 40)


class ShutdownSilent(Bed):
    async def test_sigterm_with_silent_peers(self):
        """COMP-13: peers that are there and do not answer are not waited for
        until the very end."""
        for name in ("alice", "bob"):
            await self.sip_in(name)
        self.assertEqual(self.stoxd.stop(), 0)  # nobody answers meanwhile
        log = self.stoxd.log_text()
        self.assertIn(" stop.unanswered ", log)
        self.assertNotIn(" stop.timeout ", log)


class ShutdownAlone(Bed):
    async def test_sigterm_with_nobody(self):
        """COMP-13: exit 0 at once, twice in a row on the same ports."""
        self.assertEqual(self.stoxd.stop(), 0)
        self.stoxd.start()
        self.assertEqual(self.stoxd.stop(), 0)


if __name__ == "__main__":
    main()
