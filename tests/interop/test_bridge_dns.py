"""The architecture of RFC 7702 §3 with a real name server: romeo@example.org
and the conference chat.example.org speak SIP, juliet@example.com and the MUC
service rooms.example.com XMPP; stoxd finds out which is which."""

import asyncio
import os
import signal

from bed import Prosody, Stoxd, main, until
from bridges import BridgeBed
from sipmsrp import Refused
from test_dns import Dnsmasq
from xmppuser import XmppUser, error_of, show, statuses

SIP, CHAT, ROOMS = "example.org", "chat.example.org", "rooms.example.com"
GATEWAY = "x2s.example.org"
FOREIGN = "s2x.example.org"


class Near(Stoxd):
    name = "near"
    DOMAINS = {
        SIP: "users = sip",
        FOREIGN: "users = foreign",
        CHAT: "rooms = discover",
        GATEWAY: "rooms = local\n notify-interval = 0",
        "*": "rooms = discover\n create = any\n notify-interval = 0",
    }
    SECRETS = {d: "secret-of-" + d for d in (SIP, FOREIGN, CHAT, GATEWAY)}


class Far(Stoxd):
    name = "far"
    DOMAINS = {CHAT: "rooms = local\n notify-interval = 0\n lock = false"}
    SECRETS = {}


class Resolver(Dnsmasq):
    def __init__(self, folder, far):
        super().__init__(folder)
        self.records = [
            "--local=/example.%s/" % top for top in ("com", "org", "net")] + [
            "--host-record=%s,127.0.0.1" % host for host in (
                "xmpp.example.com", "sip.example.org", "far.example.org")] + [
            "--srv-host=_xmpp-server._tcp.example.com,xmpp.example.com,5269",
            "--srv-host=_xmpp-server._tcp.%s,xmpp.example.com,5269" % ROOMS,
            "--srv-host=_sip._tcp.%s,sip.example.org,5060" % SIP,
            "--naptr-record=%s,10,10,s,SIP+D2T,,_sip._tcp.%s" % (CHAT, CHAT),
            "--srv-host=_sip._tcp.%s,far.example.org,%d" % (CHAT, far),
            "--srv-host=_sip._tcp.closed.example.net",
            "--srv-host=_xmpp-server._tcp.closed.example.net"]


