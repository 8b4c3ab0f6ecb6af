"""The whole daemon dies (kill -9) and comes back: who was in a room is in it
again, or is told that he is not."""

import asyncio
import signal
import time

from bed import Bed, XmppBed, main, until
from xmppuser import statuses

SAVED_S = 2     # what is older than a second survives


def below(user):
    """The highest CSeq that stoxd has used in the user's dialogs."""
    return {id(d): d.remote_cseq or 0 for d in user.dialogs.values()}


class Crashes:
    async def crash(self, down=0.0, saved=SAVED_S):
        """kill -9, some time, the next start."""
        await asyncio.sleep(saved)
        loop = asyncio.get_running_loop()
        self.stoxd.stop(signal.SIGKILL)
        await until(lambda: not self.listening(), 10, "the end of the SIP side")
        await asyncio.sleep(down)
        await loop.run_in_executor(None, self.stoxd.start)

    def bound_again(self, user):
        return user.call.renewals and user.call.msrp.connection \
            and not user.call.msrp.connection.closed.is_set()

    async def back(self, *users):
        for user in users:
            await until(lambda: self.bound_again(user), 20,
                        "%s back" % user.name)


class DaemonDies(Crashes, Bed):
    async def test_back_in_the_room(self):
        """SEED0-2, SEED0-4, SEED0-5, V-SEED0-2: SIP users over TCP and UDP are
        called back with a new path, CSeqs and versions above the old, names
        and rosters as before."""
        udp = ("udp",) + self.stoxd.proxy[1:]
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob", transport="udp", proxy=udp)
        carol = await self.sip_in("carol")
        for user in (alice, bob, carol):
            await until(lambda: user.roster.user_count == 3, 10, "all three")
        names = alice.roster.names()
        self.assertEqual(await alice.say("before"), 200)
        await self.heard(bob, "before")
        cseqs = {u.name: below(u) for u in (alice, bob, carol)}
        versions = {u.name: u.roster.version for u in (alice, bob, carol)}
        old = {u.name: u.call.msrp.remote_path for u in (alice, bob, carol)}
        await self.crash()
        await self.back(alice, bob, carol)
        await self.agree(names, sip=[alice, bob, carol])
        for user in (alice, bob, carol):
            for d in user.dialogs.values():
                self.assertGreater(d.remote_cseq, cseqs[user.name][id(d)])
            self.assertGreater(user.roster.version, versions[user.name])
            self.assertNotEqual(user.call.msrp.remote_path, old[user.name])
            self.assertEqual(len(user.call.renewals), 1)
            self.assertIsNone(user.call.ended)
        self.assertEqual(await bob.say("after"), 200)
        for user in (alice, carol):
            await self.heard(user, "after")
            self.assertEqual(user.call.texts().count("before"),
                             0 if user is alice else 1)
        # and once more, out of what the second run has kept
        await self.crash()
        await until(lambda: len(alice.call.renewals) == 2, 20, "again")
        await self.back(alice, bob, carol)
        await self.agree(names, sip=[alice, bob, carol])
        self.assertEqual(await carol.say("twice"), 200)
        await self.heard(alice, "twice")
        self.assertEqual((await bob.leave()).status, 200)
        await until(lambda: alice.roster.user_count == 2, 10, "bob gone")

    async def test_old_session(self):
        """V-SEED0-2: SEND to the old session's URI gets 481."""
        alice = await self.sip_in("alice", "Alice")
        old = alice.call.msrp
        await self.crash()
        await self.back(alice)
        stale = alice._session()
        stale.local_path, stale.remote_path = old.local_path, old.remote_path
        alice.call.answers = True
        try:
            await alice.connect_msrp(stale)
            self.fail("the old session lives")
        except AssertionError as e:
            self.assertIn("481", str(e))

    async def test_not_back(self):
        """SEED0-4: who does not answer is out after 32 s, with a BYE."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Alice", "Bob"], sip=[alice, bob])
        bob.call.answers = False
        await self.crash()
        begin = time.monotonic()
        await self.back(alice)
        await self.agree(["Alice", "Bob"], sip=[alice])
        await until(lambda: bob.call.ended, 45, "BYE to bob")
        self.assertGreater(time.monotonic() - begin, 25)
        await self.agree(["Alice"], sip=[alice])

    async def test_bye_of_the_unsaved(self):
        """V-SEED0-4: BYE in a dialog that was not saved gets 481; in a saved
        one 200."""
        alice = await self.sip_in("alice", "Alice")
        await asyncio.sleep(SAVED_S)
        bob = await self.sip("bob")
        await bob.invite(self.uri)
        self.stoxd.stop(signal.SIGKILL)
        await until(lambda: not self.listening(), 10, "the end of the SIP side")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.stoxd.start)
        status = (await alice.call.dialog.request("BYE")).status
        self.assertEqual(status, 200)
        alice.call.ended = True
        bye = bob.make("BYE", self.uri, bob.from_header,
                       "<%s>;tag=nosuch" % self.uri)
        self.assertEqual((await bob.request(bye, bob.proxy)).status, 481)

    async def test_sip_process_dies_after_it(self):
        """SEED0-1, SEED0-5: the SIP side goes alone soon after the restart:
        the second start has the dialogs, too."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.crash()
        await self.back(alice, bob)
        await self.kill_sip()
        self.assertEqual(await alice.say("still here"), 200)
        await self.heard(bob, "still here")
        self.assertEqual((await bob.leave()).status, 200)
        await self.agree(["Alice"], sip=[alice])

    async def test_clean_end(self):
        """COMP-13: after SIGTERM nobody is called back."""
        alice = await self.sip_in("alice", "Alice")
        await asyncio.sleep(SAVED_S)
        loop = asyncio.get_running_loop()
        code = await loop.run_in_executor(None, self.stoxd.stop)
        self.assertEqual(code, 0)
        await until(lambda: alice.call.ended, 10, "BYE")
        await loop.run_in_executor(None, self.stoxd.start)
        before = len(alice.log)
        await asyncio.sleep(1)
        self.assertEqual(len(alice.log), before)


