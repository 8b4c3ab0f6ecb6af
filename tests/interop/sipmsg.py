"""SIP messages as values: parse strictly, print canonically (RFC 3261 §7)."""

import random
import re
import string

COMPACT = {"i": "call-id", "m": "contact", "e": "content-encoding",
           "l": "content-length", "c": "content-type", "f": "from",
           "s": "subject", "k": "supported", "t": "to", "v": "via",
           "o": "event", "u": "allow-events", "r": "refer-to",
           "x": "session-expires", "b": "referred-by"}
TOKEN = re.compile(r"^[A-Za-z0-9\-.!%*_+`'~]+$")


class SipSyntaxError(Exception):
    pass


def token(n=10):
    return "".join(random.choices(string.ascii_letters + string.digits, k=n))


def canonical(name):
    name = name.strip().lower()
    return COMPACT.get(name, name)


def split_list(value):
    """Splits at commas outside quotes and angle brackets (RFC 3261 §7.3.1)."""
    parts, part, quoted, depth, escaped = [], "", False, 0, False
    for c in value:
        if escaped:
            escaped = False
        elif quoted:
            escaped = c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c == "<":
            depth += 1
        elif c == ">":
            depth -= 1
        elif c == "," and not depth:
            parts.append(part.strip())
            part = ""
            continue
        part += c
    parts.append(part.strip())
    return [p for p in parts if p]


def split_params(text):
    """`;a=1;b` as a dict; a flag's value is None."""
    params = {}
    for part in re.findall(r';\s*((?:[^;"]|"(?:\\.|[^"\\])*")+)', text):
        name, eq, value = part.strip().partition("=")
        params[name.strip().lower()] = value.strip() if eq else None
    return params


class NameAddr:
    """name-addr or addr-spec with header parameters (RFC 3261 §20.10)."""

    def __init__(self, text):
        m = re.match(r'^\s*(?:"((?:\\.|[^"\\])*)"|([^<"]*?))\s*<([^<>]*)>(.*)$',
                     text, re.S)
        if m:
            name = m.group(1)
            self.name = (re.sub(r"\\(.)", r"\1", name) if name is not None
                         else m.group(2).strip())
            self.uri, rest = m.group(3), m.group(4)
        else:
            self.name = ""
            self.uri, semi, rest = text.strip().partition(";")
            rest = semi + rest
        self.params = split_params(rest)
        if ":" not in self.uri:
            raise SipSyntaxError("no URI in %r" % text)

    @property
    def tag(self):
        return self.params.get("tag")


class SipUri:
    def __init__(self, text):
        m = re.match(r"^(sips?):(?:([^@]*)@)?(\[[0-9a-fA-F:]+\]|[^;:?@\[\]]+)"
                     r"(?::(\d+))?((?:;[^?]*)?)(?:\?(.*))?$", text, re.I)
        if not m:
            raise SipSyntaxError("bad URI %r" % text)
        self.scheme = m.group(1).lower()
        self.user, self.host = m.group(2), m.group(3)
        self.port = int(m.group(4)) if m.group(4) else None
        self.params = split_params(m.group(5))

    def next_hop(self):
        """(transport, host, port) for a numeric host (RFC 3263 §4)."""
        transport = (self.params.get("transport") or "udp").lower()
        if self.scheme == "sips":
            transport = "tls"
        port = self.port or (5061 if transport == "tls" else 5060)
        return transport, self.params.get("maddr") or self.host, port


