"""SIP users behind Kamailio in the rooms of Prosody and of ejabberd."""

import asyncio
import signal

from bed import Ejabberd, Kamailio, Prosody, main, until
from bridges import MUC, MucBed
from sipmsrp import Refused
from test_crash import Crashes
from xmppuser import USER, body, error_of


class Rooms:
    kind = "tcp"

    @classmethod
    def set_up_servers(cls):
        cls.need(Kamailio)
        super().set_up_servers()
        cls.kamailio = cls.start(Kamailio(cls.folder, cls.stoxd.sip, cls.kind))
        cls.proxy = (cls.kind, "127.0.0.1", cls.kamailio.port)

    async def four(self):
        """Romeo and Juliet live there; Alice and Bob come by SIP."""
        people = [await self.xmpp_in("romeo", "Romeo"),
                  await self.xmpp_in("juliet", "Juliet"),
                  await self.sip_in("alice", "Alice"),
                  await self.sip_in("bob", "Bob")]
        await self.agree(["Romeo", "Juliet", "Alice", "Bob"], people[:2],
                         people[2:])
        return people

    async def everywhere(self, text, sender, xmpp, sip):
        """Everybody has it once, the SIP user who said it not at all."""
        for user in xmpp:
            await self.read(user, text)
        for user in sip:
            if user is not sender:
                await self.heard(user, text)

    async def test_chat(self):
        """S2X-5, S2X-9, S2X-14, S2X-27, S2X-34, S2X-20: in by Kamailio's
        route, talk all ways, out."""
        romeo, juliet, alice, bob = await self.four()
        self.assertTrue(alice.call.dialog.routes, "no Record-Route")
        texts = []
        for i in range(3):
            for user in (romeo, juliet, alice, bob):
                texts.append("%s says %d <&> \u263c" % (user.name, i))
                if user in (romeo, juliet):
                    user.say(self.room, texts[-1])
                else:
                    self.assertEqual(await user.say(texts[-1]), 200)
                await self.everywhere(texts[-1], user, [romeo, juliet],
                                      [alice, bob])
        for user in (romeo, juliet):
            self.assertEqual(user.texts(self.room), texts)
        for user in (alice, bob):
            self.assertEqual(user.call.texts(), [
                t for t in texts if not t.startswith(user.name)])
        heard = await self.heard(bob, texts[2])
        self.assertEqual((heard.sender, heard.to),
                         (self.uri + ";gr=Alice", self.uri))
        self.assertEqual((await alice.leave()).status, 200)
        await self.agree(["Romeo", "Juliet", "Bob"], [romeo, juliet], [bob])
        bob.call.msrp.connection.abort()
        await self.agree(["Romeo", "Juliet"], [romeo, juliet], timeout=25)

    async def test_private(self):
        """S2X-33, S2X-35: between the worlds, and between two SIP users."""
        romeo, juliet, alice, bob = await self.four()
        target = alice.roster.by_name("Romeo").entity
        self.assertEqual(await alice.whisper(target, "psst romeo"), 200)
        got = await until(lambda: romeo.messages(self.room, "chat"), 10, "PM")
        self.assertEqual((body(got[0]), got[0].get("from")),
                         ("psst romeo", self.room + "/Alice"))
        romeo.whisper(self.room, "Alice", "psst alice")
        heard = await self.heard(alice, "psst alice")
        self.assertEqual(heard.sender, self.uri + ";gr=Romeo")
        self.assertEqual(await alice.whisper(self.uri + ";gr=Bob", "hi bob"),
                         200)
        await self.heard(bob, "hi bob")
        self.assertEqual(
            await alice.whisper(self.uri + ";gr=Nobody", "lost"), 404)
        self.assertEqual(juliet.messages(self.room, "chat"), [])

    async def test_two_devices(self):
        """S2X-16, S2X-20, CHAT-46: two devices of one user share a name, as the
        MUC lets them: each hears everything once, what one says comes to the
        other, and each changes its name and leaves for itself."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        one = await self.sip_in("alice", "Alice")
        two = await self.sip_in("alice", "Alice")
        await self.agree(["Romeo", "Alice"], [romeo], [one, two])
        romeo.say(self.room, "to both")
        await self.everywhere("to both", None, [], [one, two])
        for speaker in (one, two, one, one):
            text = "same words"
            self.assertEqual(await speaker.say(text), 200)
        await until(lambda: romeo.texts(self.room).count(text) == 4, 10,
                    "all at Romeo")
        await until(lambda: two.call.texts().count(text) == 3, 10, "three")
        await until(lambda: one.call.texts().count(text) == 1, 10, "one")
        self.assertEqual(await one.nick("Lady"), 200)
        await self.agree(["Romeo", "Alice", "Lady"], [romeo], [one, two])
        self.assertEqual(await one.say("as a lady"), 200)
        seen = await self.read(romeo, "as a lady")
        self.assertEqual(seen.get("from"), self.room + "/Lady")
        await self.heard(two, "as a lady")
        self.assertEqual(await two.nick("Lady"), 200)
        await self.agree(["Romeo", "Lady"], [romeo], [one, two])
        self.assertEqual((await one.leave()).status, 200)
        self.assertEqual(await two.say("still here"), 200)
        await self.read(romeo, "still here")
        await self.agree(["Romeo", "Lady"], [romeo], [two])
        romeo.say(self.room, "good")
        await self.heard(two, "good")
        self.assertEqual(two.call.texts(), [
            "to both", "same words", "same words", "same words", "as a lady",
            "good"])
        self.assertEqual((await two.leave()).status, 200)
        await self.agree(["Romeo"], [romeo])

    async def test_nickname(self):
        """S2X-17, S2X-18, S2X-19."""
        romeo, juliet, alice, bob = await self.four()
        self.assertEqual(await alice.nick("Romeo"), 425)
        self.assertEqual(await alice.nick("Lady Alice"), 200)
        await self.agree(["Romeo", "Juliet", "Lady Alice", "Bob"],
                         [romeo, juliet], [alice, bob])
        juliet.change_nick(self.room, "Capulet")
        await self.agree(["Romeo", "Capulet", "Lady Alice", "Bob"],
                         [romeo, juliet], [alice, bob])
        self.assertEqual(await alice.say("as a lady"), 200)
        seen = await self.read(romeo, "as a lady")
        self.assertEqual(seen.get("from"), self.room + "/Lady Alice")

    async def test_subject_and_history(self):
        """S2X-37, S2X-38: who comes later has both, once and in order."""
        romeo, juliet, alice, bob = await self.four()
        romeo.set_subject(self.room, "Today in Verona")
        for user in (alice, bob):
            await until(lambda: user.roster.subject == "Today in Verona", 10,
                        "the subject")
        for i in range(3):
            self.assertEqual(await alice.say("old %d" % i), 200)
        await self.heard(bob, "old 2")
        carol = await self.sip_in("carol", "Carol")
        await self.heard(carol, "old 2")
        self.assertEqual(carol.call.texts(), ["old 0", "old 1", "old 2"])
        await until(lambda: carol.roster.subject == "Today in Verona", 10,
                    "the subject at Carol")

    async def kick(self, moderator, nick):
        return await moderator.iq(
            "set", self.room, "<query xmlns='%s#admin'><item nick='%s' "
            "role='none'><reason>Enough</reason></item></query>" % (
                USER[1:-6], nick))

    async def test_removed(self):
        """S2X-21, S2X-23: a kick ends the call with a reason; the others'
        rosters tell; a SIP user who is no moderator may not."""
        romeo, juliet, alice, bob = await self.four()
        r = await bob.call.dialog.request("REFER", [
            ("Contact", "<%s>" % bob.contact),
            ("Refer-To", "<%s;gr=Alice;method=BYE>" % self.uri)])
        self.assertIn(r.status, (200, 403))
        await self.kick(romeo, "Alice")
        await until(lambda: alice.call.ended, 10, "the BYE")
        self.assertIn("cause=403", alice.call.ended.get("reason"))
        await self.agree(["Romeo", "Juliet", "Bob"], [romeo, juliet], [bob])
        await romeo.iq("set", self.room, "<query xmlns='%s#owner'><destroy>"
                       "<reason>Over</reason></destroy></query>" % USER[1:-6])
        await until(lambda: bob.call.ended, 10, "the BYE")
        self.assertIn("cause=410", bob.call.ended.get("reason"))

    async def test_refused(self):
        """S2X-4, S2X-7, S2X-8, S2X-11: the room's refusal is the call's."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        await romeo.iq(
            "set", self.room, "<query xmlns='%s#owner'><x xmlns='jabber:x:data'"
            " type='submit'><field var='FORM_TYPE'><value>%s#roomconfig"
            "</value></field><field var='muc#roomconfig_membersonly'><value>1"
            "</value></field></x></query>" % (USER[1:-6], USER[1:-6]))
        alice = await self.sip("alice")
        with self.assertRaises(Refused) as r:
            await alice.invite(self.uri)
        self.assertEqual(r.exception.status, 403)
        self.assertEqual(romeo.names(self.room), ["Romeo"])
        with self.assertRaises(Refused) as r:
            await alice.invite("sip:nowhere@nowhere.test")
        self.assertEqual(r.exception.status, 404)

    async def test_outside(self):
        """S2X-36: a SIP user's address takes no messages from strangers."""
        romeo, _, alice, _ = await self.four()
        error = await romeo.answer_to(romeo.send_message(
            "alice@sip.test", "<body>hi</body>", "chat"))
        self.assertEqual(error_of(error), ("cancel", "service-unavailable"))
        self.assertEqual(alice.call.texts(), [])


