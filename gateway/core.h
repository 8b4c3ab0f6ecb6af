/* Everything of one core: the rooms, both front ends, the MSRP endpoint. Where
 * its output goes (SIP process, component streams) is told from outside, so
 * that tests can run a whole core with scripted peers. */
#pragma once

#include "gateway/config.h"
#include "gateway/front_sip.h"
#include "gateway/front_xmpp.h"

struct archive;
struct back_sip;
struct bridged;
struct back_muc;
struct files;
struct persist;
struct store;

struct core_io {
	void (*sip_send)(void *user, const struct port_msg *m);
	uint64_t (*sip_request_id)(void *user);
	/* Whole stanzas, on the stream of this domain: as xmpp_link_send. */
	int (*xmpp_send)(void *user, struct str domain, struct str text);
	void *user;
	/* SIP users who may log in; NULL: nobody. */
	const struct users *users;
	/* Where that is kept which outlives this process; may be zeroed. */
	struct keep keep;
	struct store *store; /* of rooms; NULL: they are not kept */
	struct files *files; /* of SIP users; NULL: they are not kept */
};

struct core {
	struct loop *loop;
	const struct config *config;
	struct core_io io;
	struct rooms *rooms;
	struct discover *discover;
	struct back *door; /* to rooms, wherever they live */
	struct back_local *back;
	struct back_sip *back_sip;
	struct back_muc *back_muc;
	struct bridged *bridged; /* the legs of both */
	struct archive *archive;
	struct persist *persist;
	struct dns *dns;
	struct msrp *msrp;
	struct front_sip *front_sip;
	struct front_xmpp *front_xmpp;
	struct front_xmpp_domain *titles;
};

/* What MSRP's TLS needs of the configuration; borrows its strings. */
struct msrp_tls core_tls(const struct config *config);
/* The same for SIP's. */
struct sip_tls core_sip_tls(const struct config *config);
/* 0, or negative with a line for the administrator in why. Borrows loop and
 * config. */
int core_init(struct core *c, struct loop *loop, const struct config *config,
	      const struct core_io *io, char why[256]);
/* A value that an earlier run kept, KEPT_DIALOG first; before anything else
 * happens. */
void core_restore(struct core *c, enum kept_kind kind, struct str key,
		  struct str value);
/* That was all; the SIP process is up. Everybody is called back. */
void core_restored(struct core *c);
/* A stanza from a component stream, whose `to` is of this domain; the tree may
 * go when this returns. */
void core_stanza(struct core *c, struct str domain, const struct xnode *stanza);
/* PORT_REQUEST, PORT_CANCEL, PORT_ACK, PORT_DIALOG, PORT_PROGRESS,
 * PORT_RESPONSE from the SIP process. */
void core_sip_event(struct core *c, const struct port_msg *m);
/* Is there a SIP request of ours without an outcome? */
bool core_sip_busy(const struct core *c);
/* Its stream is up (again: it was before), or down. */
void core_link_up(struct core *c, struct str domain, bool again);
void core_link_down(struct core *c, struct str domain);
/* The content of config has changed. */
void core_reconfigure(struct core *c);
/* Tells everybody: BYE, final NOTIFYs, status 332. Output is still to be
 * flushed. */
void core_shutdown(struct core *c);
void core_done(struct core *c);
