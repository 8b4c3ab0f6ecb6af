/* The boundary between the core and the SIP process: commands and events as
 * flat values over a SOCK_SEQPACKET socketpair. Dialogs and requests go by id;
 * no pointer crosses.
 *
 * The SIP process decides nothing but syntax and transactions. It reports a
 * dialog's state (PORT_DIALOG) before anything that the state allows goes onto
 * the wire; the core keeps the latest report of each dialog and gives it back
 * as a seed after a restart, so no dialog dies with the process. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum port_type {
	/* core -> SIP process */

	/* First of all: LISTEN, HOST, AGENT, for a TLS listener CERTIFICATE,
	 * KEY and CA (files), and VERIFY (the digit of an enum sip_verify);
	 * number[0] = generation, [1] = most
	 * dialogs, [2] = most requests waiting for the core (0: defaults),
	 * [3] = enum log_level. Later ones only change numbers 1 to 3. */
	PORT_CONFIG = 1,
	/* A dialog as last reported by PORT_DIALOG. */
	PORT_SEED,
	/* Likewise, of a dialog that ended in the last 32 s. */
	PORT_TOMBSTONE,
	/* All seeds sent: bind and serve. */
	PORT_START,
	/* To PORT_REQUEST req: status, REASON, CONTACT, expires, HEADERS, TYPE,
	 * BODY. A 2xx to an INVITE, SUBSCRIBE or REFER outside a dialog makes
	 * dialog dlg (the id that the request carried). Server is added; so
	 * are, for INVITE and OPTIONS, Allow, Supported and Allow-Events unless
	 * HEADERS has them. */
	PORT_ANSWER,
	/* A request in dialog dlg, id req chosen by the core: METHOD, HEADERS,
	 * CONTACT (empty: the one of the 2xx that made the dialog), EVENT,
	 * SUB_STATE, expires, TYPE, BODY. User-Agent is added, Supported too
	 * unless HEADERS has it. */
	PORT_SEND,
	/* An INVITE outside any dialog or, as METHOD says, a SUBSCRIBE or
	 * REFER, dlg and req chosen by the core: RURI, FROM, TO, CONTACT
	 * (header values), ROUTE (the URI to send it to; empty: RURI), EVENT,
	 * expires, HEADERS, TYPE, BODY. One that goes out again
	 * (RFC 3261 §8.1.3.5, §22.2): CALL_ID and cseq of the first, whose
	 * tag FROM has then. PORT_PROGRESS tells provisional responses,
	 * PORT_RESPONSE the outcome; a 2xx, or of SUBSCRIBE and REFER a NOTIFY
	 * before it, makes dialog dlg; none comes of a REFER with "Refer-Sub:
	 * false" or whose 2xx names no target. Of several 2xx (forking) the
	 * first counts, the others are acknowledged and ended. Ends with the
	 * process that sent it: 503.
	 * number[0]: milliseconds after which it is 408 if there was no
	 * response at all; 0: as long as RFC 3261 waits. */
	PORT_DIAL,
	/* CANCELs the PORT_DIAL req, whose outcome still comes: a 2xx may have
	 * crossed. Lost while no process is up. */
	PORT_HANG_UP,
	/* Dialog dlg has no use any more. It goes when its PORT_SENDs have
	 * their outcomes. */
	PORT_FORGET,
	/* Octets for PORT_SENDs to share: BODY goes into place number[0], until
	 * another takes its place or none does (BODY empty). */
	PORT_BLOB,
	/* Answered by PORT_PONG with the same req. */
	PORT_PING,
	/* No new requests; exit when transactions are done or in 0.5 s. */
	PORT_STOP,

	/* SIP process -> core */

	/* Listeners are up; LISTEN: the real addresses, as in PORT_CONFIG. */
	PORT_READY = 64,
	/* They are not; REASON: a line for the administrator. */
	PORT_FAILED,
	/* A request came: req, dlg (see below), METHOD, ... A BYE has been
	 * answered 200 and wants no PORT_ANSWER. Nor does a NOTIFY with a
	 * status, which is what it has been refused with; nothing else of it is
	 * told. */
	PORT_REQUEST,
	/* The INVITE req was cancelled; it has been answered 487. */
	PORT_CANCEL,
	/* Dialog dlg's 2xx was acknowledged: TYPE, BODY, cseq. With status 408:
	 * it was not, for 64*T1 (RFC 3261 §13.3.1.4). */
	PORT_ACK,
	/* The state of dialog dlg (opaque to the core but for dlg). */
	PORT_DIALOG,
	/* Final outcome of PORT_SEND req: status (408: none came, 503: could
	 * not be sent, 481: no such dialog here), REASON, CONTACT, HEADERS,
	 * TYPE, BODY. A 2xx to an INVITE has been acknowledged. Likewise of
	 * PORT_DIAL. number[PORT_OURS] is not 0 if no peer has answered so. */
	PORT_RESPONSE,
	/* A provisional response but 100 to PORT_DIAL req: status, REASON. */
	PORT_PROGRESS,
	PORT_PONG,
};