class SipMessage:
    def __init__(self, start, headers=(), body=b""):
        self.start = start
        self.headers = list(headers)
        self.body = body if isinstance(body, bytes) else body.encode()
        self.source = None  # the Flow it came by
        m = re.match(r"^SIP/2\.0 (\d{3}) ?(.*)$", start)
        if m:
            self.method = self.uri = None
            self.status, self.reason = int(m.group(1)), m.group(2)
            return
        m = re.match(r"^(\S+) (\S+) SIP/2\.0$", start)
        if not m:
            raise SipSyntaxError("bad start line %r" % start)
        self.method, self.uri = m.group(1), m.group(2)
        self.status = self.reason = None

    @property
    def is_request(self):
        return self.method is not None

    def get(self, name, default=None):
        name = canonical(name)
        for n, v in self.headers:
            if canonical(n) == name:
                return v
        return default

    def values(self, name):
        """All values of a header, comma lists taken apart."""
        name = canonical(name)
        out = []
        for n, v in self.headers:
            if canonical(n) == name:
                out += split_list(v)
        return out

    def tokens(self, name):
        return {v.partition(";")[0].strip() for v in self.values(name)}

    def add(self, name, value):
        self.headers.append((name, str(value)))
        return self

    @property
    def call_id(self):
        return self.get("call-id")

    @property
    def cseq(self):
        number, method = self.get("cseq", "0 ?").split()
        return int(number), method

    @property
    def from_(self):
        return NameAddr(self.get("from"))

    @property
    def to(self):
        return NameAddr(self.get("to"))

    @property
    def branch(self):
        via = self.values("via")[0]
        return split_params(via[via.find(";"):]).get("branch")

    @property
    def contact(self):
        values = self.values("contact")
        return NameAddr(values[0]) if values else None

    def to_bytes(self):
        head = [self.start]
        head += ["%s: %s" % (n, v) for n, v in self.headers
                 if canonical(n) != "content-length"]
        head.append("Content-Length: %d" % len(self.body))
        return "\r\n".join(head).encode() + b"\r\n\r\n" + self.body

    def __str__(self):
        return self.to_bytes().decode("utf-8", "backslashreplace")


def parse_head(head):
    """Start line and headers of a block without its final empty line."""
    text = head.decode("utf-8")  # RFC 3261 §25.1: UTF-8; bad octets raise
    if re.search(r"[^\r]\n|\r(?!\n)", text):
        raise SipSyntaxError("bare CR or LF in the header block")
    text = re.sub(r"\r\n[ \t]+", " ", text)
    lines = text.split("\r\n")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not TOKEN.match(name.strip()):
            raise SipSyntaxError("bad header line %r" % line)
        headers.append((name.strip(), value.strip()))
    return lines[0], headers


def parse(data):
    """A whole datagram."""
    head, sep, body = data.partition(b"\r\n\r\n")
    if not sep:
        raise SipSyntaxError("no end of headers in %r" % data[:80])
    message = SipMessage(*parse_head(head))
    length = message.get("content-length")
    if length is not None:
        if len(body) < int(length):
            raise SipSyntaxError("datagram shorter than Content-Length")
        body = body[:int(length)]
    message.body = body
    check(message)
    return message


def check(message):
    """The mandatory header fields of RFC 3261 §8.1.1 and §8.2.6."""
    for name in ("via", "from", "to", "call-id", "cseq"):
        if message.get(name) is None:
            raise SipSyntaxError("no %s in %s" % (name, message.start))
    number, method = message.cseq
    if message.is_request and method != message.method:
        raise SipSyntaxError("CSeq method %s in a %s" % (method, message.method))
    if not 0 <= number < 2 ** 31:
        raise SipSyntaxError("CSeq %d" % number)
    if message.is_request and message.get("max-forwards") is None:
        raise SipSyntaxError("no Max-Forwards in " + message.start)
    if message.body and message.get("content-type") is None:
        raise SipSyntaxError("a body without Content-Type in " + message.start)
    if not (message.branch or "").startswith("z9hG4bK"):
        raise SipSyntaxError("branch %r" % message.branch)


def take(buffer):
    """One message off the front of a stream's buffer, or None for more.

    On a stream Content-Length is the only framing (RFC 3261 §18.3)."""
    while buffer[:2] == b"\r\n":
        del buffer[:2]
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    message = SipMessage(*parse_head(bytes(buffer[:end])))
    length = message.get("content-length")
    if length is None:
        raise SipSyntaxError("no Content-Length on a stream")
    total = end + 4 + int(length)
    if len(buffer) < total:
        return None
    message.body = bytes(buffer[end + 4:total])
    del buffer[:total]
    check(message)
    return message
