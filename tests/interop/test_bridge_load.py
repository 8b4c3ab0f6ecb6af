"""SIP and XMPP users in one MUC room who all talk at once, a tenth of it the
same words: nothing is lost, doubled or out of order, and nothing is lost
silently when the server is restarted meanwhile.

STOX_BRIDGE_USERS and STOX_BRIDGE_MESSAGES: how many of each world, and how
many messages of each; 20 and 200 are the figures to hold."""

import asyncio
import collections
import os
import time

import servers
from bed import main, until
from bridges import MucBed
from xmppuser import CLIENT, DELAY, STANZA_ID, XmppUser, body

USERS = int(os.environ.get("STOX_BRIDGE_USERS", "6"))
MESSAGES = int(os.environ.get("STOX_BRIDGE_MESSAGES", "40"))
PATIENCE = 30 + USERS * MESSAGES / 20
WINDOW = 4
SAME = "the same words"


def text_of(i):
    return SAME if i % 10 == 0 else "number %d" % i


class Listener(XmppUser):
    """Keeps what is said as (nickname, text) and wastes no time on it."""

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.said, self.own, self.nick = [], 0, None
        self.order = {}     # all of it and the history, by stanza-id

    def _record(self, stanza):
        xml = getattr(stanza, "xml", None)
        if xml is None or xml.tag != CLIENT + "message":
            return super()._record(stanza)
        text = body(xml)
        if xml.get("type") == "groupchat" and text:
            who = xml.get("from").partition("/")[2]
            ident = xml.find(STANZA_ID)
            if ident is not None:
                self.order.setdefault(ident.get("id"), (who, text))
            if xml.find(DELAY) is None:
                self.said.append((who, text))
                self.own += who == self.nick
        return None


class Bridged(MucBed):
    people = tuple("x%d" % i for i in range(USERS)) + ("romeo",)

    async def listener(self, i, history=0):
        """Into the room, with so much of its history."""
        user = Listener("x%d" % i, ("127.0.0.1", self.server.c2s))
        user.nick = "X%d" % i
        await user.login()
        self.xmpp_users.append(user)
        await user.join(self.room, user.nick, "maxstanzas='%d'" % history,
                        timeout=PATIENCE)
        return user

    async def gather(self):
        self.xmpps = [await self.listener(i) for i in range(USERS)]
        self.sips = []
        for i in range(USERS):
            user = await self.sip("s%d" % i)
            await user.join(self.uri, "S%d" % i, subscribe=i == 0)
            self.sips.append(user)
        self.nicks = sorted([u.nick for u in self.xmpps] +
                            ["S%d" % i for i in range(USERS)])
        await self.agree(self.nicks, self.xmpps, self.sips[:1],
                         timeout=PATIENCE)

    def heard_by(self, user):
        return [(h.sender.rpartition("=")[2], h.text) for h in user.call.chat]

    async def talk_xmpp(self, user, numbers):
        for n, i in enumerate(numbers):
            begin = time.monotonic()
            while user.own < n - WINDOW:
                self.assertLess(time.monotonic() - begin, PATIENCE, user.name)
                await asyncio.sleep(0.005)
            user.say(self.room, text_of(i))

    def report(self, what, begin):
        print("%s: %d and %d users, %d messages each, %.1f s" % (
            what, USERS, USERS, MESSAGES, time.monotonic() - begin))


class AllTalk(Bridged):
    async def talk_sip(self, user):
        gate, pending = asyncio.Semaphore(WINDOW), []

        async def one(i):
            status = await user.say(text_of(i), timeout=PATIENCE)
            gate.release()
            self.assertEqual(status, 200)
        for i in range(MESSAGES):
            await gate.acquire()
            pending.append(asyncio.ensure_future(one(i)))
        await asyncio.gather(*pending)

    async def test_everything_once_in_order(self):
        """S2X-27, S2X-28, S2X-34, REFL-1, REFL-3, REFL-6, REFL-10."""
        await self.gather()
        begin = time.monotonic()
        await asyncio.gather(
            *(self.talk_xmpp(u, range(MESSAGES)) for u in self.xmpps),
            *(self.talk_sip(u) for u in self.sips))
        total = 2 * USERS * MESSAGES
        for user in self.xmpps:
            await until(lambda: len(user.said) >= total, PATIENCE,
                        lambda: "%d at %s, who has %d" % (
                            total, user.name, len(user.said)))
        order = self.xmpps[0].said
        for user in self.xmpps:
            self.assertEqual(user.said, order, user.name)
        for nick in self.nicks:
            self.assertEqual([t for w, t in order if w == nick],
                             [text_of(i) for i in range(MESSAGES)], nick)
        for i, user in enumerate(self.sips):
            want = [(w, t) for w, t in order if w != "S%d" % i]
            await until(lambda: len(user.call.heard) >= len(want), PATIENCE,
                        lambda: "%d at %s, who has %d" % (
                            len(want), user.name, len(user.call.heard)))
            self.assertEqual(self.heard_by(user), want, user.name)
        self.report("all talk", begin)


class Archived(servers.Prosody):
    """Its rooms' history outlives a restart, and is long enough."""
    muc_options = '  modules_enabled = { "muc_mam" }\n'


LONG_HISTORY = """<query xmlns='http://jabber.org/protocol/muc#owner'>
<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>
http://jabber.org/protocol/muc#roomconfig</value></field>
<field var='muc#roomconfig_historylength'><value>1000</value></field>
</x></query>""".replace("\n", "")


