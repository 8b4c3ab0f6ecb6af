"""Private servers on free loopback ports in folders of their own, ended by pid.

Each server is a class with start() and stop(); what it wrote stays in its
folder until the whole test has passed."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from certs import Authority, self_signed

HOST = "127.0.0.1"
PASSWORD = "secret"
SANITIZER = re.compile(
    r"ERROR: AddressSanitizer|runtime error:|ERROR: LeakSanitizer|"
    r"WARNING: ThreadSanitizer")


class ServerError(Exception):
    pass


def build_dir():
    return os.path.abspath(os.environ.get("STOX_BUILD", os.path.join(
        os.path.dirname(__file__), "..", "..", "build")))


class Ports:
    """Ports for servers that bind theirs later. The kernel gives none of these
    to a connection (which it takes from 32768 on, mostly), and each process
    has blocks of its own, kept by holding the first port of the block."""

    FIRST, LAST, BLOCK = 10000, 32700, 50

    def __init__(self):
        self.held, self.next, self.end = [], 0, 0

    def _take_block(self):
        blocks = list(range(self.FIRST, self.LAST - self.BLOCK, self.BLOCK))
        random.SystemRandom().shuffle(blocks)
        for first in blocks:
            holder = socket.socket()
            try:
                holder.bind((HOST, first))
            except OSError:
                holder.close()
                continue
            self.held.append(holder)
            self.next, self.end = first + 1, first + self.BLOCK
            return
        raise ServerError("no free port")

    @staticmethod
    def _is_free(port):
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind((HOST, port))
        except OSError:
            return False
        return True

    def take(self):
        while True:
            if self.next == self.end:
                self._take_block()
            self.next += 1
            if self._is_free(self.next - 1):
                return self.next - 1


PORTS = Ports()


def free_port():
    """A port that is free for TCP and UDP, and given to nobody else."""
    return PORTS.take()


def wait_port(port, process, timeout=90):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ServerError("exited with %d at once" % process.returncode)
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise ServerError("port %d did not open in %d s" % (port, timeout))


class Server:
    name = binary = None

    def __init__(self, folder):
        self.folder = os.path.join(folder, self.name)
        os.makedirs(self.folder, exist_ok=True)
        self.process, self.runs = None, 0

    @classmethod
    def available(cls):
        return shutil.which(cls.binary) is not None

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    @property
    def output(self):
        return self.path("output.log")

    def run(self, command, env=None, **more):
        with open(self.output, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, env=dict(os.environ, **(env or {})),
                start_new_session=True, **more)
        self.runs += 1

    def stop(self, sig=signal.SIGTERM, timeout=60):
        """The exit code; a server that does not go is killed."""
        if not self.process:
            return None
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(5)
        self.process = None
        return code

    def tail(self, lines=60):
        with open(self.output, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])


class Prosody(Server):
    name, binary = "prosody", "prosody"
    muc_options = ""    # more lines of the MUC service's configuration

    def __init__(self, folder, users, components, web=None, muc=None,
                 domain="x.test"):
        """web: a folder to serve, beside WebSockets, to browsers; muc: the
        name of a MUC service of its own."""
        super().__init__(folder)
        self.c2s, self.component = free_port(), free_port()
        self.http = free_port() if web else None
        for user in users:
            self.write("data/%s/accounts/%s.dat" % (
                domain.replace(".", "%2e"), user),
                       'return { ["password"] = "%s"; };\n' % PASSWORD)
        blocks = "".join(
            'Component "%s"\n  component_secret = "%s"\n' % c
            for c in components.items())
        if muc:
            blocks += 'Component "%s" "muc"\n%s' % (muc, self.muc_options)
        self.config = self.write("prosody.cfg.lua", """
