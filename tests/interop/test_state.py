"""What is there again after stoxd ended, however it ended, and what it does
with a state directory that is not as it should be."""

import asyncio
import glob
import os
import signal
import stat
import subprocess

from bed import USERS, Alone, Prosody, Stoxd, XmppBed, main, until
from xmppuser import CLIENT, DELAY

SAVED_S = 2     # what is older than a second survives
SID = "{urn:xmpp:sid:0}stanza-id"
DOMAINS = dict(Stoxd.DOMAINS, **{
    "chat.test": "rooms = local\n notify-interval = 0\n lock = false\n"
                 " persistent = true"})


def history(user, room):
    """(id, author, text, archive's id, time) of what came with a delay."""
    return [(m.get("id"), m.get("from"), m.findtext(CLIENT + "body"),
             m.find(SID).get("id"), m.find(DELAY).get("stamp"))
            for m in user.messages(room)
            if m.find(DELAY) is not None and
            m.findtext(CLIENT + "body") is not None]


def subject(user, room):
    found = [m.findtext(CLIENT + "subject") for m in user.messages(room)
             if m.find(CLIENT + "subject") is not None]
    return found[-1] if found else None


class Rooms(XmppBed):
    @classmethod
    def set_up_servers(cls):
        cls.need(Prosody)
        cls.server = cls.start(Prosody(cls.folder, USERS, Stoxd.SECRETS))
        cls.stoxd = cls.start(Stoxd(cls.folder, cls.server.component,
                                    domains=DOMAINS))
        asyncio.run(cls.wait_component())

    async def restart(self, sig):
        loop = asyncio.get_running_loop()
        # meanwhile our users answer what they are sent
        await loop.run_in_executor(None, self.stoxd.stop, sig)
        await until(lambda: not self.listening(), 10, "the end of the SIP side")
        await loop.run_in_executor(None, self.stoxd.start)
        await self.wait_component()

    async def read_all(self, room, uri, names):
        """What a newcomer of each kind finds in the room."""
        xmpp = await self.xmpp(names[0], resource="late%d" % len(self.xmpp_users))
        await xmpp.join(room, names[0])
        await until(lambda: subject(xmpp, room), 10, "the subject")
        sip = await self.sip_in(names[1], names[1], room=uri)
        await until(lambda: sip.roster.subject, 10, "the subject by NOTIFY")
        await until(lambda: len(sip.call.chat) >= 2, 10, "history by MSRP")
        found = (subject(xmpp, room), history(xmpp, room), sip.roster.subject,
                 [h.raw.body for h in sip.call.chat])
        await xmpp.leave(room)
        await sip.leave()
        return found

    async def talk(self):
        """A subject and a message of each kind, then the second that they need
        to be safe."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        self.assertEqual(await alice.say("caf\u00e9 <&>"), 200)
        await self.read(romeo, "caf\u00e9 <&>")
        romeo.set_subject(self.room, "Fair Verona")
        await until(lambda: alice.roster.subject == "Fair Verona", 10, "it")
        romeo.say(self.room, "by the moon")
        await self.heard(alice, "by the moon")
        return romeo, alice

    async def kept(self, sig):
        await self.talk()
        before = await self.read_all(self.room, self.uri, ("juliet", "bob"))
        await asyncio.sleep(SAVED_S)
        await self.restart(sig)
        after = await self.read_all(self.room, self.uri, ("juliet", "bob"))
        self.assertEqual(after, before)
        self.assertEqual(after[0], "Fair Verona")
        self.assertEqual([h[2] for h in after[1]],
                         ["caf\u00e9 <&>", "by the moon"])

    async def test_killed(self):
        """SEED0-2, SEED0-6: kill -9 1.2 s after the last change: newcomers of
        both kinds find the subject and the same history, octet by octet."""
        await self.kept(signal.SIGKILL)

    async def test_stopped(self):
        """SEED0-2, SEED0-6: the same after a clean end."""
        await self.kept(signal.SIGTERM)

    async def test_corrupt_database(self):
        """SEED0-7, V-SEED0-5: a database cut short is set aside, and stoxd
        starts and serves."""
        await self.talk()
        self.stoxd.stop()
        path = self.stoxd.path("stoxd.db")
        os.truncate(path, 5000)
        await self.restart(signal.SIGTERM)
        self.assertEqual(len(glob.glob(path + ".corrupt-*")), 1)
        self.assertIn("store.corrupt", self.stoxd.log_text())
        alice = await self.sip_in("alice", "Alice")
        self.assertEqual(await alice.say("a new start"), 200)


class StateDir(Alone):
    def setUp(self):
        super().setUp()
        self.started = []

    def tearDown(self):
        for server in self.started:
            self.assertIn(server.stop(), (0, None))

    def start(self, server):
        self.started.append(server.start())

    def with_dir(self, path):
        with open(self.stoxd.config, encoding="utf-8") as f:
            text = f.read()
        return self.stoxd.write("other.conf", text.replace(
            'state-dir = "%s"' % self.stoxd.folder, 'state-dir = "%s"' % path))

    def refused(self, config):
        r = subprocess.run([Stoxd.program(), "-c", config], timeout=20,
                           capture_output=True, text=True)
        self.assertEqual(r.returncode, 1, r)
        return r.stderr

    def test_cannot_be_used(self):
        """Exit 1 and a line that names the path."""
        for path in (self.stoxd.config, "/proc/no/such/place"):
            self.assertIn(path, self.refused(self.with_dir(path)))

    def test_second_process(self):
        """One state directory is one stoxd's; after kill -9 it is free."""
        self.start(self.stoxd)
        said = self.refused(self.stoxd.config)
        self.assertIn(self.stoxd.folder, said)
        self.assertIn("another stoxd", said)
        self.stoxd.stop(signal.SIGKILL)
        self.start(self.stoxd)

    def test_is_made_and_private(self):
        path = os.path.join(self.folder, "a", "b")
        self.stoxd.config = self.with_dir(path)
        self.start(self.stoxd)
        mode = [stat.S_IMODE(os.stat(p).st_mode)
                for p in (path, os.path.join(path, "stoxd.db"))]
        self.assertEqual(mode, [0o700, 0o600])


if __name__ == "__main__":
    main()
