"""Three SIP users, three XMPP users and one who watches do some 300 things at
random. Whenever they pause, all rosters show the same people; at the end
everybody has heard the same messages in the same order, each once.

STOX_SEED=N takes another walk."""

import asyncio
import itertools
import os
import random

import cpim
from bed import Ejabberd, XmppBed, main, until
from xmppuser import CLIENT, body, show, statuses

SEED = int(os.environ.get("STOX_SEED") or 1)
ROUNDS, ACTIONS = 12, 4  # of each of the six
NICKS = ("Ann", "ann", "Ben", "Ben  J", "\u0130rem", "Cy \u2603", "Dee", "Eve & Co")


class Walker:
    """A user who does things; `heard` has a list of texts for each stay."""

    def __init__(self, test, name):
        self.test, self.name = test, name
        self.dice = random.Random("%d %s" % (SEED, name))
        self.inside = False
        self.said, self.stays = set(), []

    def nick(self):
        return self.dice.choice(NICKS)

    async def act(self):
        if not self.inside:
            await self.enter()
            return
        kind = self.dice.choices(
            ("say", "rename", "whisper", "subject", "status", "leave", "vanish"),
            (10, 4, 2, 1, 2, 2, 1))[0]
        await getattr(self, kind)()

    async def rename(self):
        await self.nick_as(self.nick())

    async def say(self):
        text = self.test.new_text(self.name)
        await self.utter(text)
        self.said.add(text)


class SipWalker(Walker):
    vanished = False

    async def start(self):
        self.user = await self.test.sip(
            self.name, tls=self.name == "bob",
            transport="udp" if self.name == "carol" else None)
        return self

    async def enter(self):
        await self.user.join(self.test.uri)
        self.stays.append(self.user.call)
        self.inside = True
        await self.nick_as(self.nick())

    async def nick_as(self, nick):
        self.test.assertIn(await self.user.nick(nick), (200, 425))

    async def utter(self, text):
        self.test.assertEqual(await self.user.say(text), 200)

    async def whisper(self):
        to = self.dice.choice(sorted(self.user.roster.users))
        # he may have gone meanwhile, or be the user himself
        self.test.assertIn(await self.user.whisper(to, "psst"), (200, 404))

    def nick(self):
        return self.dice.choice(NICKS + ("",))

    async def subject(self):
        entity = cpim.build(self.user.aor, self.test.uri, b"", headers=[
            ("Subject", self.test.new_text(self.name))])
        response = await self.user.call.msrp.send(entity)
        self.test.assertEqual(response.status, 200)

    async def status(self):
        await self.user.reinvite()

    async def leave(self):
        self.inside = False
        await self.user.leave()

    async def vanish(self):
        """Once, for he has ten seconds to come back (ABN-1)."""
        if self.vanished:
            return
        self.inside, self.vanished = False, True
        call = self.user.call
        call.msrp.connection.abort()
        await until(lambda: call.ended, 20, "BYE to " + self.name)

    # What he sees

    def names(self):
        return self.user.roster.names()

    def topic(self):
        return self.user.roster.subject or ""

    def heard(self):
        return [[t for t in call.texts() if t != "psst"] for call in self.stays]

    def has(self, text):
        return text in self.stays[-1].texts()


