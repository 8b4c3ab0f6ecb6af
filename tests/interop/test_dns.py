"""Names of hosts, with a real name server: where clients wait for MSRP, and
where our INVITEs go. The first server in the list is dead."""

import asyncio
import os
import pwd
import socket
import time

from bed import Bed, Stoxd, main, until
from servers import HOST, Server, free_port, wait_port
from sipmsrp import SipUser
from test_refer import Callee

MANY = ["127.0.0.%d" % i for i in range(1, 101)]


class Dnsmasq(Server):
    name = binary = "dnsmasq"
    records = ("--host-record=client.dns.test,127.0.0.1",
               "--host-record=callee.dns.test,127.0.0.1",
               "--cname=alias.dns.test,client.dns.test")

    def __init__(self, folder):
        super().__init__(folder)
        self.port = free_port()
        self.hosts = self.write("hosts", "".join(
            "%s many.dns.test\n" % host for host in MANY))
        os.chmod(self.hosts, 0o644)
        os.chmod(self.folder, 0o755)

    def start(self, *records):
        self.run(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                  "--no-resolv", "--no-hosts", "--pid-file=",
                  "--user=" + pwd.getpwuid(os.getuid()).pw_name,
                  "--listen-address=" + HOST, "--bind-interfaces",
                  "--port=%d" % self.port, "--local=/test/",
                  "--addn-hosts=" + self.hosts, "--edns-packet-max=512",
                  "--log-queries", "--log-facility=-", *self.records, *records])
        wait_port(self.port, self.process)
        return self

    def asked(self, kind, name):
        return self.tail(10000).count("query[%s] %s " % (kind, name))


class Named(SipUser):
    """Its session is at a host that has a name."""
    msrp_host = "client.dns.test"

    def _session(self):
        session = super()._session()
        session.local_path = session.local_path.replace(self.host,
                                                        self.msrp_host)
        return session


class Names(Bed):
    @classmethod
    def set_up_servers(cls):
        cls.need(Dnsmasq)
        cls.dead = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.dead.bind((HOST, 0))
        cls.dns = cls.start(Dnsmasq(cls.folder))
        stoxd = Stoxd(cls.folder, domains={
            "chat.test": "rooms = local\n notify-interval = 0"})
        with open(stoxd.config, "a", encoding="utf-8") as f:
            f.write('dns { servers = {"%s:%d", "%s:%d"} }\n' % (
                HOST, cls.dead.getsockname()[1], HOST, cls.dns.port))
        cls.stoxd = cls.start(stoxd)

    @classmethod
    def tearDownClass(cls):
        cls.dead.close()
        super().tearDownClass()

    async def named(self, name, host, **kw):
        user = Named(name, proxy=self.stoxd.proxy, **kw)
        user.msrp_host = host
        await user.start()
        self.sip_users.append(user)
        return user

    async def talks(self, user, **kw):
        await user.join(self.uri, user.name.title(), subscribe=False, **kw)
        self.assertEqual(await user.say("by name"), 200)

    async def test_a_name(self):
        """MSRP-74, SDP-12: a client whose path has a name, its c= the name or
        the address."""
        for i, host in enumerate(("client.dns.test", "127.0.0.1")):
            alice = await self.named("alice%d" % i, "client.dns.test")
            await alice.listen()
            await self.talks(alice, host=host)
        bob = await self.named("bob", "alias.dns.test")
        await bob.listen()
        await self.talks(bob, host="alias.dns.test")
        self.assertNotIn("query[SRV] client.", self.dns.tail(10000))

    async def test_many_addresses(self):
        """MSRP-74: more records than a datagram holds come over TCP."""
        alice = await self.named("alice", "many.dns.test")
        alice.msrp_port = free_port()
        alice.listener = await asyncio.start_server(
            alice._msrp_accepted, MANY, alice.msrp_port)
        await self.talks(alice, host="many.dns.test")
        # truncated over UDP, then over TCP
        self.assertEqual(self.dns.asked("A", "many.dns.test"), 2)
        self.assertEqual(self.dns.asked("AAAA", "many.dns.test"), 1)

    async def refused(self, user, **kw):
        begin = time.monotonic()
        await user.listen()
        call = await user.invite(self.uri, **kw)
        await until(lambda: call.ended, 10, "the BYE")
        # not only because nobody connects, which is waited for for 32 s
        self.assertLess(time.monotonic() - begin, 20)
        return call.ended.get("reason")

    async def test_no_such_name(self):
        """MSRP-74: the call ends with a reason."""
        alice = await self.named("alice", "none.dns.test")
        self.assertIn("no such name",
                      await self.refused(alice, host="none.dns.test"))

    async def test_another_host(self):
        """SDP-12: c= is the address of somebody else."""
        alice = await self.named("alice", "client.dns.test")
        self.assertIn("c= does not name",
                      await self.refused(alice, host="127.0.0.9"))

    async def test_invited_by_name(self):
        """SIP-2: our INVITE follows the SRV records."""
        alice = await self.sip_in("alice", "Alice")
        bob = Callee("bob", proxy=self.stoxd.proxy)
        await bob.start()
        bob.aor = "sip:bob@phone.dns.test"
        self.sip_users.append(bob)
        self.dns.stop()
        self.dns.start(
            "--srv-host=_sip._tcp.phone.dns.test,callee.dns.test,%d" % bob.port)
        r = await alice.call.dialog.request("REFER", [
            ("Contact", "<%s>" % alice.contact),
            ("Refer-To", "<sip:bob@phone.dns.test>")])
        self.assertEqual(r.status, 200)
        await until(lambda: bob.call, 10, "the INVITE")
        self.assertEqual(bob.invited.uri, "sip:bob@phone.dns.test")
        await bob.connect_msrp(bob.call.msrp)
        self.assertEqual(await bob.say("called", bob.call.room), 200)


if __name__ == "__main__":
    main()
