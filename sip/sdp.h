/* SDP for MSRP sessions: offers read, answers and offers written (RFC 8866,
 * 3264, 4975 §8, 6135, 7701 §8). Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define SDP_MEDIA_MAX	     16
#define SDP_BYTES_MAX	     65536
#define SDP_FINGERPRINTS_MAX 4

enum sdp_setup {
	SDP_SETUP_NONE,
	SDP_SETUP_ACTIVE,
	SDP_SETUP_PASSIVE,
	SDP_SETUP_ACTPASS
};
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

/* One m-line with what an MSRP chat needs of its attributes; slices of the
 * input. */
struct sdp_media {
	struct str type, proto, formats;
	uint16_t port;
	struct str connection; /* the address of its own or the session's c= */
	struct str accept_types, accept_wrapped; /* empty = absent */
	bool has_accept_types;
	struct str path;
	size_t max_size;	      /* 0 = absent; a=maxsize is read too */
	enum sdp_setup setup;	      /* holdconn reads as NONE */
	enum sdp_direction direction; /* session level inherited */
	bool chatroom;		      /* a=chatroom is there, */
	bool nickname,
	    private_messages; /* with these tokens ("nicknames" too) */
	bool cema;
	/* "sha-256 AB:CD..", those of the strongest hash that is usable */
	struct str fingerprint[SDP_FINGERPRINTS_MAX];
	size_t n_fingerprints;
	struct str file_selector, file_transfer_id, file_range;
};

struct sdp {
	struct str origin; /* the whole o= value */
	size_t n_media;
	struct sdp_media media[SDP_MEDIA_MAX];
};

/* Lenient on what RFC 8866 demands but peers leave out (t=, s=, c=); LF alone
 * ends lines too. 0, ERR_SYNTAX, ERR_TOO_BIG. */
int sdp_parse(struct str in, struct sdp *out);

/* Is this m-line an MSRP chat we can use (SDP-1 to SDP-5, SDP-14: no file
 * selector)? *secure: TCP/TLS/MSRP (or TLS/TCP/MSRP). */
bool sdp_media_is_msrp(const struct sdp_media *m, bool *secure);
/* Does its accept-types have message/cpim (SDP-5)? */
bool sdp_takes_cpim(const struct sdp_media *m);
/* The index of the first usable chat m-line, or -1 (owes 488). allow_plain,
 * allow_secure: which listeners there are. plain_text: a line without
 * message/cpim will do if it takes text/plain. */
int sdp_choose(const struct sdp *offer, bool allow_plain, bool allow_secure,
	       bool plain_text);

/* Does the peer's list of payload types (SDP-7: accept-wrapped-types plus the
 * other accept-types entries) take this wrapped type? */
bool sdp_takes(const struct sdp_media *m, struct str type);

/* Does this m-line offer to send us a whole file (RFC 5547 §8.2.1)? *secure: as
 * above. */
bool sdp_media_is_push(const struct sdp_media *m, bool *secure);
/* What its file selector says (RFC 5547 §6); all of it may be missing. */
struct sdp_file {
	struct str type; /* without parameters */
	bool has_size;
	uint64_t size;
	/* each as its algorithm has it, or as if it were not there */
	bool has_sha1, has_sha256;
	unsigned char sha1[20], sha256[32];
};
/* name: its octets as the sender has them, not to be trusted. */
void sdp_read_file(const struct sdp_media *m, struct buf *name,
		   struct sdp_file *out);

/* A file transfer that our description takes. */
struct sdp_file_line {
	size_t line; /* which m-line */
	uint16_t port;
	struct str path;
	enum sdp_setup setup;
	struct str fingerprints; /* as below */
	size_t max_size;
};

/* What we say of our side. */
struct sdp_local {
	uint64_t session_id, version; /* of o= */
	struct str host; /* numeric or name, IPv6 without brackets */
	uint16_t port;
	struct str path; /* our MSRP URI; empty: no session, but what we can */
	bool secure;
	struct str fingerprints; /* values of a=fingerprint, one a line */
	struct str proto;	 /* as the offer spelt it; empty: by secure */
	enum sdp_setup setup;
	enum sdp_direction direction;
	struct str accept_wrapped; /* "*" or types */
	size_t max_size;	   /* 0 = none */
	bool nickname, private_messages;
	bool cema;
	bool plain_text; /* offers: text/plain, not message/cpim */
	const struct sdp_file_line *files;
	size_t n_files;
};
/* The setup that an answer owes an offer (SDP-9). */
enum sdp_setup sdp_answer_setup(enum sdp_setup offered);
/* Does the answer say a=msrp-cema (RFC 6714 §4.3, SDP-11)? Not to an active
 * peer behind relays. */
bool sdp_answer_cema(const struct sdp_media *offered);
/* The direction that an answer mirrors (SDP-19). */
enum sdp_direction sdp_answer_direction(enum sdp_direction offered);
/* An answer to offer in which m-line chosen is taken and all others are refused
 * with port 0, order and count kept (SDP-13, SDP-14). */
void sdp_write_answer(struct buf *b, const struct sdp *offer, int chosen,
		      const struct sdp_local *l);
/* An offer of one m-line (setup actpass unless l says otherwise). */
void sdp_write_offer(struct buf *b, const struct sdp_local *l);
/* A later offer: the m-lines of our last description, of which one is taken
 * (RFC 3264 §8). */
void sdp_write_reoffer(struct buf *b, const struct sdp *last, int chosen,
		       const struct sdp_local *l);