class Architecture(BridgeBed):
    server_class = Prosody
    people = ("juliet", "nurse")

    @classmethod
    def set_up_servers(cls):
        cls.need(Prosody, Dnsmasq)
        cls.server = cls.start(Prosody(
            cls.folder, cls.people, Near.SECRETS, muc=ROOMS,
            domain="example.com"))
        cls.far = cls.start(Far(cls.folder, domains=Far.DOMAINS))
        cls.dns = cls.start(Resolver(cls.folder, cls.far.sip))
        near = Near(cls.folder, cls.server.component, domains=Near.DOMAINS)
        with open(near.config, "a", encoding="utf-8") as f:
            f.write('dns { servers = {"127.0.0.1:%d"} }\n' % cls.dns.port)
        cls.stoxd = cls.start(near)
        asyncio.run(cls.wait_component())

    @classmethod
    async def wait_component(cls, timeout=90):
        user = await XmppUser("juliet", ("127.0.0.1", cls.server.c2s),
                              domain="example.com", resource="probe").login()

        async def up():
            return (await user.disco(GATEWAY)).get("type") == "result" and \
                (await user.disco("who@" + SIP, "items")).get(
                    "type") == "result"
        for _ in range(timeout * 10):
            if await up():
                break
            await asyncio.sleep(0.1)
        await user.logout()

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.room = "%s@%s" % (self.room_name, CHAT)
        self.uri = "sip:" + self.room
        self.muc = "%s@%s" % (self.room_name, ROOMS)

    async def xmpp(self, name, resource="r"):
        user = XmppUser(name, ("127.0.0.1", self.server.c2s),
                        domain="example.com", resource=resource)
        await user.login()
        self.xmpp_users.append(user)
        return user

    async def enters(self, user, room, nick):
        own = await user.join(room, nick, timeout=30)
        self.assertIn(110, statuses(own), show(own))

    async def conference(self):
        """Benvolio calls the conference server itself; Juliet comes by us."""
        benvolio = await self.sip_in("benvolio", "Benvolio", domain=SIP,
                                     proxy=self.far.proxy)
        juliet = await self.xmpp("juliet")
        await self.enters(juliet, self.room, "Juliet")
        await self.agree(["Benvolio", "Juliet"], [juliet], [benvolio])
        return juliet, benvolio

    async def talk(self, juliet, sip, room, text):
        """Both ways, each once."""
        juliet.say(room, text)
        await self.heard(sip, text)
        await self.read(juliet, text, room=room)
        self.assertEqual(await sip.say(text + " back"), 200)
        await self.read(juliet, text + " back", room=room)
        self.assertEqual(sip.call.texts().count(text), 1)
        for said in (text, text + " back"):
            self.assertEqual(juliet.texts(room).count(said), 1)

    async def test_conference(self):
        """DNS-1, DNS-3, X2S-5, X2S-36: found by NAPTR and SRV."""
        juliet, benvolio = await self.conference()
        await self.talk(juliet, benvolio, self.room, "in the conference")
        nurse = await self.xmpp("nurse")
        await self.enters(nurse, self.room, "Nurse")
        await self.agree(["Benvolio", "Juliet", "Nurse"], [juliet, nurse],
                         [benvolio])
        await nurse.leave(self.room)
        await self.agree(["Benvolio", "Juliet"], [juliet], [benvolio])

    async def romeo_in(self, uri=None, **kw):
        """Romeo and Juliet in the MUC room."""
        juliet = await self.xmpp("juliet")
        await self.enters(juliet, self.muc, "Juliet")
        kw.setdefault("domain", SIP)
        romeo = await self.sip_in("romeo", "Romeo",
                                  room=uri or "sip:" + self.muc, **kw)
        await until(lambda: juliet.names(self.muc) == ["Juliet", "Romeo"], 10,
                    "both")
        await until(lambda: romeo.roster.names() == ["Juliet", "Romeo"], 10,
                    "both at Romeo's")
        return juliet, romeo

    async def test_muc(self):
        """DNS-1, DNS-2, S2X-5, S2X-27: found by SRV."""
        juliet, romeo = await self.romeo_in()
        await self.talk(juliet, romeo, self.muc, "in the room")

    async def test_foreign_user(self):
        """ADDR-12: a SIP user of a domain that is none of ours."""
        juliet, mercutio = await self.romeo_in(domain="example.net")
        await self.talk(juliet, mercutio, self.muc, "from afar")

    async def test_addresses_of_the_gateway(self):
        """ADDR-29: rooms elsewhere written as rooms of ours."""
        benvolio = await self.sip_in("benvolio", "Benvolio", domain=SIP,
                                     proxy=self.far.proxy)
        juliet = await self.xmpp("juliet")
        written = "%s\\40%s@%s" % (self.room_name, CHAT, GATEWAY)
        await self.enters(juliet, written, "Juliet")
        await self.talk(juliet, benvolio, written, "by another name")
        await juliet.leave(written)
        juliet, romeo = await self.romeo_in("sip:%s%%25%s@%s" % (
            self.room_name, ROOMS, GATEWAY))
        await self.talk(juliet, romeo, self.muc, "so, too")

    async def test_no_such_domain(self):
        """DNS-5, DNS-10: no such name, and one that wants no visits."""
        romeo = await self.sip("romeo", domain=SIP)
        juliet = await self.xmpp("juliet")
        for domain in ("nowhere.example.net", "closed.example.net"):
            with self.assertRaises(Refused) as r:
                await romeo.invite("sip:room@" + domain)
            self.assertEqual(r.exception.status, 404, domain)
            error = await juliet.join("room\\40%s@%s" % (domain, GATEWAY),
                                      "Juliet")
            self.assertEqual(error_of(error)[0], "cancel", show(error))
        explained = self.stoxd.ctl("domain", CHAT)
        self.assertEqual(explained.returncode, 0, explained.stderr)
        self.assertIn("SIP", explained.stdout)

    async def test_resolver_restarts(self):
        """DNS-9, DNS-10: killed: what is known stays reachable, what is not
        is answered so; back again: everything is found."""
        juliet, benvolio = await self.conference()
        self.dns.stop(signal.SIGKILL)
        await self.talk(juliet, benvolio, self.room, "without names")
        nurse = await self.xmpp("nurse")
        await self.enters(nurse, self.room, "Nurse")
        await nurse.leave(self.room)
        romeo = await self.sip("romeo", domain=SIP)
        with self.assertRaises(Refused) as r:
            await romeo.invite("sip:room@later.example.net")
        self.assertEqual(r.exception.status, 504)
        error = await nurse.join("room\\40later.example.net@" + GATEWAY,
                                 "Nurse", timeout=30)
        self.assertEqual(error_of(error), ("wait", "remote-server-timeout"))
        self.dns.start()
        with self.assertRaises(Refused) as r:
            await romeo.invite("sip:room@other.example.net")
        self.assertEqual(r.exception.status, 404)
        await self.talk(juliet, benvolio, self.room, "with names")

    async def test_remote_focus_restarts(self):
        """X2S-31, SEED0-4: the conference server is killed and comes back:
        Juliet is in the room still or again, and nothing is said twice."""
        juliet, benvolio = await self.conference()
        await self.talk(juliet, benvolio, self.room, "before")
        os.kill(self.far.process.pid, signal.SIGKILL)
        self.far.process.wait(10)
        self.far.process = None
        await asyncio.get_running_loop().run_in_executor(None, self.far.start)

        def put_out():
            return [p for p in juliet.presences(self.room)
                    if p.get("type") == "unavailable" and 110 in statuses(p)]
        await until(lambda: benvolio.call.renewals, 30, "the re-INVITE")
        # answered by her own words, or by an error once she is put out
        ident = juliet.say(self.room, "I am back")
        answer = await juliet.answer_to(ident, 30)
        if error_of(answer):
            await until(put_out, 10, "her end")
            self.assertTrue(statuses(put_out()[0]) & {332, 333})
            juliet.stanzas.clear()
            await self.enters(juliet, self.room, "Juliet")
        await until(lambda: self.stoxd.log_text().count("back_sip.away") ==
                    self.stoxd.log_text().count("back_sip.back"), 30,
                    "Juliet's return")
        await self.talk(juliet, benvolio, self.room, "after")

    async def test_prosody_restarts(self):
        """COMP-10, COMP-12, S2X-22, X2S-33: both bridges over a restart."""
        juliet, romeo = await self.romeo_in()
        benvolio = await self.sip_in("benvolio", "Benvolio", domain=SIP,
                                     proxy=self.far.proxy)
        await self.enters(juliet, self.room, "Juliet")
        self.server.stop(signal.SIGKILL)
        self.server.start()
        await self.wait_component()
        juliet = await self.xmpp("juliet")
        await self.enters(juliet, self.muc, "Juliet")
        await until(lambda: juliet.names(self.muc) == ["Juliet", "Romeo"], 60,
                    "Romeo")
        await self.talk(juliet, romeo, self.muc, "here again")
        await self.enters(juliet, self.room, "Juliet")
        await self.talk(juliet, benvolio, self.room, "there again")


if __name__ == "__main__":
    main()
