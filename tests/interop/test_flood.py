"""An XMPP user who sends too much: what is refused is told, and nothing else
is lost; in the end he is removed."""

from bed import Stoxd, XmppBed, main, until
from xmppuser import error_of, item, statuses

BURST = 500     # the default of message-burst
TOO_FAST = ("wait", "resource-constraint")


class FloodTest(XmppBed):

    @classmethod
    def set_up_servers(cls):
        Stoxd.message_rate = 1
        super().set_up_servers()

    def verdict(self, user, ident):
        """How the stanza with this id came back."""
        for s in user.stanzas:
            if s.get("id") == ident:
                return error_of(s) or "ok"
        return None

    async def test_flood(self):
        """ERR-12: each message comes back or is refused."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        alice = await self.sip_in("alice", "Alice")
        ids = [romeo.say(self.room, "m%d" % i) for i in range(BURST + 100)]
        await until(lambda: self.verdict(romeo, ids[-1]), 30, "the last one")
        verdicts = [self.verdict(romeo, i) for i in ids]
        self.assertEqual(set(verdicts), {"ok", TOO_FAST})
        self.assertEqual(set(verdicts[:BURST]), {"ok"})
        accepted = ["m%d" % i for i, v in enumerate(verdicts) if v == "ok"]
        self.assertLess(len(accepted), BURST + 60)
        # others talk as before, and have everything that came before this
        juliet.say(self.room, "peace")
        await self.read(juliet, "peace")
        await self.heard(alice, "peace")
        self.assertEqual([t for t in juliet.texts(self.room)
                          if t.startswith("m")], accepted)
        self.assertEqual([t for t in alice.call.texts()
                          if t.startswith("m")], accepted)
        # queries are counted apart
        answer = await romeo.disco(self.room)
        self.assertEqual(answer.get("type"), "result")

        ids = [romeo.say(self.room, "n%d" % i) for i in range(BURST + 100)]
        gone = await until(lambda: next((
            p for p in romeo.presences(self.room)
            if p.get("type") == "unavailable" and 110 in statuses(p)), None),
            30, "the end")
        self.assertIn(307, statuses(gone))
        self.assertEqual(item(gone).get("role"), "none")
        await until(lambda: self.verdict(romeo, ids[-1]), 30, "the last one")
        self.assertNotIn(None, [self.verdict(romeo, i) for i in ids])
        await self.agree(["Juliet", "Alice"], [juliet], [alice])


if __name__ == "__main__":
    main()
