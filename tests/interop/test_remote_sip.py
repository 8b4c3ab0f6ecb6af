"""XMPP users of a real Prosody in rooms of a second stoxd, which the first one
takes for any SIP conference (RFC 7702 §5)."""

import asyncio

from bed import USERS, Prosody, Stoxd, XmppBed, main, until
from xmppuser import CLIENT, DELAY, USER, XmppUser, body, error_of, item, show
from xmppuser import statuses

DOMAIN, CLOSED = "far.test", "closed.test"


class Near(Stoxd):
    """The gateway between Prosody and the conference."""
    name = "near"
    SECRETS = {DOMAIN: "secret-of-far", CLOSED: "secret-of-closed"}


class NearHasty(Near):
    """Does not wait for long for a conference that is gone."""
    more_limits = "leg-away = 20"


class NearNative(Near):
    """Without a name of its own in SIP: XMPP users keep theirs."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        with open(self.config, encoding="utf-8") as f:
            text = f.read()
        self.write("stoxd.conf", text.replace(
            ' host = "127.0.0.1"\n realm', " realm", 1))


class Far(Stoxd):
    name = "far"
    SECRETS = {}


class RemoteSip(XmppBed):
    MORE = ""
    TRUST = ("127.0.0.0/8",)
    near_class = NearHasty
    ROUTE = "sip:127.0.0.1:%d;transport=tcp"

    @classmethod
    def set_up_servers(cls):
        cls.need(Prosody)
        cls.server = cls.start(Prosody(cls.folder, USERS, Near.SECRETS))
        cls.far = cls.start(Far(cls.folder, trust=cls.TRUST, domains={
            DOMAIN: "rooms = local\n notify-interval = 0\n lock = false",
            CLOSED: "rooms = local\n create = none"}))
        keys = "rooms = sip\n route = \"%s\"\n%s" % (
            cls.ROUTE % cls.port(), cls.MORE)
        cls.stoxd = cls.start(cls.near_class(
            cls.folder, cls.server.component,
            domains={DOMAIN: keys, CLOSED: keys}))
        asyncio.run(cls.wait_near())

    @classmethod
    def port(cls):
        return cls.far.sip

    @classmethod
    async def wait_near(cls):
        user = await XmppUser("romeo", ("127.0.0.1", cls.server.c2s),
                              resource="probe").login()

        async def answers():
            return (await user.disco(DOMAIN)).get("type") == "result"
        for _ in range(300):
            if await answers():
                break
            await asyncio.sleep(0.1)
        await user.logout()

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.room = "%s@%s" % (self.room_name, DOMAIN)
        self.uri = "sip:" + self.room
        self.proxy = self.far.proxy

    async def both(self):
        """Alice, who made the room, and Juliet, who came through us."""
        alice = await self.sip_in("alice", "Alice")
        juliet = await self.xmpp("juliet")
        own = await juliet.join(self.room, "Juliet", timeout=30)
        self.assertIn(110, statuses(own), show(own))
        await self.agree(["Alice", "Juliet"], [juliet], [alice])
        return alice, juliet

    async def test_join(self):
        """X2S-14, X2S-16, X2S-17, X2S-24: both see both; history and subject
        in MUC's order."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(await alice.say("before"), 200)
        await self.heard(bob, "before")
        juliet = await self.xmpp("juliet")
        own = await juliet.join(self.room, "Juliet", timeout=30)
        self.assertIn(110, statuses(own), show(own))
        self.assertNotIn(210, statuses(own))
        self.assertEqual(item(own).get("role"), "participant")
        await self.agree(["Alice", "Bob", "Juliet"], [juliet], [alice, bob])
        await until(lambda: any(m.find(CLIENT + "subject") is not None
                                for m in juliet.messages(self.room)), 10,
                    "the subject")
        await bob.leave()
        await self.agree(["Alice", "Juliet"], [juliet], [alice])
        carol = await self.sip_in("carol", "Carol")
        await self.agree(["Alice", "Carol", "Juliet"], [juliet],
                         [alice, carol])
        self.assertEqual(await carol.nick("Karl"), 200)
        await self.agree(["Alice", "Juliet", "Karl"], [juliet],
                         [alice, carol])

    async def test_messages(self):
        """X2S-36, X2S-37: each message once, both ways, in order; the sender's
        own comes back under his id."""
        alice, juliet = await self.both()
        ident = juliet.say(self.room, "O Romeo <&> \u00e9")
        heard = await self.heard(alice, "O Romeo <&> \u00e9")
        self.assertEqual(heard.sender,
                         "sip:juliet%40x.test@127.0.0.1;gr=r")
        own = await self.read(juliet, "O Romeo <&> \u00e9")
        self.assertEqual(own.get("id"), ident)
        self.assertEqual(own.get("from"), self.room + "/Juliet")
        for i in range(20):
            juliet.say(self.room, "j%d" % (i // 2))
            self.assertEqual(await alice.say("a%d" % (i // 2)), 200)
        juliet.say(self.room, "end")
        await self.heard(alice, "end")
        self.assertEqual(await alice.say("end too"), 200)
        await self.read(juliet, "end too")
        await self.read(juliet, "end")
        want = [t for i in range(10) for t in 2 * ["j%d" % i]]
        self.assertEqual([t for t in alice.call.texts() if t[0] == "j"], want)
        self.assertEqual([t for t in juliet.texts(self.room) if t[0] == "j"],
                         want)
        self.assertEqual([t for t in juliet.texts(self.room) if t[0] == "a"],
                         [t.replace("j", "a") for t in want])
        seen = await self.read(juliet, "a9")
        self.assertEqual(seen.get("from"), self.room + "/Alice")
        self.assertIsNone(seen.find(DELAY))

    async def test_private_messages(self):
        """X2S-49, X2S-50, X2S-51."""
        alice, juliet = await self.both()
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Alice", "Bob", "Juliet"], [juliet], [alice, bob])
        juliet.whisper(self.room, "Alice", "psst")
        heard = await self.heard(alice, "psst")
        self.assertEqual(await alice.whisper(heard.sender, "yes?"), 200)
        got = await until(lambda: [m for m in juliet.messages(self.room, "chat")
                                   if body(m) == "yes?"], 10, "the answer")
        self.assertEqual(got[0].get("from"), self.room + "/Alice")
        self.assertIsNotNone(got[0].find(USER + "x"))
        error = await juliet.answer_to(
            juliet.whisper(self.room, "Nobody", "hm"))
        self.assertEqual(error_of(error), ("cancel", "item-not-found"))
        self.assertNotIn("psst", bob.call.texts())

    async def test_nicknames(self):
        """NICK-9, NICK-10, NICK-11: conflicts on joining and later."""
        alice, juliet = await self.both()
        romeo = await self.xmpp("romeo")
        error = await romeo.join(self.room, "ALICE", timeout=30)
        self.assertEqual(error_of(error), ("cancel", "conflict"), show(error))
        own = await romeo.join(self.room, "Romeo", timeout=30)
        self.assertIn(110, statuses(own), show(own))
        error = await juliet.answer_to(juliet.change_nick(self.room, "Alice"))
        self.assertEqual(error_of(error), ("cancel", "conflict"))
        self.assertEqual(error.get("from"), self.room + "/Juliet")
        juliet.change_nick(self.room, "Jule")
        await self.agree(["Alice", "Jule", "Romeo"], [juliet, romeo], [alice])
        gone = [p for p in juliet.presences(self.room)
                if 303 in statuses(p)][-1]
        self.assertEqual(item(gone).get("nick"), "Jule")
        self.assertIn(110, statuses(gone))

    async def test_subject(self):
        """X2S-47, X2S-48: only the conference's own people set it."""
        alice, juliet = await self.both()
        error = await juliet.answer_to(juliet.set_subject(self.room, "No"))
        self.assertEqual(error_of(error), ("auth", "forbidden"))
        done = self.far.ctl("subject", self.room, "Swords")
        self.assertEqual(done.returncode, 0, done.stderr)
        await until(lambda: "Swords" in [
            m.findtext(CLIENT + "subject")
            for m in juliet.messages(self.room, "groupchat")], 10,
            "the subject at juliet")

    async def test_kicked(self):
        """X2S-31: the conference removes her."""
        alice, juliet = await self.both()
        done = self.far.ctl("kick", self.room, "Juliet")
        self.assertEqual(done.returncode, 0, done.stderr)
        gone = await until(lambda: [
            p for p in juliet.presences(self.room) if 110 in statuses(p) and
            p.get("type") == "unavailable"], 10, "her removal")
        self.assertIn(307, statuses(gone[-1]))
        await self.agree(["Alice"], [], [alice])
        own = await juliet.join(self.room, "Juliet", timeout=30)
        self.assertIn(110, statuses(own), show(own))

    async def test_leaves(self):
        """X2S-29: BYE; her words on leaving."""
        alice, juliet = await self.both()
        other = await self.xmpp("juliet", resource="phone")
        own = await other.join(self.room, "Juliet", timeout=30)
        self.assertIn(110, statuses(own), show(own))
        self.assertEqual(await alice.say("to both"), 200)
        await self.read(juliet, "to both")
        await self.read(other, "to both")
        await other.leave(self.room)
        juliet.say(self.room, "still here")
        await self.heard(alice, "still here")
        await juliet.leave(self.room)
        await self.agree(["Alice"], [], [alice])
        error = await juliet.answer_to(juliet.say(self.room, "gone"))
        self.assertEqual(error_of(error), ("cancel", "not-acceptable"))

    async def test_no_room(self):
        """X2S-12: what the conference has not."""
        juliet = await self.xmpp("juliet")
        error = await juliet.join("void@" + CLOSED, "Juliet", timeout=40)
        self.assertEqual(error_of(error), ("cancel", "item-not-found"),
                         show(error))

    async def test_zy_back(self):
        """X2S-31: a conference that dies and is back within seconds has lost
        nobody: what is said after that arrives."""
        alice, juliet = await self.both()
        self.allow_violations = True
        await asyncio.sleep(2)  # it writes down who is there
        self.far.process.kill()
        self.far.process.wait()
        self.far.start()
        ident = juliet.say(self.room, "anyone?")
        answer = await juliet.answer_to(ident, 30)
        self.assertIsNone(error_of(answer), show(answer))
        self.assertEqual([show(p) for p in juliet.presences(self.room)
                          if p.get("type") == "unavailable" and
                          110 in statuses(p)], [])
        await self.agree(["Alice", "Juliet"], [juliet], timeout=20)

    async def test_zz_killed(self):
        """X2S-31: a conference that dies leaves nobody behind; when it is back
        they come again."""
        alice, juliet = await self.both()
        self.allow_violations = True
        self.far.process.kill()
        self.far.process.wait()
        gone = await until(lambda: [
            p for p in juliet.presences(self.room) if 110 in statuses(p) and
            p.get("type") == "unavailable"], 50, "her removal")
        self.assertIn(333, statuses(gone[-1]))
        self.assertNotIn(307, statuses(gone[-1]))
        error = await juliet.join(self.room, "Juliet", timeout=60)
        self.assertEqual(error.get("type"), "error", show(error))
        self.far.start()
        own = await juliet.join(self.room, "Juliet", timeout=40)
        self.assertIn(110, statuses(own), show(own))


class RemoteSipLogin(RemoteSip):
    """A conference that knows nobody without a password."""
    near_class = NearNative
    # its users log in under their own names
    ACCOUNT = "juliet@x.test"
    MORE = 'credentials = {"@x.test %s tomb stone"}' % ACCOUNT
    TRUST = ("192.0.2.1",)

    @classmethod
    def set_up_servers(cls):
        super().set_up_servers()
        done = cls.far.ctl("user", "add", cls.ACCOUNT,
                           "--password-stdin", text="tomb stone\n")
        assert done.returncode == 0, done.stderr

    async def test_logs_in(self):
        """INVITE, SUBSCRIBE and BYE with credentials."""
        juliet = await self.xmpp("juliet")
        own = await juliet.join(self.room, "Juliet", timeout=30)
        self.assertIn(110, statuses(own), show(own))
        juliet.say(self.room, "let in")
        await self.read(juliet, "let in")
        await juliet.leave(self.room)
        await until(lambda: self.far.log_text().count(
            'sip.leave') >= 1, 10, "her BYE")
        self.assertNotIn("tomb", self.stoxd.log_text())


class NearTrusting(Near):
    """Takes any certificate of a SIP peer."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        with open(self.config, encoding="utf-8") as f:
            text = f.read()
        self.write("stoxd.conf", text.replace(
            ' realm = "test"', ' realm = "test"\n verify = none', 1))


    def run(self, command, env=None, **more):
        # what sofia-sip loses is known by name only (sip/main.c)
        super().run(command, dict(
            env or {}, ASAN_OPTIONS="fast_unwind_on_malloc=0"), **more)


class RemoteSipBothTls(RemoteSip):
    """SIP and MSRP by TLS."""
    near_class = NearTrusting
    MORE = "force-tls = true"
    ROUTE = "sip:127.0.0.1:%d;transport=tls"

    @classmethod
    def port(cls):
        return cls.far.sips


class RemoteSipTls(RemoteSip):
    """MSRP over TLS, as the domain wants it."""
    MORE = "force-tls = true"
    test_zz_killed = None


class RemoteSipReturn(RemoteSip):
    near_class = Near

    async def answered(self, user, said):
        """All that he said has been reflected or has failed; which ones."""
        def answers(ident):
            return [s for s in user.stanzas if s.get("id") == ident]
        await until(lambda: all(answers(i) for i in said), 60,
                    "what became of what he said")
        for ident, text in said.items():
            self.assertEqual(len(answers(ident)), 1, text)
        return [text for ident, text in said.items()
                if not error_of(answers(ident)[0])]

    async def test_killed(self):
        """X2S-31: killed, and started again 15 s later, while people talk:
        everybody is in the room within a minute, and each message arrived once
        or has failed."""
        alice, juliet = await self.both()
        users = [juliet] + [await self.xmpp_in(name, name.capitalize())
                            for name in ("romeo", "nurse")]
        names = ["Alice", "Juliet", "Nurse", "Romeo"]
        await self.agree(names, users, [alice])
        self.allow_violations = True
        await asyncio.sleep(1)  # it writes down who is there
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.far.process.kill()
        self.far.process.wait()
        said = [{} for _ in users]

        async def talk(times, pause):
            for _ in range(times):
                for user, mine in zip(users, said):
                    text = "%s at %.1f" % (user.name, loop.time() - began)
                    mine[user.say(self.room, text)] = text
                await asyncio.sleep(pause)
        # no more than the room's history tells those who come back last
        await talk(5, 3)
        talking = asyncio.ensure_future(talk(8, 1))
        await loop.run_in_executor(None, self.far.start)
        await talking
        heard = [await self.answered(u, s) for u, s in zip(users, said)]
        self.assertLess(loop.time() - began, 60)
        self.assertTrue(all(heard))
        await until(lambda: alice.call.renewals, 30, "the re-INVITE")
        await self.agree(names, users, [alice], timeout=20)
        for by, texts in zip(users, heard):
            for user in users:
                await self.read(user, texts[-1])
                self.assertEqual([t for t in user.texts(self.room)
                                  if t in texts], texts,
                                 "%s, heard by %s" % (by.name, user.name))
            await self.heard(alice, texts[-1])
            self.assertEqual([t for t in alice.call.texts() if t in texts],
                             texts)
        for user in users:
            self.assertEqual([show(p) for p in user.presences(self.room)
                              if p.get("type") == "unavailable" and
                              110 in statuses(p)], [])


for name in [n for n in dir(RemoteSip) if n.startswith("test_")]:
    setattr(RemoteSipLogin, name, None)
    setattr(RemoteSipReturn, name, None)
    if name not in ("test_messages", "test_leaves"):
        setattr(RemoteSipBothTls, name, None)


if __name__ == "__main__":
    main()
