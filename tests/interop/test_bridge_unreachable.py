"""Rooms on servers that can't be reached, each for another reason: everybody is
told which, and soon."""

import asyncio
import json
import os
import time

from bed import Prosody, Stoxd, main
from bridges import BridgeBed
from certs import Authority, server_context
from servers import free_port
from test_dns import Dnsmasq
from xmppuser import error_of, show

# what sofia-sip loses of certificates is found by name only
os.environ.setdefault("ASAN_OPTIONS", "fast_unwind_on_malloc=0")

SILENT = ("wait", "remote-server-timeout")
NOBODY = ("cancel", "remote-server-not-found")
SOON_S = 8


class Unreachable(BridgeBed):
    server_class = Prosody
    people = ("juliet",)

    @classmethod
    def set_up_servers(cls):
        cls.need(Prosody, Dnsmasq)
        dns = cls.start(Dnsmasq(cls.folder))
        cls.stranger = free_port()
        routes = {
            "tcp.test": "sip:127.0.0.1:%d;transport=tcp" % free_port(),
            "udp.test": "sip:127.0.0.1:%d;transport=udp" % free_port(),
            "tls.test": "sip:127.0.0.1:%d;transport=tls" % free_port(),
            "stranger.test": "sip:127.0.0.1:%d;transport=tls" % cls.stranger,
            "nohost.test": "sip:none.dns.test;transport=tcp",
            "servfail.test": "sip:elsewhere.example;transport=tcp",
        }

        class Bridge(Stoxd):
            DOMAINS = {d: 'rooms = sip\n route = "%s"' % r
                       for d, r in routes.items()}
            SECRETS = {d: "secret-of-" + d for d in DOMAINS}
            DOMAINS["*"] = ('rooms = discover\n'
                            ' allow-domains = {"*.open.test"}')

            def __init__(self, *args, **kw):
                super().__init__(*args, **kw)
                with open(self.config, "a", encoding="utf-8") as f:
                    f.write('dns { servers = {"127.0.0.1:%d"} }\n' % dns.port)
        cls.stoxd_class = Bridge
        super().set_up_servers()

    @classmethod
    async def wait_component(cls, timeout=90):
        pass    # of these domains none answers

    async def told(self, domain):
        """What Juliet hears who wants to join a room there."""
        juliet = await self.xmpp("juliet")
        start = time.monotonic()
        for _ in range(50):     # the component may not be there yet
            own = await juliet.join("room@" + domain, "Juliet", timeout=40)
            if error_of(own) != ("wait", "service-unavailable"):
                break
            await asyncio.sleep(0.2)
            start = time.monotonic()
        self.assertLess(time.monotonic() - start, SOON_S)
        return own

    async def test_refused(self):
        """ERR-1: nobody listens there, by TCP, UDP and TLS."""
        for domain in ("tcp.test", "udp.test", "tls.test"):
            own = await self.told(domain)
            self.assertEqual(error_of(own), SILENT, show(own))

    async def test_certificate(self):
        """ERR-1: somebody else's, or one that nobody vouches for."""
        folder = self.stoxd.path("other")
        os.mkdir(folder)
        other = Authority(folder)
        for authority, name in ((self.stoxd.authority, "DNS:other.test"),
                                (other, "IP:127.0.0.1,DNS:stranger.test")):
            pair = authority.issue("stranger", name)
            server = await asyncio.start_server(
                lambda r, w: w.close(), "127.0.0.1", self.stranger,
                ssl=server_context(pair))
            own = await self.told("stranger.test")
            self.assertEqual(error_of(own), SILENT, show(own))
            server.close()
            await server.wait_closed()

    async def test_names(self):
        """DNS-10: a host that isn't there, and a name server that fails."""
        own = await self.told("nohost.test")
        self.assertEqual(error_of(own), NOBODY, show(own))
        own = await self.told("servfail.test")
        self.assertEqual(error_of(own), SILENT, show(own))

    def test_sections(self):
        """stoxctl domain: the section that holds for it, if any does."""
        for domain, section in (("TCP.test", "tcp.test"), ("a.open.test", "*"),
                                ("a.closed.test", "")):
            r = self.stoxd.ctl("domain", domain, "--json")
            self.assertEqual(json.loads(r.stdout)["section"], section, domain)


if __name__ == "__main__":
    main()
