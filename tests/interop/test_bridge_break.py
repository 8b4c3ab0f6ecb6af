"""SIP users in a MUC room while the stream of their domain breaks, with and
without the server noticing, and while the server is restarted: afterwards they
have heard what was said, in its order, and see who is there."""

import asyncio
import signal
import time

from bed import Ejabberd, Prosody, main, until
from bridges import MucBed
from wire import Wire
from xmppuser import USER

ADMIN = USER[1:-6] + "#admin"


class BreakBed(MucBed):
    """stoxd's streams lead through a wire."""

    @classmethod
    def set_up_servers(cls):
        class Wired(cls.stoxd_class):
            def __init__(self, folder, component, **kw):
                cls.wire = Wire(component)
                super().__init__(folder, cls.wire.port, **kw)
        cls.stoxd_class = Wired
        super().set_up_servers()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if hasattr(cls, "wire"):
            cls.wire.close()

    async def five(self):
        """Romeo made the room; Juliet and Tybalt live there, too; Alice and Bob
        come by SIP. All have heard something."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        others = [await self.xmpp_in("juliet", "Juliet"),
                  await self.xmpp_in("tybalt", "Tybalt")]
        sips = [await self.sip_in("alice", "Alice"),
                await self.sip_in("bob", "Bob")]
        await self.agree(["Romeo", "Juliet", "Tybalt", "Alice", "Bob"],
                         [romeo], sips)
        romeo.say(self.room, "before")
        for user in sips:
            await self.heard(user, "before")
        return romeo, others, sips

    async def role(self, owner, nick, role):
        answer = await owner.iq(
            "set", self.room, "<query xmlns='%s'><item nick='%s' role='%s'/>"
            "</query>" % (ADMIN, nick, role))
        self.assertEqual(answer.get("type"), "result")

    async def come_back(self, romeo, sips):
        """The stream is up; everybody sees who Romeo sees, and has heard all of
        it."""
        self.wire.mend()
        romeo.say(self.room, "after")
        await self.wait_component()
        romeo.say(self.room, "at last")
        for user in sips:
            await self.heard(user, "at last", 20)
        await self.agree(["Montague", "Tybalt", "Nurse", "Alice", "Bob"],
                         [romeo], sips, timeout=20)
        for user in sips:
            self.assertEqual(user.call.texts(),
                             ["before"] + self.meanwhile + ["after", "at last"])
            self.assertIsNone(user.call.ended)
            self.assertIn("moderator",
                          user.roster.by_name("Tybalt").roles, user.name)
        self.assertEqual(await sips[0].say("I am back"), 200)
        await self.read(romeo, "I am back")
        await self.heard(sips[1], "I am back")

    meanwhile = ["meanwhile %d" % i for i in range(5)]

    async def die(self, romeo, texts=()):
        """kill -9 of stoxd when all is on the disk; Romeo says this while it
        is dead; the next start calls everybody back."""
        await asyncio.sleep(2)
        self.stoxd.stop(signal.SIGKILL)
        await until(lambda: not self.listening(), 10, "the end of it")
        for text in texts:
            romeo.say(self.room, text)
        if texts:
            await self.read(romeo, texts[-1], 30)
        await asyncio.get_running_loop().run_in_executor(
            None, self.stoxd.start)
        await self.wait_component()

    async def deeds(self, romeo, juliet):
        """One goes, one comes, one changes his name and one his role."""
        await juliet.leave(self.room)
        await self.xmpp_in("nurse", "Nurse")
        for text in self.meanwhile:
            romeo.say(self.room, text)
        romeo.change_nick(self.room, "Montague")
        await self.role(romeo, "Tybalt", "moderator")
        await self.read(romeo, self.meanwhile[-1])


class Breaks:
    async def test_unnoticed(self):
        """COMP-12, S2X-38: what the server wrote meanwhile is lost, and it
        says that the SIP users are there still."""
        romeo, others, sips = await self.five()
        self.wire.cut(both=False)
        await self.deeds(romeo, others[0])
        self.assertIn("Alice", romeo.names(self.room))
        await self.come_back(romeo, sips)

    async def test_noticed(self):
        """S2X-22, S2X-38: it has removed them, since errors came back from
        their addresses."""
        romeo, others, sips = await self.five()
        self.wire.cut()
        await asyncio.sleep(0.5)
        await self.deeds(romeo, others[0])
        await self.come_back(romeo, sips)

    async def test_talk(self):
        """S2X-38, COMP-12: somebody talks on while the stream breaks, again
        and again."""
        romeo, _, sips = await self.five()
        said = ["number %d" % i for i in range(80)]

        async def talk():
            for text in said:
                romeo.say(self.room, text)
                await asyncio.sleep(0.15)
        talking = asyncio.ensure_future(talk())
        for i in range(3):
            await asyncio.sleep(1)
            self.wire.cut(both=i == 1)
            await asyncio.sleep(0.3)
            self.wire.mend()
            await self.wait_component()
        await talking
        for user in sips:
            await self.heard(user, said[-1], 20)
            self.assertEqual(user.call.texts(), ["before"] + said, user.name)

    async def test_after_our_own(self):
        """S2X-38: who is called back after stoxd's own end hears nothing
        again, and gets what he misses later all the same."""
        romeo, _, sips = await self.five()
        await self.die(romeo)
        await self.agree(["Romeo", "Juliet", "Tybalt", "Alice", "Bob"],
                         [romeo], sips, timeout=30)
        for user in sips:
            await until(lambda: user.call.renewals, 20, "the re-INVITE")
        romeo.say(self.room, "again")
        for user in sips:
            await self.heard(user, "again", 20)
        for both in (False, True):
            self.wire.cut(both)
            await asyncio.sleep(0.3)
            for text in self.meanwhile:
                romeo.say(self.room, text)
            await self.read(romeo, self.meanwhile[-1])
            self.wire.mend()
            await self.wait_component()
            romeo.say(self.room, "again")
            for user in sips:
                await until(lambda: user.call.texts()[-1] == "again", 20,
                            lambda: user.call.texts())
        for user in sips:
            self.assertEqual(user.call.texts(), ["before", "again"] +
                             2 * (self.meanwhile + ["again"]))

    async def test_restart(self):
        """S2X-22, COMP-12: nobody but Romeo comes back after the restart of
        the server."""
        _, _, sips = await self.five()
        for sig in (signal.SIGTERM, signal.SIGKILL):
            begin = time.monotonic()
            self.server.stop(sig)
            self.server.start()
            await self.wait_component()
            if time.monotonic() - begin > 50:
                self.skipTest("the server takes longer to start than stoxd "
                              "waits for it")
            romeo = await self.xmpp_in("romeo", "Romeo")
            await until(lambda: {"Alice", "Bob"} <= set(romeo.names(self.room)),
                        40, "the SIP users")
            for user in sips:
                await until(
                    lambda: user.roster.names() == romeo.names(self.room), 20,
                    lambda: "%s sees %s, Romeo %s" % (
                        user.name, user.roster.names(),
                        romeo.names(self.room)))
                self.assertIsNone(user.call.ended)
            romeo.say(self.room, "again")
            for user in sips:
                await until(lambda: user.call.texts()[-1] == "again", 10,
                            lambda: user.call.texts())


class ProsodyBreaks(Breaks, BreakBed):
    server_class = Prosody

    async def test_while_dead(self):
        """S2X-38, SEED0-4: what was said between stoxd's own end and the next
        start, once, in the room's order; and once more."""
        romeo, _, sips = await self.five()
        self.assertEqual(await sips[0].say("of Alice"), 200)
        await self.heard(sips[1], "of Alice")
        own, said = ["of Alice"], []
        for i in range(2):
            texts = ["same"] + ["%d %s" % (i, text)
                                for text in self.meanwhile]
            await self.die(romeo, texts)
            await self.agree(["Romeo", "Juliet", "Tybalt", "Alice", "Bob"],
                             [romeo], sips, timeout=30)
            romeo.say(self.room, "again %d" % i)
            said += texts + ["again %d" % i]
            for user in sips:
                await self.heard(user, "again %d" % i, 30)
        self.assertEqual(sips[0].call.texts(), ["before"] + said)
        self.assertEqual(sips[1].call.texts(), ["before"] + own + said)
        for user in sips:
            self.assertEqual(user.call.notices, [])
            self.assertIsNone(user.call.ended)