run_as_root = true
daemonize = false
pidfile = "%(dir)s/prosody.pid"
data_path = "%(dir)s/data"
certificates = "%(dir)s"
log = { { levels = { min = "info" }, to = "console", timestamps = true } }
modules_enabled = { "roster", "saslauth", "disco", "ping", "vcard"%(more)s }
modules_disabled = { "s2s", "tls", "offline"%(fewer)s, "dialback" }
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
c2s_ports = { %(c2s)d }
c2s_direct_tls_ports = {}
s2s_ports = {}
s2s_direct_tls_ports = {}
http_ports = { %(http)s }
http_interfaces = { "127.0.0.1" }
http_default_host = "%(domain)s"
http_files_dir = "%(web)s"
consider_websocket_secure = true
https_ports = {}
interfaces = { "127.0.0.1" }
component_interfaces = { "127.0.0.1" }
component_ports = { %(component)d }
VirtualHost "%(domain)s"
%(blocks)s""" % {"domain": domain, "dir": self.folder, "c2s": self.c2s,
                 "blocks": blocks, "component": self.component, "http": self.http or "",
                 "web": web or "",
                 "more": ', "http_files", "websocket"' if web else "",
                 "fewer": "" if web else ', "http"'})

    def start(self):
        self.run(["prosody", "-F", "--config", self.config])
        for port in (self.c2s, self.component, self.http):
            if port:
                wait_port(port, self.process)
        return self


class Ejabberd(Server):
    name, binary = "ejabberd", "ejabberdctl"
    options = ""    # more lines of its configuration
    muc_options = ""    # of its MUC service's module, and more modules

    def __init__(self, folder, users, components, muc=None):
        """muc: as of Prosody."""
        super().__init__(folder)
        self.c2s, self.component = free_port(), free_port()
        self.users = users
        hosts = "".join('      "%s":\n        password: "%s"\n' % c
                        for c in components.items())
        self.config = self.write("ejabberd.yml", """
hosts: ["x.test"]
loglevel: info
%sauth_method: internal
auth_password_format: plain
listen:
  -
    port: %d
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    shaper: none
    access: all
  -
    port: %d
    ip: "127.0.0.1"
    module: ejabberd_service
    access: all
    shaper: none
    global_routes: false
    hosts:
%sacl: {}
shaper_rules: {}
modules:
  mod_disco: {}
  mod_ping: {}
  mod_vcard:
    search: false
  mod_roster: {}
%s""" % (self.options, self.c2s, self.component, hosts,
       '  mod_muc:\n    host: "%s"\n' % muc + self.muc_options
       if muc else ""))

    def start(self):
        # No distribution: no node name, no cookie, no epmd to share with
        # whatever else runs here.
        register = ",".join(
            'ejabberd_auth:try_register(<<"%s">>,<<"x.test">>,<<"%s">>)'
            % (u, PASSWORD) for u in self.users)
        # And no waiting in a loop: others need the processor, too.
        self.run(["erl", "-noinput", "+sbwt", "none", "-mnesia", "dir",
                  '"%s"' % self.path("mnesia"), "-eval",
                  "{ok,_}=application:ensure_all_started(ejabberd),%s,"
                  "io:format(\"users registered~n\")." % register],
                 {"ERL_LIBS": "/usr/lib/x86_64-linux-gnu",
                  "HOME": self.folder,
                  "EJABBERD_CONFIG_PATH": self.config,
                  "EJABBERD_LOG_PATH": self.path("ejabberd.log"),
                  "ERL_CRASH_DUMP": self.path("crash.dump")})
        wait_port(self.c2s, self.process, 180)
        wait_port(self.component, self.process, 180)
        self.wait_output("users registered", 180)
        return self

    def wait_output(self, text, timeout):
        end = time.monotonic() + timeout
        while text not in self.tail(200):
            if time.monotonic() > end or self.process.poll() is not None:
                raise ServerError("ejabberd: no %r" % text)
            time.sleep(0.1)


class Kamailio(Server):
    """A proxy that stays in the route and sends *.test to stoxd; everything
    else goes where its Request-URI says."""

    name, binary = "kamailio", "kamailio"

    def __init__(self, folder, target, transport="tcp"):
        super().__init__(folder)
        self.port = free_port()
        self.config = self.write("kamailio.cfg", """#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=2
