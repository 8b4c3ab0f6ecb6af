"""What scripts/run starts: a private Prosody and a stoxd, on the loopback."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STOXD = os.path.join(ROOT, "build", "stoxd")
CONF = os.path.join(ROOT, "conf", "demo.conf")

SIP, MSRP, MSRPS, C2S, COMPONENT = 5060, 2855, 2856, 5222, 5347
USERS = ("anna", "ben")
PASSWORD = "demo"

PROSODY = """\
run_as_root = true
daemonize = false
pidfile = "{dir}/prosody.pid"
data_path = "{dir}/data"
certificates = "{dir}"
log = {{ {{ levels = {{ min = "info" }}, to = "file",
          filename = "{dir}/prosody.log" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
component_ports = {{ {component} }}
component_interfaces = {{ "127.0.0.1" }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping",
                    "carbons", "private", "vcard_legacy", "pep" }}
modules_disabled = {{ "s2s" }}
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
ssl = {{ certificate = "{dir}/stoxd.crt", key = "{dir}/stoxd.key" }}
VirtualHost "localhost"
	disco_items = {{ {{ "chat.localhost", "Demo rooms" }} }}
Component "chat.localhost"
	component_secret = "demo"
"""

HOW = """\
The room is open. Ctrl-C ends everything.

  From an XMPP client (Gajim, Dino, ...):
    account    anna@localhost or ben@localhost, password {password}
    server     127.0.0.1 port {c2s} (its certificate is a fresh one: accept it)
    join       welcome@chat.localhost

  From a SIP client with MSRP chat (Blink, ...):
    account    any name, e.g. carol@localhost, no registration, no password
    proxy      127.0.0.1 port {sip}, TCP (outbound proxy)
    MSRP       TCP to port {msrp} or TLS to port {msrps}, no relay
    call       sip:welcome@chat.localhost, as a chat

  Logs: {dir}
"""


class Failed(Exception):
    """Something that the user has to know and can put right."""


def check_ports():
    """Somebody else's server on our ports would make a puzzling demo."""
    wanted = [(socket.SOCK_STREAM, p)
              for p in (SIP, MSRP, MSRPS, C2S, COMPONENT)]
    wanted.append((socket.SOCK_DGRAM, SIP))
    for kind, port in wanted:
        with socket.socket(socket.AF_INET, kind) as s:
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError as e:
                name = "TCP" if kind == socket.SOCK_STREAM else "UDP"
                raise Failed(f"port {port}/{name}: {e.strerror}. "
                             "Stop what runs there, then try again.") from e


class Demo:
    """The folder and the processes; end() leaves neither behind."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="stox-demo.")
        self.running = []

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, name, argv, **env):
        with open(self.path(name + ".log"), "ab") as log:
            # A session of its own: Ctrl-C reaches us alone, we end the rest
            # in order.
            p = subprocess.Popen(argv, cwd=self.dir, stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=log,
                                 start_new_session=True,
                                 env={**os.environ, **env})
        self.running.append((name, p))
        return p

    def failed(self, name, what):
        with open(self.path(name + ".log"), errors="replace") as f:
            tail = "".join(f.readlines()[-20:])
        return Failed(f"{name} {what}\n{tail}")

    def await_(self, name, process, what, ready, seconds=20):
        end = time.monotonic() + seconds
        while not ready():
            if process.poll() is not None:
                raise self.failed(name, f"ended: {process.returncode}")
            if time.monotonic() > end:
                raise self.failed(name, f"{what}: not within {seconds} s")
            time.sleep(0.05)

    def certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-days", "30", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,DNS:chat.localhost,IP:127.0.0.1",
             "-keyout", self.path("stoxd.key"),
             "-out", self.path("stoxd.crt")],
            check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def prosody(self):
        conf = self.path("prosody.cfg.lua")
        with open(conf, "w") as f:
            f.write(PROSODY.format(dir=self.dir, c2s=C2S,
                                   component=COMPONENT))
        os.mkdir(self.path("data"))
        for user in USERS:
            done = subprocess.run(
                ["prosodyctl", "--config", conf, "register", user,
                 "localhost", PASSWORD],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, cwd=self.dir,
                check=False)
            if done.returncode != 0:
                raise Failed(f"account {user}@localhost: {done.stdout}")
        p = self.start("prosody", ["prosody", "-F", "--config", conf])
        self.await_("prosody", p, "its ports", lambda: all(
            can_connect(port) for port in (C2S, COMPONENT)))

    def stoxd(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(self.path("notify"))
            notify.setblocking(False)
            p = self.start("stoxd", [STOXD, "-c", CONF],
                           NOTIFY_SOCKET=self.path("notify"))
            self.await_("stoxd", p, "READY", lambda: said_ready(notify))
        # Prosody knows best when the component is attached.
        self.await_("prosody", p, "the component", lambda: "component "
                    "successfully authenticated" in self.log("prosody"))

    def log(self, name):
        with open(self.path(name + ".log"), errors="replace") as f:
            return f.read()

    def wait(self):
        while True:
            for name, p in self.running:
                if p.poll() is not None:
                    raise self.failed(name, f"ended: {p.returncode}")
            time.sleep(0.2)

    def end(self):
        for name, p in reversed(self.running):
            if p.poll() is None:
                p.terminate()
            try:
                p.wait(15)
            except subprocess.TimeoutExpired:
                print(f"{name} did not end, killing it", file=sys.stderr)
                p.kill()
                p.wait()
        self.running = []
        shutil.rmtree(self.dir, ignore_errors=True)


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def said_ready(notify):
    try:
        return b"READY=1" in notify.recv(4096).split(b"\n")
    except BlockingIOError:
        return False


def stop(signum, frame):
    # What follows is the orderly end; a second signal must not break it off.
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, stop)
    demo = None
    try:
        check_ports()
        demo = Demo()
        demo.certificate()
        demo.prosody()
        demo.stoxd()
        if "--show" in sys.argv[1:]:
            import show
            return show.conversation(SIP, C2S, PASSWORD)
        print(HOW.format(password=PASSWORD, c2s=C2S, sip=SIP, msrp=MSRP,
                         msrps=MSRPS, dir=demo.dir), flush=True)
        demo.wait()
    except Failed as e:
        print(f"scripts/run: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nending ...", file=sys.stderr)
        return 0
    finally:
        if demo:
            demo.end()


if __name__ == "__main__":
    sys.exit(main())