class SwitchAlone(Bed):
    async def test_connection_lost_meanwhile(self):
        """V-SEED0-1: the SIP side starts anew, Bob's connection is lost
        meanwhile: BYE to Bob, NOTIFY deleted to the others."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Alice", "Bob"], sip=[alice, bob])
        killing = asyncio.ensure_future(self.kill_sip())
        await asyncio.sleep(0)
        bob.call.msrp.connection.abort()
        await killing
        await until(lambda: bob.call.ended, 25, "BYE to bob")
        await self.agree(["Alice"], sip=[alice])
        last = alice.subscriptions[self.uri].notifies[-1].body
        self.assertIn(b"deleted", last)
        self.assertEqual(await alice.say("alone"), 200)


class BothWorlds(Crashes, XmppBed):
    def told(self, user):
        return [p for p in user.presences(self.room)
                if p.get("type") == "unavailable" and 332 in statuses(p)]

    async def test_who_has_just_come(self):
        """SEED0-4: his join is written as soon as he has heard of it."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        await self.crash(saved=0)
        await until(lambda: self.told(romeo), 20, "332 to romeo")

    async def test_everybody_again(self):
        """SEED0-4, V-SEED0-3: a SIP user, a subscriber and an XMPP user: one is
        called back, one gets a full roster with a version above, one hears
        332 and joins again."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        watcher = await self.sip("watcher")
        watched = await watcher.subscribe(self.uri)
        await self.agree(["Romeo", "Alice"], [romeo], [alice])
        await until(lambda: watched.conference.names() == ["Alice", "Romeo"],
                    10, "both at the watcher")
        version, seen = watched.conference.version, len(watched.notifies)
        await self.crash()
        told = (await until(lambda: self.told(romeo), 20, "332 to romeo"))[0]
        self.assertIn(110, statuses(told))
        self.assertEqual(told.get("from"), self.room + "/Romeo")
        await until(lambda: len(watched.notifies) > seen, 10, "a NOTIFY")
        first = watched.notifies[seen].body
        self.assertIn(b'state="full"', first)
        self.assertGreater(watched.conference.version, version)
        await self.back(alice)
        self.assertEqual(await alice.say("first again"), 200)
        await romeo.join(self.room, "Romeo")
        await self.agree(["Romeo", "Alice"], [romeo], [alice])
        await until(lambda: watched.conference.names() == ["Alice", "Romeo"],
                    10, "both at the watcher")
        romeo.say(self.room, "together")
        await self.heard(alice, "together")
        self.assertEqual(len(self.told(romeo)), 1)


if __name__ == "__main__":
    main()
