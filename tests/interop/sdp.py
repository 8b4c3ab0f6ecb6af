"""The few lines of SDP that an MSRP chat needs (RFC 4566, RFC 4975 §8)."""


def offer(path, port, tls=False, setup="active", version=1, host="127.0.0.1",
          accept="message/cpim text/* application/im-iscomposing+xml",
          wrapped="*", chatroom="nickname private-messages", direction=None,
          session="3900000000", extra=()):
    lines = ["v=0", "o=- %s %d IN IP4 %s" % (session, version, host), "s=chat",
             "c=IN IP4 " + host, "t=0 0",
             "m=message %d %s *" % (port, "TCP/TLS/MSRP" if tls else "TCP/MSRP")]
    attributes = [("accept-types", accept), ("accept-wrapped-types", wrapped),
                  ("path", path), ("setup", setup), ("chatroom", chatroom)]
    lines += ["a=%s:%s" % (n, v) for n, v in attributes if v is not None]
    if direction:
        lines.append("a=" + direction)
    lines += extra
    return "\r\n".join(lines) + "\r\n"


class Media:
    def __init__(self, line):
        self.kind, port, self.proto, _ = line.split(" ", 3)
        self.port, self.attributes = int(port), []

    def get(self, name):
        for n, v in self.attributes:
            if n == name:
                return v
        return None


class Sdp:
    def __init__(self, data):
        self.origin, self.media, self.connection = None, [], None
        self.session = []
        lines = data.decode("utf-8").split("\r\n")
        if lines[-1] != "" or lines[0] != "v=0":
            raise ValueError("SDP framing: %r" % data)
        for line in lines[:-1]:
            kind, eq, value = line.partition("=")
            if len(kind) != 1 or not eq:
                raise ValueError("SDP line %r" % line)
            if kind == "o":
                self.origin = value
            elif kind == "c":
                self.connection = value
            elif kind == "m":
                self.media.append(Media(value))
            elif kind == "a":
                name, _, rest = value.partition(":")
                where = self.media[-1].attributes if self.media else self.session
                where.append((name, rest))

    @property
    def chat(self):
        for m in self.media:
            if m.kind == "message" and m.port:
                return m
        return None
