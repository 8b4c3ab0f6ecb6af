"""Users of npm's @xmpp/client in rooms, through real XMPP servers."""

from bed import Ejabberd, XmppBed, main
from librarycore import LibraryCore
from nodeuser import NodeUser
from npmpack import packages


class NodeProsody(LibraryCore, XmppBed):
    @classmethod
    def set_up_servers(cls):
        folder = packages()
        cls.user_class = staticmethod(
            lambda name, port: NodeUser(name, port, folder))
        super().set_up_servers()


class NodeEjabberd(NodeProsody):
    server_class = Ejabberd


if __name__ == "__main__":
    main()