class XmppWalker(Walker):
    user = None

    def __init__(self, *args):
        super().__init__(*args)
        self.ids = itertools.count(1)

    async def start(self):
        self.user = await self.test.xmpp(self.name,
                                         "r%d" % self.dice.randrange(10**6))
        self.user.ids = self.ids    # history brings ids of earlier clients
        return self

    async def enter(self, nick=None):
        if not self.user:
            await self.start()
        start = len(self.user.stanzas)
        own = await self.user.join(self.test.room, nick or self.nick())
        if own.get("type") == "error":
            return
        self.inside = True
        self.stays.append([self.user, start, None])

    def out(self):
        self.inside = False
        self.stays[-1][2] = len(self.user.stanzas)

    def seen(self):
        return self.user.stanzas[self.stays[-1][1]:]

    async def answer(self, ident):
        return await until(lambda: next((
            s for s in self.seen() if s.get("id") == ident), None), 15,
            "the answer to " + ident)

    async def utter(self, text):
        own = await self.answer(self.user.say(self.test.room, text))
        self.test.assertNotEqual(own.get("type"), "error", show(own))

    async def nick_as(self, nick):
        own = await self.answer(self.user.change_nick(self.test.room, nick))
        if own.get("type") != "error":
            self.test.assertIn(110, statuses(own))
            self.user.nicks[self.test.room] = own.get("from").partition("/")[2]

    async def whisper(self):
        self.user.whisper(self.test.room, self.dice.choice(self.names()), "psst")

    async def subject(self):
        topic = self.test.new_text(self.name)
        await self.answer(self.user.set_subject(
            self.test.room, self.dice.choice((topic, ""))))

    async def status(self):
        await self.answer(self.user.presence(
            "%s/%s" % (self.test.room, self.user.nicks[self.test.room]),
            "<show>%s</show>" % self.dice.choice(("away", "dnd", "xa"))))

    async def leave(self):
        await self.user.leave(self.test.room)
        self.out()

    async def vanish(self):
        self.out()
        self.test.xmpp_users.remove(self.user)
        self.user.kill()
        self.user = None

    # What he sees

    def names(self):
        return self.user.names(self.test.room)

    def shows(self):
        return {nick: p.findtext(CLIENT + "show") for nick, p in
                self.user.roster(self.test.room).items()}

    def topic(self):
        return [m.findtext(CLIENT + "subject") for m in
                self.user.messages(self.test.room, "groupchat")
                if m.find(CLIENT + "subject") is not None and
                body(m) is None][-1] or ""

    def heard(self):
        return [[body(m) for m in user.stanzas[start:end]
                 if m.tag == CLIENT + "message" and
                 m.get("type") == "groupchat" and body(m)]
                for user, start, end in self.stays]

    def has(self, text):
        return text in self.heard()[-1]


class Walk:
    async def test_random_walk(self):
        """EVENT-17, EVENT-30, X2S-24, X2S-25, X2S-32, X2S-33, NICK-10, CHAT-20,
        V-EVENT-4."""
        print("seed %d" % SEED, flush=True)
        self.texts = 0
        # never leaves: the room stands, and what he sees is the order of all
        watch = await XmppWalker(self, "tybalt").start()
        await watch.enter("Watch")
        walkers = [await kind(self, name).start() for kind, name in (
            (SipWalker, "alice"), (XmppWalker, "romeo"), (SipWalker, "bob"),
            (XmppWalker, "juliet"), (SipWalker, "carol"), (XmppWalker, "nurse"))]
        for _ in range(ROUNDS):
            await asyncio.gather(*(self.turn(w) for w in walkers))
            await self.settle(watch, [w for w in walkers if w.inside])
        order = watch.heard()[0]
        for walker in walkers:
            for heard in walker.heard():
                self.check_order(walker, heard, order)

    def new_text(self, name):
        self.texts += 1
        return "%s %d" % (name, self.texts)

    async def turn(self, walker):
        for _ in range(ACTIONS):
            await walker.act()

    async def settle(self, watch, inside):
        text = self.new_text("watch")
        await watch.utter(text)
        everybody = [watch] + inside
        for w in everybody:
            await until(lambda: w.has(text), 20, "%r at %s" % (text, w.name))

        def agreed():
            names = watch.names()
            return len(names) == len(everybody) and all(
                w.names() == names and w.topic() == watch.topic()
                for w in everybody)
        await until(agreed, 20, lambda: "agreement, seed %d: %s" % (
            SEED, {w.name: (w.names(), w.topic()) for w in everybody}))
        for w in everybody:
            if isinstance(w, XmppWalker):
                self.assertEqual(w.shows(), watch.shows())

    def check_order(self, walker, heard, order):
        """One stay: everything from its first message (old ones that a joiner
        is told included) to its last, but for a SIP user what he said."""
        self.assertEqual(len(heard), len(set(heard)), "seed %d" % SEED)
        if not heard:
            return
        stay = order[order.index(heard[0]):order.index(heard[-1]) + 1]
        if isinstance(walker, SipWalker):
            stay = [t for t in stay if t in heard or t not in walker.said]
        self.assertEqual(heard, stay, "%s, seed %d" % (walker.name, SEED))


class ProsodyWalk(Walk, XmppBed):
    pass


class EjabberdWalk(Walk, XmppBed):
    server_class = Ejabberd


if __name__ == "__main__":
    main()
