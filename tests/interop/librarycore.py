"""A room as users of XMPP client libraries see it. Each test runs with every
library on every XMPP server (test_aioxmpp.py, test_npm.py): a user of the
library is `self.user_class(name, port)` and has these methods:

    login, logout, join(room, nick, history), leave(room)
    say, whisper, set_subject, change_nick, kick    what he does
    config, configure                               the owner's form
    people, said, subject, renamed, left, exit      what the library knows
"""

import collections

import cpim
from bed import until

Message = collections.namedtuple("Message", "nick text delayed id")


class Refused(Exception):
    """An error stanza; the argument is its condition."""


class LibraryCore:
    user_class = None

    async def user(self, name):
        user = self.user_class(name, self.server.c2s)
        self.xmpp_users.append(user)
        return await user.login()

    async def user_in(self, name, nick, room=None, history=None):
        user = await self.user(name)
        await user.join(room or self.room, nick, history)
        return user

    async def two(self):
        """Romeo by XMPP, who owns the room, and Alice by SIP."""
        romeo = await self.user_in("romeo", "Romeo")
        await romeo.configure(self.room)
        alice = await self.sip_in("alice", "Alice")
        await self.present(romeo, "Alice", "Romeo")
        return romeo, alice

    async def present(self, user, *names):
        await until(lambda: sorted(user.people(self.room)) == sorted(names),
                    10, lambda: "%s sees %s" % (user.name,
                                                user.people(self.room)))

    async def read(self, user, text, source=None):
        """The one message with this text; source: who said it where."""
        def found():
            known = user.said(self.room) if source is None else source
            return [m for m in known if m.text == text]
        await until(found, 10, "%r at %s" % (text, user.name))
        self.assertEqual(len(found()), 1)
        return found()[0]

    async def test_people(self):
        """X2S-16, X2S-24, EVENT-17: roles and affiliations at the library,
        roles on the SIP side; who comes and goes on either side."""
        romeo, alice = await self.two()
        self.assertEqual(romeo.people(self.room), {
            "Romeo": ("owner", "moderator"), "Alice": ("none", "participant")})
        juliet = await self.user_in("juliet", "Juliet")
        want = dict(romeo.people(self.room),
                    Juliet=("none", "participant"))
        self.assertEqual(juliet.people(self.room), want)
        await self.present(romeo, *want)
        await self.agree(want, sip=[alice])
        self.assertIn("moderator", alice.roster.by_name("Romeo").roles)
        self.assertIn("participant", alice.roster.by_name("Juliet").roles)
        await juliet.leave(self.room)
        self.assertEqual(juliet.exit(self.room), ("normal", None))
        await self.agree(["Alice", "Romeo"], sip=[alice])
        await self.present(romeo, "Alice", "Romeo")
        await alice.leave()
        await self.present(romeo, "Romeo")

    async def test_join_refused(self):
        """NICK-6, X2S-12: the library tells its user why, and he can come in
        under another name."""
        await self.two()
        juliet = await self.user("juliet")
        with self.assertRaises(Refused) as refused:
            await juliet.join(self.room, "Alice")
        self.assertEqual(refused.exception.args, ("conflict",))
        with self.assertRaises(Refused) as refused:
            await juliet.join("no@closed.test", "Juliet")
        self.assertIn(refused.exception.args,
                      (("not-allowed",), ("item-not-found",)))
        await juliet.join(self.room, "Juliet")
        await self.present(juliet, "Alice", "Juliet", "Romeo")

    async def test_messages(self):
        """X2S-36, X2S-37, X2S-44: both ways, once each; the library finds its
        own message in the reflection."""
        romeo, alice = await self.two()
        text = "But soft, <what> \u2600 & light?\nIt is the east"
        await romeo.say(self.room, text)
        heard = await self.heard(alice, text.replace("\n", "\r\n"))
        self.assertEqual(heard.sender, self.uri + ";gr=Romeo")
        self.assertEqual(await alice.say("ay me \U0001f339"), 200)
        got = await self.read(romeo, "ay me \U0001f339")
        self.assertEqual((got.nick, got.delayed), ("Alice", False))
        self.assertTrue(got.id)

    async def test_history(self):
        """X2S-21, X2S-22: old messages of both sides, marked as old; as many
        as the library asks for."""
        romeo, alice = await self.two()
        await romeo.say(self.room, "one")
        self.assertEqual(await alice.say("two"), 200)
        await self.read(romeo, "two")
        juliet = await self.user_in("juliet", "Juliet")
        nurse = await self.user_in("nurse", "Nurse", history=1)
        none = await self.user_in("tybalt", "Tybalt", history=0)
        await romeo.say(self.room, "live")
        for user in (juliet, nurse, none):
            await self.read(user, "live")
        old = [("Romeo", "one", True), ("Alice", "two", True)]
        live = [("Romeo", "live", False)]
        for user, want in ((juliet, old + live), (nurse, old[1:] + live),
                           (none, live)):
            self.assertEqual([m[:3] for m in user.said(self.room)], want)

    async def test_subject(self):
        """X2S-23, X2S-47, X2S-48: from both sides, and on joining."""
        romeo, alice = await self.two()
        await until(lambda: romeo.subject(self.room) == "", 10, "no subject")
        await romeo.set_subject(self.room, "Fair Verona")
        await until(lambda: alice.roster.subject == "Fair Verona", 10,
                    "the subject at alice")
        entity = cpim.build(alice.aor, self.uri, b"",
                            headers=[("Subject", "Swords & <daggers>")])
        self.assertEqual((await alice.call.msrp.send(entity)).status, 200)
        juliet = await self.user_in("juliet", "Juliet")
        for user in (romeo, juliet):
            await until(lambda: user.subject(self.room) == "Swords & <daggers>",
                        10, lambda: user.subject(self.room))

    async def test_private_messages(self):
        """X2S-49, CHAT-30: both ways, and nobody else hears them."""
        romeo, alice = await self.two()
        juliet = await self.user_in("juliet", "Juliet")
        await romeo.whisper(self.room, "Alice", "psst alice")
        heard = await self.heard(alice, "psst alice")
        self.assertEqual(heard.sender, self.uri + ";gr=Romeo")
        self.assertEqual(heard.to, alice.roster.by_name("Alice").entity)
        self.assertEqual(await alice.whisper(heard.sender, "psst romeo"), 200)
        got = await self.read(romeo, "psst romeo", romeo.whispers)
        self.assertEqual(got.nick, "Alice")
        await romeo.whisper(self.room, "Juliet", "psst juliet")
        got = await self.read(juliet, "psst juliet", juliet.whispers)
        self.assertEqual(got.nick, "Romeo")
        await romeo.say(self.room, "to all")
        await self.read(juliet, "to all")
        await self.heard(alice, "to all")
        self.assertEqual(len(juliet.whispers), 1)
        self.assertNotIn("psst juliet", alice.call.texts())

    async def test_nicknames(self):
        """NICK-10, CHAT-48: the library takes it for a change of name, not
        for somebody who goes and somebody who comes."""
        romeo, alice = await self.two()
        before = len(romeo.renamed(self.room))
        await romeo.change_nick(self.room, "Montague")
        await self.agree(["Alice", "Montague"], sip=[alice])
        await self.present(romeo, "Alice", "Montague")
        self.assertEqual(await alice.nick("Ann"), 200)
        await self.present(romeo, "Ann", "Montague")
        self.assertEqual(romeo.renamed(self.room)[before:],
                         [("Romeo", "Montague"), ("Alice", "Ann")])
        self.assertEqual(romeo.left(self.room), {})
        await romeo.say(self.room, "it is I")
        heard = await self.heard(alice, "it is I")
        self.assertEqual(heard.sender, self.uri + ";gr=Montague")

    async def test_configuration(self):
        """X2S-11, ADM-12: the owner's form, which opens a locked room."""
        room = self.room_name + "@locked.test"
        romeo = await self.user_in("romeo", "Romeo", room)
        juliet = await self.user("juliet")
        with self.assertRaises(Refused) as refused:
            await juliet.join(room, "Juliet")
        self.assertEqual(refused.exception.args, ("item-not-found",))
        await romeo.configure(room, roomname="Capulet's house",
                              moderatedroom=True)
        form = await romeo.config(room)
        self.assertEqual(form["muc#roomconfig_roomname"], "Capulet's house")
        self.assertEqual(form["muc#roomconfig_moderatedroom"], "1")
        await juliet.join(room, "Juliet")
        alice = await self.sip_in("alice", "Alice", room="sip:" + room)
        await until(lambda: romeo.people(room) == {
            "Romeo": ("owner", "moderator"), "Juliet": ("none", "visitor"),
            "Alice": ("none", "visitor")}, 10, lambda: romeo.people(room))
        self.assertEqual(await alice.say("may I?"), 403)

    async def test_kick(self):
        """ADM-4: of a SIP user and of an XMPP user, with the reason; a
        participant may not."""
        romeo, alice = await self.two()
        juliet = await self.user_in("juliet", "Juliet")
        with self.assertRaises(Refused) as refused:
            await juliet.kick(self.room, "Alice", "no")
        self.assertEqual(refused.exception.args, ("forbidden",))
        await romeo.kick(self.room, "Alice", "too loud")
        bye = await until(lambda: alice.call.ended, 10, "a BYE")
        self.assertIn("too loud", bye.get("reason"))
        await self.present(juliet, "Juliet", "Romeo")
        self.assertEqual(juliet.left(self.room),
                         {"Alice": ("kicked", "too loud")})
        await romeo.kick(self.room, "Juliet", "you too")
        await until(lambda: juliet.exit(self.room), 10, "juliet gone")
        self.assertEqual(juliet.exit(self.room), ("kicked", "you too"))
        await self.present(romeo, "Romeo")