class EjabberdBreaks(Breaks, BreakBed):
    server_class = Ejabberd


class LongBreaks:
    async def test_more_than_history(self):
        """S2X-38: more is said than the room's history tells; its archive has
        all of it."""
        romeo, _, sips = await self.five()
        said = ["number %d" % i for i in range(230)]
        for both in (False, True):
            self.wire.cut(both)
            for text in said:
                romeo.say(self.room, text)
            await self.read(romeo, said[-1], 30)
            self.wire.mend()
            romeo.say(self.room, "after")
            await self.wait_component()
            for user in sips:
                await self.heard(user, "after", 40)
                self.assertEqual(user.call.texts(), ["before"] + said + ["after"])
                self.assertEqual(user.call.notices, [])
            said = [text + " more" for text in said]
            romeo.say(self.room, "before")
            for user in sips:
                await until(lambda: user.call.texts()[-1] == "before", 10,
                            "the message")
                del user.call.heard[:-1]


class ArchivedProsody(Prosody):
    muc_options = ('  modules_enabled = { "muc_mam" }\n'
                   '  muc_log_by_default = true\n')


class ArchivedEjabberd(Ejabberd):
    muc_options = """    default_room_options:
      mam: true
  mod_mam: {}
"""


class ProsodyLong(LongBreaks, BreakBed):
    server_class = ArchivedProsody

    async def test_more_while_dead(self):
        """S2X-38: likewise while stoxd is dead."""
        romeo, _, sips = await self.five()
        said = ["number %d" % i for i in range(130)]
        await self.die(romeo, said)
        for user in sips:
            await self.heard(user, said[-1], 40)
        romeo.say(self.room, "after")
        for user in sips:
            await self.heard(user, "after", 20)
            self.assertEqual(user.call.texts(), ["before"] + said + ["after"])
            self.assertEqual(user.call.notices, [])


class EjabberdLong(LongBreaks, BreakBed):
    server_class = ArchivedEjabberd


if __name__ == "__main__":
    main()
