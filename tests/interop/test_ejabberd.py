"""The room on a real ejabberd."""

from bed import Ejabberd, XmppBed, main
from roomcore import RoomCore


class EjabberdTest(RoomCore, XmppBed):
    server_class = Ejabberd


if __name__ == "__main__":
    main()