class Restarted(Bridged):
    """What of each SIP user's messages became: answers by number, and the
    Message-IDs, so that later reports of failure can be told apart."""

    server_class = Archived

    async def gather(self):
        await super().gather()
        answer = await self.xmpps[0].iq("set", self.room, LONG_HISTORY)
        self.assertEqual(answer.get("type"), "result")

    async def talk_sip(self, user, sent):
        gate, pending = asyncio.Semaphore(WINDOW), []

        async def one(i):
            ident = "%s-%d" % (user.name, i)
            response = await user.call.msrp.send(
                user.wrap(text_of(i), user.call.room), ident=ident,
                timeout=PATIENCE + 60)
            sent[ident] = (i, response.status)
            gate.release()
        for i in range(MESSAGES):
            await gate.acquire()
            pending.append(asyncio.ensure_future(one(i)))
            await asyncio.sleep(self.pace)
        await asyncio.gather(*pending)

    def lost_of(self, user, sent):
        """Which of his messages he was told to be lost, by number."""
        reported = {r.get("Message-ID") for r in user.call.msrp.reports
                    if not r.get("Status").startswith("000 200")}
        return {i for ident, (i, status) in sent.items()
                if status != 200 or ident in reported}

    async def come_back(self):
        """The XMPP users log in and join again; all are there in a minute. One
        of them has what the room said meanwhile."""
        await self.wait_component()
        before = self.xmpps[0].order
        self.xmpps = list(await asyncio.gather(
            *(self.listener(i, 0 if i else 1000) for i in range(USERS))))
        self.xmpps[0].order = {**before, **self.xmpps[0].order}
        for user in self.xmpps:
            await until(lambda: user.names(self.room) == self.nicks, 60,
                        lambda: "%s sees %s" % (user.name,
                                                user.names(self.room)))

    async def check_receivers(self, sent):
        """Each SIP user heard what the room said, all of it but his own, each
        message once and in the room's order; what the room did not say its
        sender was told to be lost, and nothing else."""
        def order_for(nick):
            return [x for x in self.xmpps[0].order.values() if x[0] != nick]

        for i, user in enumerate(self.sips):
            nick = "S%d" % i
            try:
                await until(lambda: self.heard_by(user) == order_for(nick), 30)
            except AssertionError:
                self.assertEqual(self.heard_by(user), order_for(nick), nick)
        order = list(self.xmpps[0].order.values())
        told = {"S%d" % i: self.lost_of(u, sent[u.name])
                   for i, u in enumerate(self.sips)}
        for nick, lost in told.items():
            count = collections.Counter(t for w, t in order if w == nick)
            for i in range(MESSAGES):
                if i % 10 and i not in lost:
                    self.assertEqual(count[text_of(i)], 1, (nick, i))
                elif i % 10:
                    self.assertEqual(count[text_of(i)], 0, (nick, i))
            same = {i for i in range(MESSAGES) if i % 10 == 0}
            self.assertEqual(count[SAME], len(same - lost), nick)
        for user in self.xmpps:
            said = collections.Counter(user.said)
            twice = [x for x, n in said.items() if n > 1 and x[1] != SAME]
            self.assertEqual(twice, [], user.name)
        return sum(map(len, told.values()))

    async def test_restart_in_the_middle(self):
        """S2X-22, S2X-28, S2X-29, S2X-32, REFL-7, REFL-8, COMP-11, COMP-12:
        each message is said once, or its sender told."""
        self.pace = 8 / MESSAGES
        await self.gather()
        begin, half = time.monotonic(), MESSAGES // 2
        sent = {u.name: {} for u in self.sips}
        talk = [asyncio.ensure_future(self.talk_sip(u, sent[u.name]))
                for u in self.sips]
        await asyncio.gather(*(self.talk_xmpp(u, range(half))
                               for u in self.xmpps))
        await until(lambda: all(len(s) >= half for s in sent.values()),
                    PATIENCE, "half of it")
        await asyncio.get_running_loop().run_in_executor(
            None, self.server.stop)
        await asyncio.get_running_loop().run_in_executor(
            None, self.server.start)
        up = time.monotonic()
        await self.come_back()
        back = time.monotonic() - up
        self.assertLess(back, 60)
        await asyncio.gather(*(self.talk_xmpp(u, range(half, MESSAGES))
                               for u in self.xmpps))
        await asyncio.gather(*talk)
        for user in self.sips:
            self.assertIsNone(user.call.ended, user.name)
        # what is still on its way fails within a minute
        last = [("X%d" % i, text_of(MESSAGES - 1)) for i in range(USERS)]
        for user in self.sips:
            await until(lambda: set(last) <= set(self.heard_by(user)),
                        PATIENCE, "the last messages at " + user.name)
        await self.settled(sent)
        lost = await self.check_receivers(sent)
        print("all back after %.1f s; %d SIP messages lost and told" % (
            back, lost))
        self.report("a restart", begin)

    async def settled(self, sent):
        """Until each message that nobody heard has its report; at most the
        minute that a report may take."""
        def open_ones():
            out = []
            for i, user in enumerate(self.sips):
                heard = {t for reader in self.sips
                         for w, t in self.heard_by(reader)
                         if w == "S%d" % i}
                lost = self.lost_of(user, sent[user.name])
                out += [(user.name, n) for n in range(MESSAGES)
                        if n % 10 and n not in lost
                        and text_of(n) not in heard]
            return out
        end = time.monotonic() + 75
        while open_ones() and time.monotonic() < end:
            await asyncio.sleep(0.5)
        self.assertEqual(open_ones(), [], "neither said nor reported")


if __name__ == "__main__":
    main()
