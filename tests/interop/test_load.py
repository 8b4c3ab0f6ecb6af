"""Everybody talks at once: nothing is lost, doubled or reordered."""

import asyncio
import os

from bed import Stoxd, XmppBed, main, until
from xmppuser import CLIENT, body

SECONDS = float(os.environ.get("STOX_LOAD_SECONDS", "20"))
WINDOW = 8


class LoadTest(XmppBed):

    @classmethod
    def set_up_servers(cls):
        Stoxd.message_rate = 0  # nobody says too much
        super().set_up_servers()

    async def talk_sip(self, user, end, accepted):
        """Keeps WINDOW messages in flight; notes those answered 200."""
        loop = asyncio.get_running_loop()
        gate, pending, i = asyncio.Semaphore(WINDOW), set(), 0

        async def one(text):
            status = await user.say(text, timeout=30)
            if status == 200:
                accepted.append(text)
            else:
                self.refused += 1
            gate.release()
        while loop.time() < end:
            await gate.acquire()
            text = "%s %d %s" % (user.name, i, "-" * (i * 37 % 900))
            pending.add(asyncio.ensure_future(one(text)))
            i += 1
            pending = {t for t in pending if not t.done() or t.exception()}
        await asyncio.gather(*pending)

    async def talk_xmpp(self, user, end, sent):
        loop, i = asyncio.get_running_loop(), 0
        while loop.time() < end:
            if i - user.own >= WINDOW:
                await asyncio.sleep(0.002)
                continue
            ident = user.fresh_id()
            text = "romeo %d %s" % (i, "\u2665" * (i * 11 % 90))
            sent[ident] = text
            user.say(self.room, text, ident)
            i += 1

    async def test_everybody_gets_everything_once_in_order(self):
        """CHAT-20, X2S-37, X2S-44, CHAT-10, MSRP-37: the done-when of the
        first room."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        sips = [await self.sip_in("alice", "Alice"),
                await self.sip_in("bob", "Bob", tls=True),
                await self.sip_in("carol", "Carol", transport="udp")]
        await self.agree(["Romeo", "Alice", "Bob", "Carol"], [romeo], sips)
        self.refused = 0
        accepted, sent = {u.name: [] for u in sips}, {}
        order = []      # what Romeo's client shows, as it comes
        romeo.own = 0

        def record(stanza):
            xml = getattr(stanza, "xml", None)
            if xml is not None and xml.tag == CLIENT + "message" and \
                    xml.get("type") == "groupchat" and body(xml):
                order.append((body(xml), xml.get("id")))
                romeo.own += xml.get("from") == self.room + "/Romeo"
            return stanza
        romeo.stream.add_filter("in", record)
        end = asyncio.get_running_loop().time() + SECONDS
        await asyncio.gather(
            self.talk_xmpp(romeo, end, sent),
            *(self.talk_sip(u, end, accepted[u.name]) for u in sips))
        total = len(sent) + sum(map(len, accepted.values()))
        await until(lambda: len(order) >= total, 30,
                    lambda: "%d messages at romeo, has %d" % (total, len(order)))
        texts = [t for t, _ in order]
        for user in sips:
            want = [t for t in texts if not t.startswith(user.name)]
            await until(lambda: len(user.call.texts()) >= len(want), 30,
                        lambda: "%d at %s, has %d" % (
                            len(want), user.name, len(user.call.texts())))
            self.assertEqual(user.call.texts(), want)
            self.assertEqual(sorted(t for t in texts if t.startswith(user.name)),
                             sorted(accepted[user.name]))
        own = {i: t for t, i in order if t.startswith("romeo ")}
        self.assertEqual(own, sent)
        self.assertEqual(len(texts), len(set(texts)))
        self.assertGreater(total, 20)
        print("%d messages in %g s, %d refused" % (total, SECONDS, self.refused))
        await self.agree(["Romeo", "Alice", "Bob", "Carol"], [romeo], sips)


if __name__ == "__main__":
    main()
