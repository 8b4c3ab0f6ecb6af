"""The snippets of conf/ in the servers that they are for, as they stand there
but for the ports; and what `stoxctl domain` tells of any domain."""

import asyncio
import json
import os

from bed import Bed, Ejabberd, Kamailio, Prosody, Stoxd, XmppUser, main, until
from digest import LoginUser
from test_dns import Dnsmasq

CONF = os.path.join(os.path.dirname(__file__), "..", "..", "conf")
STOXD = {"chat.example.org": 'rooms = local\n notify-interval = 0\n'
                             ' secret = "change me"',
         "sip.example.org": 'users = foreign\n secret = "change me too"',
         "muc.example.org": "rooms = xmpp",
         "*": "rooms = discover"}


def snippet(name, **ports):
    with open(os.path.join(CONF, name), encoding="utf-8") as f:
        text = f.read()
    for old, new in ports.items():
        assert old[1:] in text, (name, old)
        text = text.replace(old[1:], str(new))
    return text


def rewrite(path, *pairs):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for old, new in pairs:
        assert old in text, (path, old)
        text = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Snippets(Bed):
    """A room between an XMPP user of the server and a SIP user behind
    Kamailio."""

    @classmethod
    def set_up_servers(cls):
        cls.need(Kamailio, cls.kind, Dnsmasq)
        cls.server = cls.start(cls.xmpp_server())
        cls.dns = cls.start(
            Dnsmasq(cls.folder), "--local=/example.org/",
            "--srv-host=_sip._udp.far.test,client.dns.test,5070,1,2",
            "--srv-host=_xmpp-server._tcp.muc.far.test,client.dns.test,5269")
        stoxd = Stoxd(cls.folder, component=cls.server.component,
                      domains=STOXD)
        with open(stoxd.config, "a", encoding="utf-8") as f:
            f.write('dns { servers = {"127.0.0.1:%d"} }\n' % cls.dns.port)
        cls.stoxd = cls.start(stoxd)
        cls.kamailio = Kamailio(cls.folder, stoxd.sip)
        cls.put_route(stoxd)
        cls.start(cls.kamailio)

    @classmethod
    def put_route(cls, stoxd):
        """Authentication, and then the route."""
        path = cls.kamailio.config
        rewrite(path, ('loadmodule "xlog.so"', 'loadmodule "xlog.so"\n'
                       'loadmodule "auth.so"'),
                ('	if ($rd =~ "\\.test$") {\n		$du = "sip:127.0.0.1:%d;'
                 'transport=tcp";\n	}\n' % stoxd.sip,
                 '	if (!has_totag() && !is_method("ACK")) {\n'
                 '		if (!pv_www_authenticate("sip.test", "sesame", "0")) {\n'
                 '			www_challenge("sip.test", "1");\n'
                 '			exit;\n		}\n'
                 '		consume_credentials();\n	}\n'
                 '	route(STOX);\n'))
        with open(path, "a", encoding="utf-8") as f:
            f.write(snippet("kamailio/stoxd.cfg", _5070=stoxd.sip))

    async def done(self, *args):
        r = await asyncio.get_running_loop().run_in_executor(
            None, lambda: self.stoxd.ctl(*args))
        self.assertEqual((r.returncode, r.stderr), (0, ""), r)
        return r.stdout

    async def json(self, *args):
        return json.loads(await self.done(*args, "--json"))

    async def asyncSetUp(self):
        await super().asyncSetUp()
        await until(lambda: self.stoxd.ctl("domains").stdout.count(" up ") == 2,
                    30, lambda: self.stoxd.ctl("domains").stdout)

    async def test_room(self):
        romeo = XmppUser("romeo", ("127.0.0.1", self.server.c2s), resource="r")
        self.xmpp_users.append(await romeo.login())
        await romeo.join("tea@chat.example.org", "Romeo")
        alice = LoginUser("alice", "sesame", algorithms=("MD5",),
                          proxy=("tcp", "127.0.0.1", self.kamailio.port))
        await alice.start()
        self.sip_users.append(alice)
        await alice.join("sip:tea@chat.example.org", "Alice")
        await until(lambda: sorted(romeo.names("tea@chat.example.org")) ==
                    ["Alice", "Romeo"], 10,
                    lambda: romeo.names("tea@chat.example.org"))
        self.assertEqual(await alice.say("through both"), 200)
        await self.read(romeo, "through both")
        # within the dialog, too
        self.assertEqual((await alice.reinvite()).status, 200)
        self.assertEqual((await alice.leave()).status, 200)
        await until(lambda: romeo.names("tea@chat.example.org") == ["Romeo"],
                    10, lambda: romeo.names("tea@chat.example.org"))

    async def read(self, user, text):
        await until(lambda: text in user.texts("tea@chat.example.org"), 10,
                    text)


class OnProsody(Snippets):
    kind = Prosody

    @classmethod
    def xmpp_server(cls):
        server = Prosody(cls.folder, ("romeo",), {})
        path = server.write("stoxd.cfg.lua", snippet(
            "prosody/stoxd.cfg.lua", _5347=server.component))
        rewrite(server.config,
                ('component_interfaces = { "127.0.0.1" }\n', ""),
                ("component_ports = { %d }\n" % server.component,
                 'Include "%s"\n' % path))
        return server

    async def test_explained(self):
        """stoxctl domain, of domains with and without a section."""
        own = await self.json("domain", "chat.example.org")
        advice = {a["for"]: a["lines"] for a in own["advice"]}
        self.assertIn('Component "chat.example.org"', advice["prosody"])
        self.assertIn("component_ports = { %d }" % self.server.component,
                      advice["prosody"])
        self.assertIn("SRV 0 0 %d " % self.stoxd.sip, advice["dns"])
        self.assertIn(";transport=tcp", advice["kamailio"])
        self.assertNotIn("change me", str(own))
        sip = await self.json("domain", "far.test")
        self.assertEqual((sip["section"], sip["speaks"]), ("*", "sip"))
        self.assertEqual(sip["sip-users-who-join"]["get"], "refused")
        self.assertEqual(sip["xmpp-users-who-join"]["get"], "SIP conference")
        self.assertIn({"asked": "SRV", "name": "_sip._udp.far.test",
                       "answer": "found",
                       "records": "1 2 5070 client.dns.test."},
                      sip["answers"])
        muc = await self.done("domain", "muc.far.test")
        self.assertRegex(muc, r"(?m)^speaks +xmpp$")
        self.assertIn("SIP users who enter its rooms: XMPP room", muc)
        none = await self.json("domain", "none.test")
        self.assertEqual(none["speaks"], "neither")


class OnEjabberd(Snippets):
    kind = Ejabberd

    @classmethod
    def xmpp_server(cls):
        server = Ejabberd(cls.folder, ("romeo",), {})
        text = snippet("ejabberd/stoxd.yml", _5347=server.component)
        with open(server.config, encoding="utf-8") as f:
            whole = f.read()
        begin = whole.index("  -\n    port: %d\n" % server.component)
        end = whole.index("acl: {}")
        with open(server.config, "w", encoding="utf-8") as f:
            f.write(whole[:begin] + text.split("\nlisten:\n")[1] + whole[end:])
        return server


del Snippets, Bed

if __name__ == "__main__":
    main()