tcp_children=2
auto_aliases=no
listen=udp:127.0.0.1:%(port)d
listen=tcp:127.0.0.1:%(port)d
enable_tls=no
disable_sctp=yes
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
modparam("rr", "enable_double_rr", 1)
request_route {
	if (!mf_process_maxfwd_header("10")) {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
	if (is_method("CANCEL")) {
		if (t_check_trans()) t_relay();
		exit;
	}
	if (has_totag()) {
		if (!loose_route() && !is_method("ACK")) {
			sl_send_reply("404", "Not Here");
			exit;
		}
	} else if (is_method("INVITE|SUBSCRIBE|REFER")) {
		record_route();
	}
	if (is_method("ACK") && !has_totag()) {
		if (t_check_trans()) t_relay();
		exit;
	}
	if ($rd =~ "\\.test$") {
		$du = "sip:127.0.0.1:%(target)d;transport=%(transport)s";
	}
	if (!t_relay()) sl_reply_error();
}
""" % {"port": self.port, "target": target, "transport": transport})

    def start(self):
        self.run(["kamailio", "-f", self.config, "-DD", "-E", "-w", self.folder,
                  "-P", self.path("kamailio.pid"), "-Y", self.folder, "-m", "32",
                  "-M", "4"])
        wait_port(self.port, self.process)
        return self


class KamailioRelay(Server):
    """An MSRP relay (RFC 4976): AUTH gives a URI that leads back to the
    connection that asked for it. It hands on what is addressed to such a URI,
    and what its own clients send; each hop answers for itself."""

    name, binary = "relay", "kamailio"
    MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/"
    REALM = "relay.test"

    def __init__(self, folder, certificate=None):
        """certificate: (certificate, key) files; then it speaks TLS only."""
        super().__init__(folder)
        self.port, self.secure = free_port(), certificate is not None
        kind, scheme, tls = "tcp", "msrp", ""
        if certificate:
            kind, scheme = "tls", "msrps"
            tls = 'loadmodule "tls.so"\nmodparam("tls", "config", "%s")' % (
                self.write("tls.cfg", """
[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
certificate = %(cert)s
private_key = %(key)s
[client:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
certificate = %(cert)s
private_key = %(key)s
""" % dict(zip(("cert", "key"), certificate))))
        self.uri = "%s://%s:%d;tcp" % (scheme, HOST, self.port)
        self.config = self.write("relay.cfg", """#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
tcp_children=2
tcp_accept_no_cl=yes
tcp_connection_lifetime=600
tcp_conn_wq_max=33554432
tcp_wq_max=67108864
auto_aliases=no
listen=%(kind)s:127.0.0.1:%(port)d
enable_tls=%(tls)s
disable_sctp=yes
mpath="%(modules)s"
%(load)s
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "auth.so"
loadmodule "htable.so"
loadmodule "cfgutils.so"
loadmodule "msrp.so"
modparam("auth", "qop", "auth")
modparam("htable", "htable", "path=>size=8;autoexpire=3600;")
request_route {
	drop;
}
event_route[msrp:frame-in] {
	msrp_reply_flags("1");
	if (msrp_is_reply()) {
		# only what leads on to a client; the rest was for us
		if ($msrp(nexthops) == 1) route(TO_CLIENT);
		exit;
	}
	if ($msrp(method) == "AUTH") {
		route(AUTH);
		exit;
	}
	if ($sht(path=>$msrp(sessid)::addr) == $null) {
		if ($msrp(method) != "REPORT") msrp_reply("481", "Unknown path");
		exit;
	}
	if ($msrp(method) == "SEND" && !($hdr(Failure-Report) =~ "no|partial"))
		msrp_reply("200", "OK");
	if ($sht(path=>$msrp(sessid)::addr) == $msrp(srcaddr)) {
		msrp_relay();
		exit;
	}
	route(TO_CLIENT);
}
route[TO_CLIENT] {
	if ($sht(path=>$msrp(sessid)::addr) == $null) return;
	msrp_relay_flags("1");
	msrp_set_dst("$sht(path=>$msrp(sessid)::addr)",
		"$sht(path=>$msrp(sessid)::sock)");
	msrp_relay();
}
route[AUTH] {
	if (!pv_www_authenticate("%(realm)s", "%(password)s", "0", "AUTH")) {
		if (auth_get_www_authenticate("%(realm)s", "4", "$var(challenge)"))
			msrp_reply("401", "Unauthorized", "$var(challenge)");
		else
			msrp_reply("500", "Server Error");
		return;
	}
	$var(id) = "p" + $RANDOM + "x" + $RANDOM + "x" + $RANDOM;
	$sht(path=>$var(id)::addr) = $msrp(srcaddr);
	$sht(path=>$var(id)::sock) = $msrp(srcsock);
	$var(headers) = "Use-Path: %(scheme)s://127.0.0.1:%(port)d/" + $var(id)
		+ ";tcp\r\nExpires: 3600\r\n";
	msrp_reply("200", "OK", "$var(headers)");
}
""" % {"kind": kind, "port": self.port, "modules": self.MODULES, "load": tls,
       "tls": "yes" if tls else "no", "realm": self.REALM, "scheme": scheme,
       "password": PASSWORD})

    @classmethod
    def available(cls, tls=False):
        return super().available() and os.path.exists(
            cls.MODULES + ("tls.so" if tls else "msrp.so"))

    def start(self):
        self.run(["kamailio", "-f", self.config, "-DD", "-E", "-w", self.folder,
                  "-P", self.path("relay.pid"), "-Y", self.folder, "-m", "128",
                  "-M", "8"])
        wait_port(self.port, self.process)
        return self

    def kill(self):
        """With its workers, who hold the connections."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.stop()


class Stoxd(Server):
    name = "stoxd"
    DOMAINS = {
        "chat.test": "rooms = local\n notify-interval = 0",
        "locked.test": "rooms = local\n notify-interval = 0\n lock = true",
        "siponly.test": "rooms = local\n notify-interval = 0\n create = sip",
        "xmpponly.test": "rooms = local\n notify-interval = 0\n create = xmpp",
        "closed.test": "rooms = local\n notify-interval = 0\n create = none",
    }
    SECRETS = {d: "secret-of-" + d for d in DOMAINS}
    message_rate = 100
    more_limits = ""

    def __init__(self, folder, component=None, trust=("127.0.0.0/8",),
                 domains=None, text=None, name=None):
        if name:
            self.name = name
        super().__init__(folder)
        self.sip, self.sips = free_port(), free_port()
        self.msrp, self.msrps = free_port(), free_port()
        self.metrics = free_port()
        cert, key = self.certificate = self_signed(self.folder)
        self.authority = Authority(self.folder)
        blocks = ""
        for domain, keys in (domains or self.DOMAINS).items():
            secret = (' secret = "%s"\n' % self.SECRETS[domain]
                      if component and domain in self.SECRETS else "")
            blocks += 'domain "%s" {\n%s %s\n}\n' % (domain, secret, keys)
        self.config = self.write("stoxd.conf", text or """
state-dir = "%(dir)s"
control = "%(dir)s/control.sock"
metrics = "127.0.0.1:%(metrics)d"
log-level = "%(level)s"
sip {
 listen = {"udp:127.0.0.1:%(sip)d", "tcp:127.0.0.1:%(sip)d", "tls:127.0.0.1:%(sips)d"}
 trust = {%(trust)s}
 host = "127.0.0.1"
 realm = "test"
}
msrp {
 listen = {"tcp:127.0.0.1:%(msrp)d", "tls:127.0.0.1:%(msrps)d"}
 host = "127.0.0.1"
}
limits { message-rate = %(rate)d %(limits)s }
%(xmpp)s
tls {
 certificate = "%(cert)s"
 key = "%(key)s"
 ca = "%(ca)s"
}
%(blocks)s""" % {
            "rate": self.message_rate, "limits": self.more_limits,
            "dir": self.folder, "sip": self.sip, "sips": self.sips,
            "ca": self.authority.file, "msrp": self.msrp,
            "msrps": self.msrps, "metrics": self.metrics, "cert": cert,
            "key": key,
            "level": os.environ.get("STOX_LOG_LEVEL", "debug"),
            "trust": ", ".join('"%s"' % t for t in trust),
            "xmpp": 'xmpp { server = "127.0.0.1:%d" }' % component
                    if component else "", "blocks": blocks})

    @classmethod
    def available(cls):
        return os.access(cls.program(), os.X_OK)

    @staticmethod
    def program():
        return os.path.join(build_dir(), "stoxd")

    def start(self, timeout=90):
        """Returns when stoxd has told its supervisor that it is ready."""
        where = self.path("notify")
        if os.path.exists(where):
            os.unlink(where)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(where)
            ready.settimeout(0.1)
            self.run([self.program(), "-c", self.config],
                     {"NOTIFY_SOCKET": where})
            end = time.monotonic() + timeout
            while time.monotonic() < end:
                if self.process.poll() is not None:
                    raise ServerError("stoxd exited with %d\n%s" % (
                        self.process.returncode, self.tail()))
                try:
                    if b"READY=1" in ready.recv(4096):
                        return self
                except socket.timeout:
                    pass
        raise ServerError("stoxd not ready in %d s\n%s" % (timeout, self.tail()))

    @property
    def proxy(self):
        return ("tcp", HOST, self.sip)

    @property
    def control(self):
        return self.path("control.sock")

    def ctl(self, *args, text=None):
        """stoxctl with these arguments: its CompletedProcess."""
        return subprocess.run(
            [os.path.join(build_dir(), "stoxctl"), "-s", self.control, *args],
            input=text, capture_output=True, text=True, timeout=30,
            start_new_session=True)

    def sip_process(self):
        """The pid of the child that speaks SIP, or None."""
        pid = self.process.pid
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            for child in f.read().split():
                try:
                    with open("/proc/%s/comm" % child) as comm:
                        if comm.read().strip() == "stoxd-sip":
                            return int(child)
                except OSError:
                    continue
        return None

    def log_text(self):
        with open(self.output, encoding="utf-8", errors="replace") as f:
            return f.read()

    def sanitizer_report(self):
        """The first sanitizer report, or None."""
        text = self.log_text()
        found = SANITIZER.search(text)
        if not found:
            return None
        return text[max(0, found.start() - 200):found.start() + 5000]


def temp_folder(name):
    return tempfile.mkdtemp(prefix="stox-%s-" % name)