class Restarts:
    async def test_server_restarts(self):
        """S2X-22, COMP-10, COMP-12: the server is killed and comes back, and
        everybody is in his room within a minute."""
        romeo, juliet, alice, bob = await self.four()
        self.server.stop(signal.SIGKILL)
        self.assertIn(await alice.say("into the void", timeout=40),
                      (200, 408, 481, 403))
        self.server.start()
        begin = asyncio.get_running_loop().time()
        await self.wait_component()
        again = [await self.xmpp_in("nurse", "Nurse"),
                 await self.xmpp_in("tybalt", "Tybalt")]
        await self.agree(["Nurse", "Tybalt", "Alice", "Bob"], again,
                         [alice, bob], timeout=60)
        self.assertLess(asyncio.get_running_loop().time() - begin, 60)
        self.assertIsNone(alice.call.ended)
        self.assertEqual(await alice.say("back"), 200)
        await self.everywhere("back", alice, again, [alice, bob])
        again[0].say(self.room, "welcome back")
        await self.everywhere("welcome back", again[0], again, [alice, bob])


class Deaths(Crashes):
    async def all_talk(self, romeo, juliet, alice, bob, word):
        """Each of the four is there once, and heard by all."""
        await self.agree(["Romeo", "Juliet", "Alice", "Bob"], [romeo, juliet],
                         [alice, bob], timeout=30)
        self.assertEqual(await alice.say(word + " from Alice"), 200)
        await self.everywhere(word + " from Alice", alice, [romeo, juliet],
                              [alice, bob])
        romeo.say(self.room, word + " from Romeo")
        await self.everywhere(word + " from Romeo", romeo, [romeo, juliet],
                              [alice, bob])

    async def test_sip_process_dies(self):
        """SEED0-1: kill -9 of the SIP side alone: nobody notices."""
        people = romeo, juliet, alice, bob = await self.four()
        await self.kill_sip()
        await self.all_talk(*people, "still")
        self.assertEqual((await bob.leave()).status, 200)
        await self.agree(["Romeo", "Juliet", "Alice"], [romeo, juliet], [alice])

    async def test_daemon_dies(self):
        """SEED0-4, S2X-22: kill -9 of the whole: the SIP users are called back
        and are in the MUC once."""
        people = romeo, juliet, alice, bob = await self.four()
        await self.crash()
        await self.back(alice, bob)
        await self.all_talk(*people, "again")
        self.assertEqual((await bob.leave()).status, 200)
        await self.agree(["Romeo", "Juliet", "Alice"], [romeo, juliet], [alice])

    async def test_nobody_comes_back(self):
        """SEED0-4: who is not there any more after it leaves no ghost."""
        romeo, juliet, alice, bob = await self.four()
        bob.call.answers = False
        await self.crash()
        await self.back(alice)
        await self.agree(["Romeo", "Juliet", "Alice"], [romeo, juliet],
                         [alice], timeout=60)
        await until(lambda: bob.call.ended, 20, "BYE to bob")


class ProsodyTcp(Rooms, Restarts, Deaths, MucBed):
    server_class, kind = Prosody, "tcp"


class EjabberdUdp(Rooms, Deaths, MucBed):
    server_class, kind = Ejabberd, "udp"


if __name__ == "__main__":
    main()
