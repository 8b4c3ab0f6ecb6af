"""The command line and the configuration file (DESIGN.md §3)."""

import os
import re
import socket
import subprocess

from bed import Alone, Stoxd, main


class CommandLine(Alone):
    def run_it(self, *args, timeout=20):
        return subprocess.run([Stoxd.program(), *args], capture_output=True,
                              text=True, timeout=timeout, cwd=self.stoxd.folder)

    def config(self):
        with open(self.stoxd.config, encoding="utf-8") as f:
            return f.read()

    def bad(self, text, line, word=None):
        """One line `file:line: what` and exit 2, by -t and by a start."""
        path = self.stoxd.write("bad.conf", text)
        for args in (("-t", "-c", path), ("-c", path)):
            r = self.run_it(*args)
            self.assertEqual(r.returncode, 2, r)
            lines = r.stderr.strip().splitlines()
            self.assertEqual(len(lines), 1, r.stderr)
            self.assertRegex(lines[0], r"^%s:%d: ." % (re.escape(path), line))
            if word:
                self.assertIn(word, lines[0])

    def test_version_and_help(self):
        r = self.run_it("-V")
        self.assertEqual(r.returncode, 0)
        self.assertRegex(r.stdout, r"\d+\.\d+")
        r = self.run_it("-h")
        self.assertEqual(r.returncode, 0)
        self.assertIn("-c", r.stdout)

    def test_wrong_usage(self):
        self.assertEqual(self.run_it("--no-such-option").returncode, 2)

    def test_good_configuration(self):
        r = self.run_it("-t", "-c", self.stoxd.config)
        self.assertEqual((r.returncode, r.stderr), (0, ""))

    def test_bad_configuration(self):
        text = self.config()
        end = text.rstrip("\n").count("\n") + 2
        self.bad(text.rstrip("\n") + "\nno-such-key = 1\n", end, "no-such-key")
        self.bad(text.rstrip("\n") + "\nlog-level = \"loud\"\n", end, "loud")
        self.bad(text.rstrip("\n") + "\nlog-level = {\n", end)
        self.bad(text.rstrip("\n") +
                 "\ndomain \"d.test\" { rooms = everywhere }\n", end)
        self.bad(text.rstrip("\n") +
                 "\ndomain \"d.test\" { rooms = local history = many }\n", end)

    def test_missing_file(self):
        r = self.run_it("-t", "-c", "/nonexistent/stoxd.conf")
        self.assertEqual(r.returncode, 2)
        self.assertIn("/nonexistent/stoxd.conf", r.stderr)

    def test_port_in_use(self):
        """Exit 1 and one clear line, for each listener."""
        for kind, port in (("tcp", self.stoxd.sip), ("tcp", self.stoxd.msrp),
                           ("udp", self.stoxd.sip)):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM if
                               kind == "tcp" else socket.SOCK_DGRAM) as taken:
                taken.bind(("127.0.0.1", port))
                if kind == "tcp":
                    taken.listen(1)
                r = self.run_it("-c", self.stoxd.config)
            self.assertEqual(r.returncode, 1, r)
            clear = [line for line in r.stderr.splitlines()
                     if str(port) in line and "use" in line]
            self.assertTrue(clear, r.stderr)

    def test_notify_socket_and_stop(self):
        """READY=1 comes when the listeners are up; SIGTERM exits 0."""
        self.stoxd.start()
        for port in (self.stoxd.sip, self.stoxd.msrp, self.stoxd.msrps):
            socket.create_connection(("127.0.0.1", port), 2).close()
        self.assertEqual(self.stoxd.stop(), 0)
        self.assertIsNone(self.stoxd.sanitizer_report())
        self.assertTrue(os.path.exists(self.stoxd.output))


if __name__ == "__main__":
    main()
