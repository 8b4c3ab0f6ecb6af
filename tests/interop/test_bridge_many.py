"""A conference of hundreds, which XMPP users come to through a second stoxd:
its list is longer than a SIP message otherwise may be."""

import asyncio
import os

from bed import main, until
from test_remote_sip import RemoteSip
from xmppuser import show, statuses

MANY = int(os.environ.get("STOX_MANY", "300"))
AT_ONCE = 10


class Many(RemoteSip):
    async def people(self, first, last, **how):
        """Users who have joined without watching."""
        users = []

        async def one(n):
            user = await self.sip("u%d" % n, **how)
            await user.join(self.uri, "U%d" % n, subscribe=False)
            users.append(user)
        for n in range(first, last, AT_ONCE):
            await asyncio.gather(*(one(k) for k in range(
                n, min(n + AT_ONCE, last))))
        return users

    async def test_many(self):
        """X2S-17: she sees all of them, before herself; whoever comes and
        goes after that, too. SIP users see the same over TCP."""
        users = await self.people(0, MANY)
        names = {"U%d" % n for n in range(MANY)}
        juliet = await self.xmpp("juliet")
        own = await juliet.join(self.room, "Juliet", timeout=60)
        self.assertIn(110, statuses(own), show(own))
        self.assertEqual(set(juliet.names(self.room)), names | {"Juliet"})
        alice = await self.sip_in("alice", "Alice")
        await self.agree(sorted(names | {"Juliet", "Alice"}), [juliet],
                         [alice], timeout=60)
        gone, users = users[10:], users[:10]
        await asyncio.gather(*(u.leave() for u in gone))
        await self.agree(["Alice", "Juliet"] + ["U%d" % n for n in range(MANY)
                                                if any(u.name == "u%d" % n
                                                       for u in users)],
                         [juliet], [alice], timeout=60)
        self.assertEqual(await users[0].say("so few"), 200)
        await self.read(juliet, "so few")
        for user in (self.stoxd, self.far):
            self.assertNotIn("roster_stale", user.log_text())


for name in [n for n in dir(RemoteSip) if n.startswith("test_")]:
    setattr(Many, name, None)
del RemoteSip

if __name__ == "__main__":
    main()
