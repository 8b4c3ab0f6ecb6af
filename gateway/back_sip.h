/* The back end of rooms that live in a SIP conference elsewhere (RFC 7702 §5):
 * each occupant has a dialog, an MSRP session and a subscription of his own
 * there. */
#pragma once

#include "gateway/config.h"
#include "mapping/addr.h"
#include "sip/port.h"

struct back_sip;
struct bridged;
struct dns;

struct back_sip_cfg {
	struct loop *loop;
	const struct config *config;
	struct msrp *msrp;
	struct dns *dns;
	const struct map_domains *(*domain_names)(void *user);
	struct bridged *bridged; /* counts the legs */
	/* To the SIP process, and a fresh id for a request or dialog. */
	void (*send)(void *user, const struct port_msg *m);
	uint64_t (*request_id)(void *user);
	/* The id by which others know this user in the room (XEP-0421); NULL:
	 * there are none. */
	struct str (*stable_id)(void *user, const struct domain_config *d,
				struct str room, struct str of, char hex[41]);
	/* What has come of a SEAT_INVITE: its target, a final SIP status. */
	void (*invited)(void *user, uint64_t id, int status, struct str phrase);
	void *user;
};

struct back_sip *back_sip_new(const struct back_sip_cfg *cfg);
/* Seats get SEAT_ENDED, but nobody there hears a word: use back_sip_shutdown
 * before. NULL is fine. */
void back_sip_free(struct back_sip *b);
/* Joins join->room ("name@domain", as it is there). REASON_OK: the seat is
 * taken, and SEAT_JOINED or SEAT_ENDED comes later. The devices of one user
 * under one nickname share what he has there (X2S-25). */
enum reason_code back_sip_join(struct back_sip *b, const struct seat_join *join,
			       struct seat *seat);
/* From the SIP process: true if it belonged here. */
bool back_sip_event(struct back_sip *b, const struct port_msg *m);
/* Leaves all rooms (REASON_SHUTDOWN); no more joins. */
void back_sip_shutdown(struct back_sip *b);
/* Is there a request without an outcome? */
bool back_sip_busy(const struct back_sip *b);

struct back_sip_stats {
	size_t legs; /* rooms that users have, each */
	uint64_t joins, refused, messages_in, messages_out, lost;
};
struct back_sip_stats back_sip_stats(const struct back_sip *b);
