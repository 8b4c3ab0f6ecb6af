"""Beds for rooms that live elsewhere: in the MUC service of an XMPP server, or
in a SIP conference."""

import asyncio

from bed import Stoxd, XmppBed, servers
from xmppuser import XmppUser

MUC = "muc.test"


class MucBridge(Stoxd):
    """SIP users of sip.test get into the rooms of muc.test."""

    DOMAINS = {
        "sip.test": "users = sip",
        MUC: "rooms = xmpp\n create = any\n notify-interval = 0",
    }
    SECRETS = {"sip.test": "secret-of-sip.test"}


class BridgeBed(XmppBed):
    """people: the users of the XMPP server."""

    stoxd_class = MucBridge
    people = ("romeo", "juliet", "nurse", "tybalt")
    muc = None      # the server's MUC service

    @classmethod
    def set_up_servers(cls):
        cls.need(cls.server_class)
        cls.server = cls.start(cls.server_class(
            cls.folder, cls.people, cls.stoxd_class.SECRETS, muc=cls.muc))
        cls.stoxd = cls.start(cls.stoxd_class(
            cls.folder, cls.server.component,
            domains=cls.stoxd_class.DOMAINS))
        asyncio.run(cls.wait_component())

    @classmethod
    async def wait_component(cls, timeout=90):
        """Until our domains, and the users there, take queries; for a
        component that is away the server says an error."""
        user = await XmppUser(cls.people[0], ("127.0.0.1", cls.server.c2s),
                              resource="probe").login()
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout

        async def answers(domain):
            return "result" in [(await user.disco(*query)).get("type")
                                for query in ((domain, "info"),
                                              ("who@" + domain, "items"))]
        for domain in cls.stoxd_class.SECRETS:
            while not await answers(domain):
                if loop.time() > end:
                    raise servers.ServerError("no component " + domain)
                await asyncio.sleep(0.1)
        await user.logout()


class MucBed(BridgeBed):
    """The rooms are in the XMPP server's MUC service."""

    muc = MUC

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.room = "%s@%s" % (self.room_name, MUC)
        self.uri = "sip:" + self.room


CONF = "conf.test"


class ConferenceBed(BridgeBed):
    """XMPP users at an XMPP server whose component conf.test stands for a SIP
    conference; it is where `route` leads, a key of the domain."""

    limits = ""

    @classmethod
    def set_up_servers(cls):
        class Bridge(Stoxd):
            DOMAINS = {CONF: "rooms = sip\n" + cls.conference_keys()}
            SECRETS = {CONF: "secret-of-" + CONF}
            more_limits = cls.limits
        cls.stoxd_class = Bridge
        super().set_up_servers()

    @classmethod
    def conference_keys(cls):
        return ""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.room = "%s@%s" % (self.room_name, CONF)
        self.uri = "sip:" + self.room
