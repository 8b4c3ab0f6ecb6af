"""A TCP connection that can be cut: what stands between stoxd and the server
whose component it is."""

import select
import socket
import threading

from servers import HOST


class Wire:
    """Hands on what comes to its port, until it is cut; who connects then finds
    nobody."""

    def __init__(self, target):
        self.target, self.pairs, self.up = target, set(), True
        self.lock = threading.Lock()
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, both=True):
        """both False: only the near end learns of it, and what the far end
        writes until mend() is lost."""
        with self.lock:
            self.up = False
            for near, far in self.pairs:
                self._shut(near)
                if both:
                    self._shut(far)

    def mend(self):
        with self.lock:
            for _, far in self.pairs:
                self._shut(far)
            self.up = True

    def close(self):
        self.cut()
        self._shut(self.listener)

    @staticmethod
    def _shut(s):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            with self.lock:
                far = self._dial() if self.up else None
                if far:
                    self.pairs.add((near, far))
            if far:
                threading.Thread(target=self._carry, args=(near, far),
                                 daemon=True).start()
            else:
                near.close()

    def _dial(self):
        try:
            return socket.create_connection((HOST, self.target), 5)
        except OSError:
            return None

    def _carry(self, near, far):
        """Until the far end is closed."""
        to = {near: far, far: near}
        while far in to:
            for s in select.select(list(to), [], [])[0]:
                try:
                    data = s.recv(65536)
                    if data and to[s] in to:
                        to[s].sendall(data)
                except OSError:
                    data = b""
                if not data:
                    del to[s]
                    if self.up:
                        self._shut(far)
        with self.lock:
            self.pairs.discard((near, far))
        near.close()
        far.close()
