"""Conferences of domains whose records name TLS alone, with a real name server:
XMPP users reach those that prove to be the domain's."""

import asyncio
import os
import time

from bed import Prosody, Stoxd, main
from bridges import BridgeBed
from test_bridge_dns import Resolver
from xmppuser import XmppUser, show, statuses

# sip/main.c names what sofia-sip loses; for that its callers must be known
os.environ.setdefault("ASAN_OPTIONS", "fast_unwind_on_malloc=0")

RIGHT, NAPTR, WRONG = "right.example.org", "naptr.example.org", \
    "wrong.example.org"


def put(stoxd, *changes):
    with open(stoxd.config, encoding="utf-8") as f:
        text = f.read()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    stoxd.write("stoxd.conf", text)


class Near(Stoxd):
    name = "near"
    SECRETS = {d: "secret-of-" + d for d in (RIGHT, NAPTR, WRONG)}


class Far(Stoxd):
    name = "far"
    SECRETS = {}


class Names(Resolver):
    def __init__(self, folder, far):
        super().__init__(folder, far)
        self.records = ["--local=/example.org/",
                        "--host-record=far.example.org,127.0.0.1",
                        "--host-record=%s,127.0.0.1" % WRONG] + [
            "--srv-host=_sips._tcp.%s,far.example.org,%d" % (domain, far)
            for domain in (RIGHT, WRONG)] + [
            "--naptr-record=%s,10,10,s,SIPS+D2T,,secure.%s" % (NAPTR, NAPTR),
            "--srv-host=secure.%s,far.example.org,%d" % (NAPTR, far)]


class OnlyTls(BridgeBed):
    server_class = Prosody
    people = ("juliet",)

    @classmethod
    def set_up_servers(cls):
        cls.need(Prosody, Names)
        cls.server = cls.start(Prosody(cls.folder, cls.people, Near.SECRETS,
                                       domain="example.com"))
        cls.far = Far(cls.folder, domains={
            d: "rooms = local\n notify-interval = 0\n lock = false"
            for d in Near.SECRETS})
        certificate, key = cls.far.authority.issue(
            "conference", "DNS:%s,DNS:%s" % (RIGHT, NAPTR))
        put(cls.far, *zip(cls.far.certificate, (certificate, key)))
        cls.start(cls.far)
        cls.dns = cls.start(Names(cls.folder, cls.far.sips))
        near = Near(cls.folder, cls.server.component, domains={
            d: "rooms = sip" for d in Near.SECRETS})
        put(near, (near.authority.file, cls.far.authority.file))
        with open(near.config, "a", encoding="utf-8") as f:
            f.write('dns { servers = {"127.0.0.1:%d"} }\n' % cls.dns.port)
        cls.stoxd = cls.start(near)
        asyncio.run(cls.wait_component())

    @classmethod
    async def user(cls, resource):
        return await XmppUser("juliet", ("127.0.0.1", cls.server.c2s),
                              domain="example.com", resource=resource).login()

    @classmethod
    async def wait_component(cls, timeout=90):
        user = await cls.user("probe")
        for _ in range(timeout * 10):
            if (await user.disco(WRONG)).get("type") == "result":
                break
            await asyncio.sleep(0.1)
        await user.logout()

    async def xmpp(self):
        user = await self.user("r")
        self.xmpp_users.append(user)
        return user

    async def reached(self, domain):
        juliet = await self.xmpp()
        room = "%s@%s" % (self.room_name, domain)
        own = await juliet.join(room, "Juliet", timeout=30)
        self.assertIn(110, statuses(own), show(own))
        juliet.say(room, "by TLS")
        await self.read(juliet, "by TLS", room=room)
        await juliet.leave(room)
        return juliet

    async def test_srv(self):
        """DNS-3, X2S-5: a certificate in the domain's name, at a server of
        another name (RFC 5922 7.1)."""
        await self.reached(RIGHT)

    async def test_naptr(self):
        await self.reached(NAPTR)

    async def test_wrong_certificate(self):
        """It is told at once, and nothing was said to that server, though there
        is a connection to it as somebody else."""
        juliet = await self.reached(RIGHT)
        room = "%s@%s" % (self.room_name, WRONG)
        begin = time.monotonic()
        error = await juliet.join(room, "Juliet", timeout=30)
        self.assertEqual(error.get("type"), "error", show(error))
        self.assertLess(time.monotonic() - begin, 20)
        self.assertNotIn(room, self.far.log_text())


if __name__ == "__main__":
    main()
