"""Signalling by sipp: calls at a rate, and refusals."""

import asyncio
import os
import re
import shutil
import subprocess
import unittest

from bed import Bed, main, until

SCENARIOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sipp")


class SippTest(Bed):
    @classmethod
    def set_up_servers(cls):
        if not shutil.which("sipp"):
            raise unittest.SkipTest("no sipp here")
        super().set_up_servers()

    def sipp(self, scenario, transport, calls=1, rate=1, patience=15, more=()):
        """Runs a scenario to its end; every call must have gone as written."""
        where = os.path.join(self.folder, scenario + transport + ".err")
        command = ["sipp", "127.0.0.1:%d" % self.stoxd.sip, "-sf",
                   os.path.join(SCENARIOS, scenario + ".xml"), "-s",
                   self.room_name, "-i", "127.0.0.1", "-t",
                   {"udp": "u1", "tcp": "t1"}[transport], "-m", str(calls),
                   "-r", str(rate), "-l", "200", "-timeout",
                   str(patience + 25), "-timeout_error", "-nostdin",
                   "-recv_timeout", str(patience * 1000), "-trace_err",
                   "-error_file", where, *more]
        r = subprocess.run(command, capture_output=True, text=True, timeout=120,
                           cwd=self.folder)
        errors = ""
        if os.path.exists(where):
            with open(where, errors="replace") as f:
                errors = f.read()[-2000:]
        self.assertEqual(r.returncode, 0, "%s over %s: %s\n%s" % (
            scenario, transport, re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "",
                                        r.stdout[-1500:]), errors))

    def logged(self, what):
        """How often, of this test's room."""
        return len(re.findall(r' %s .*room="%s"' % (re.escape(what), self.room),
                              self.stoxd.log_text()))

    async def test_calls_at_rate(self):
        """FOCUS-1, FOCUS-10, SIP-1: and nobody is left behind."""
        for transport in ("udp", "tcp"):
            self.sipp("call", transport, calls=200, rate=50)
        alice = await self.sip_in("alice", "Alice")
        await until(lambda: alice.roster.names() == ["Alice"], 10,
                    lambda: "ghosts: %s" % alice.roster.names())

    async def test_odd_requests(self):
        """FOCUS-8, SIP-1: requests that come too late, or in more octets than
        UDP likes; one join each."""
        for scenario in ("low_cseq", "big"):
            for transport in ("udp", "tcp"):
                with self.subTest(scenario=scenario, transport=transport):
                    self.sipp(scenario, transport, calls=20, rate=40)
        # the SIP process answers a BYE before the core hears of it
        await until(lambda: self.logged("sip.leave") >= 80, 10, "all the BYEs")
        self.assertEqual(self.logged("sip.join"), 80)
        alice = await self.sip_in("alice", "Alice")
        await until(lambda: alice.roster.names() == ["Alice"], 10,
                    lambda: "ghosts: %s" % alice.roster.names())

    async def test_lost_packets(self):
        """SIP-7: every sixth is lost, both ways; all calls come about, once."""
        self.sipp("call", "udp", 60, 30, 45, more=("-lost", "16"))
        self.assertEqual(self.logged("sip.invite"), 60)
        alice = await self.sip_in("alice", "Alice")
        await until(lambda: alice.roster.names() == ["Alice"], 40,
                    lambda: "ghosts: %s" % alice.roster.names())

    async def test_no_ack(self):
        """FOCUS-5: BYE after 64*T1, and no ghost."""
        alice = await self.sip_in("alice", "Alice")
        await asyncio.to_thread(self.sipp, "no_ack", "udp", 3, 10, 45)
        await until(lambda: alice.roster.names() == ["Alice"], 10,
                    lambda: "ghosts: %s" % alice.roster.names())

    async def test_options(self):
        """SIP-5."""
        for transport in ("udp", "tcp"):
            self.sipp("options", transport, calls=100, rate=100)

    async def test_refusals(self):
        """SDP-5, FOCUS-7, SIP-3, SIP-6, SIP-8, V-SDP-2."""
        for scenario in ("no_cpim", "foreign_domain", "method_not_allowed",
                         "bad_extension", "no_dialog", "no_invite"):
            for transport in ("udp", "tcp"):
                with self.subTest(scenario=scenario, transport=transport):
                    self.sipp(scenario, transport, calls=20, rate=40)


if __name__ == "__main__":
    main()