/* What a message may carry as text; absent = empty. */
enum port_field {
	PORT_F_METHOD,
	PORT_F_RURI, /* the Request-URI */
	PORT_F_FROM, /* header values, as received */
	PORT_F_TO,
	PORT_F_CALL_ID,
	PORT_F_FROM_TAG,
	PORT_F_TO_TAG,
	PORT_F_CONTACT,	  /* PORT_REQUEST: its URI; PORT_ANSWER, PORT_SEND: the
			     header value */
	PORT_F_ROUTE,	  /* PORT_DIALOG: the route set */
	PORT_F_PEER,	  /* "10.0.0.1:5060", where the request came from;
			     PORT_DIALOG: the ROUTE of the PORT_DIAL that made
			     it, where that leads to the target's host */
	PORT_F_TRANSPORT, /* "udp", "tcp", "tls" */
	PORT_F_IDENTITY,  /* P-Asserted-Identity values, one a line */
	PORT_F_PRIVACY,
	PORT_F_USER_AGENT, /* or Server */
	PORT_F_SUPPORTED,
	PORT_F_REQUIRE,
	PORT_F_ACCEPT,	  /* comma-separated; empty = header absent */
	PORT_F_EVENT,	  /* the whole value with its parameters */
	PORT_F_SUB_STATE, /* Subscription-State */
	PORT_F_SUBJECT,
	PORT_F_SESSION_EXPIRES,
	PORT_F_MIN_SE,
	PORT_F_REFER_TO, /* one a line */
	PORT_F_REFERRED_BY,
	PORT_F_REPLACES,
	PORT_F_AUTHORIZATION, /* one a line */
	PORT_F_SIP_REASON,    /* Reason header (of BYE, CANCEL) */
	PORT_F_TYPE,	      /* Content-Type */
	PORT_F_BODY,
	PORT_F_REASON,	/* reason phrase, or the text of PORT_FAILED */
	PORT_F_HEADERS, /* further header lines, "Name: value\r\n" each */
	PORT_F_LISTEN,	/* "udp:127.0.0.1:5060 tcp:127.0.0.1:5060" */
	PORT_F_HOST,
	PORT_F_AGENT,  /* our User-Agent and Server */
	PORT_F_LOCAL,  /* PORT_DIALOG: our From/To value with its tag */
	PORT_F_REMOTE, /* PORT_DIALOG: the peer's */
	PORT_F_TARGET, /* PORT_DIALOG: remote target */
	PORT_F_CERTIFICATE,
	PORT_F_KEY,
	PORT_F_CA,
	PORT_F_VERIFY,
	PORT_FIELDS
};

/* What the core takes, as both sides of the boundary tell it in Allow and
 * Allow-Events. */
#define SIP_ALLOW                                                              \
	"INVITE, ACK, BYE, CANCEL, OPTIONS, SUBSCRIBE, NOTIFY, UPDATE, REFER"
#define SIP_ALLOW_EVENTS "conference, refer"

/* Ids: the SIP process makes dlg and req of what comes in as generation << 32 |
 * count, the core makes req of what it sends likewise with bit 63 set, so that
 * no two processes in a row clash. A PORT_REQUEST outside any dialog carries a
 * fresh dlg, which comes to life only if the answer makes a dialog; new_dialog
 * tells. */
struct blob;

struct port_msg {
	enum port_type type;
	uint64_t dlg, req;
	int status;
	uint32_t cseq;	 /* of the request */
	int64_t expires; /* seconds; -1 = header absent */
	/* PORT_DIALOG: local CSeq, remote CSeq; in a store also when it was put
	 * there (sip/keeper.c); else 0 */
	uint32_t number[4];
	bool new_dialog; /* PORT_REQUEST: was sent outside a dialog */
	/* PORT_SEND: octets that other messages have, too, borrowed; or NULL.
	 * They stand in the body after the first number[PORT_BEFORE] octets of
	 * BODY, less a hole. They are not encoded with the message:
	 * number[PORT_SHARED] is their place as of PORT_BLOB, from 1. */
	struct blob *shared;
	struct str f[PORT_FIELDS];
};

/* What the numbers of a PORT_SEND are. */
enum port_number { PORT_SHARED, PORT_BEFORE, PORT_HOLE_AT, PORT_HOLE };

/* What that of a PORT_RESPONSE is. */
#define PORT_OURS 0

#define PORT_BLOBS 8 /* places */

#define PORT_BODY_MAX	(8u << 20) /* a message with its fields */
#define PORT_NOTIFY_MAX (7u << 20) /* of these, the body of a NOTIFY */
#define PORT_PIECE_MAX                                                         \
	65536u /* one datagram; longer messages travel in pieces */

/* Pure encoding. Encode appends to b. Decode reads one whole message, slices
 * point into in: 0, ERR_SYNTAX. */
void port_encode(struct buf *b, const struct port_msg *m);
/* The same as a block of its own; NULL: it is too long. */
struct blob *port_encoded(const struct port_msg *m);
int port_decode(struct str in, struct port_msg *m);
/* The whole body of a message, with what is shared: its length. */
#define PORT_PIECES 4
size_t port_body(const struct port_msg *m, struct str piece[PORT_PIECES]);
/* Makes it the message's own, in body. */
void port_join(struct port_msg *m, struct buf *body);
/* A value with nothing in it but the type. */
struct port_msg port_msg(enum port_type type);

/* One end of the socketpair, with a queue for what the kernel does not take and
 * a buffer for messages in pieces. Used by both processes; the caller watches
 * fd. */
struct port_end {
	int fd;
	struct buf out;	     /* the message being sent */
	struct buf in;	     /* pieces of an unfinished message */
	bool whole;	     /* in holds the message that was returned last */
	struct buf datagram; /* one received datagram */
	struct port_out *head, **tail;
	size_t queued; /* octets waiting */
};

void port_end_init(struct port_end *e, int take_fd);
void port_end_done(struct port_end *e);
/* Sends or queues. 0, or ERR_GONE when the other side is dead. */
int port_end_send(struct port_end *e, const struct port_msg *m);
/* Likewise one that is encoded already. */
int port_end_pass(struct port_end *e, struct str encoded);
/* Writes what waits: 0 when all is out, 1 when the socket is full (watch for
 * writability), ERR_GONE. */
int port_end_flush(struct port_end *e);
/* The next whole message: 1 with *m (its slices live until the next call), 0
 * when nothing is there, ERR_GONE when the other side is dead, ERR_SYNTAX. */
int port_end_recv(struct port_end *e, struct port_msg *m);
