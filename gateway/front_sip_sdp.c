/* Offer and answer of a call: the MSRP session behind them. */
#include <stdlib.h>

#include "gateway/front_sip_message.h"
#include "gateway/front_sip_transfer.h"
#include "gateway/media.h"
#include "gateway/reach.h"

#include "base/err.h"
#include "base/mem.h"
#include "mapping/message.h"
#include "msrp/cpim.h"

bool call_receives(const struct call *c)
{
	return media_receives(&c->peer);
}

/* One block holds its strings. */
void call_keep_peer(struct call *c, const struct sdp_media *m, bool plain)
{
	struct str *part[4 + SDP_FINGERPRINTS_MAX] = {
	    &c->peer.accept_types, &c->peer.accept_wrapped, &c->peer.path,
	    &c->peer.connection};
	size_t n = m->accept_types.n + m->accept_wrapped.n + m->path.n +
		   m->connection.n;
	size_t n_parts = 4, at = 0;
	char *lists;

	c->peer = (struct sdp_media){
	    .accept_types = m->accept_types,
	    .has_accept_types = m->has_accept_types,
	    .accept_wrapped = m->accept_wrapped,
	    .path = m->path,
	    .n_fingerprints = m->n_fingerprints,
	    .connection = m->connection,
	    .port = m->port,
	    .cema = m->cema,
	    .max_size = m->max_size,
	    .setup = m->setup,
	    .direction = m->direction,
	    .chatroom = m->chatroom,
	    .nickname = m->nickname,
	    .private_messages = m->private_messages && !plain,
	};
	for (size_t i = 0; i < m->n_fingerprints; i++) {
		c->peer.fingerprint[i] = m->fingerprint[i];
		part[n_parts++] = &c->peer.fingerprint[i];
		n += m->fingerprint[i].n;
	}
	lists = mem_new(n + 1);
	for (size_t i = 0; i < n_parts; i++) {
		if (part[i]->n)
			memcpy(lists + at, part[i]->p, part[i]->n);
		part[i]->p = lists + at;
		at += part[i]->n;
	}
	free(c->lists);
	c->lists = lists;
	c->plain = plain;
	c->takes_all = sdp_takes(&c->peer, STR("x-any/x-any"));
	c->takes_plain = sdp_takes(&c->peer, STR("text/plain"));
}

static void keep_peer(struct call *c, const struct sdp_media *m)
{
	bool secure;

	call_keep_peer(c, m, !sdp_media_is_msrp(m, &secure));
}

static void keep_origin(struct call *c, const struct sdp *theirs)
{
	free(c->peer_origin);
	c->peer_origin = str_dup(theirs->origin);
}

static void keep_answer(struct call *c, const struct sdp *offer, int chosen,
			const struct sdp_local *local)
{
	struct buf b = BUF_INIT(SDP_BYTES_MAX * 2);

	sdp_write_answer(&b, offer, chosen, local);
	free(c->answer);
	c->answer = str_dup(buf_str(&b));
	buf_done(&b);
	keep_origin(c, offer);
}

const struct domain_config *call_domain(const struct call *c)
{
	return back_domain(c->f->cfg.door, c->room);
}

/* A domain may want TLS for all sessions (SDP-23). */
static bool takes_tcp(const struct call *c)
{
	const struct domain_config *dom = call_domain(c);

	return msrp_port(c->f->cfg.msrp, false) != 0 &&
	       !(dom && dom->force_tls);
}

/* The line of a description that can be a session here, or -1. */
static int choose(const struct call *c, const struct sdp *sdp)
{
	const struct domain_config *dom = call_domain(c);

	return sdp_choose(sdp, takes_tcp(c),
			  msrp_port(c->f->cfg.msrp, true) != 0,
			  dom && dom->plain_clients);
}

/* What is taken inside message/cpim: of rooms elsewhere, which get stanzas,
 * what those can hold (BODY-12), unless the domain says otherwise. */
static struct str wrapped_types(const struct call *c)
{
	const struct domain_config *dom = call_domain(c);
	struct str types = dom ? str_z(dom->types) : STR("*");

	if (call_is_bridged(c) && str_eq(types, STR("*")))
		return STR(MAP_WRAPPED_TYPES);
	return types;
}

/* BODY-27 */
static size_t max_size(const struct call *c)
{
	const struct config *config = c->f->cfg.config;
	size_t own = config->msrp.max_message;
	size_t stanza = config->xmpp.max_stanza - MAP_STANZA_OVERHEAD;

	return call_is_bridged(c) && stanza < own ? stanza : own;
}

/* Our side, with the address that our MSRP URI names (SDP-3). */
static struct sdp_local our_side(struct call *c, struct str uri)
{
	const struct room_policy *policy =
	    back_local_settings(c->f->cfg.back, c->room);
	struct sdp_local local = media_local(c->f->cfg.msrp, uri);

	local.session_id = c->sdp_id;
	local.version = c->sdp_version;
	local.accept_wrapped = wrapped_types(c);
	local.max_size = max_size(c);
	local.plain_text = c->plain;
	local.nickname = !policy || policy->nicknames;
	local.private_messages =
	    (!policy || policy->private_messages) && !c->plain;
	return local;
}

static bool same_fingerprints(const struct sdp_media *a,
			      const struct sdp_media *b)
{
	if (a->n_fingerprints != b->n_fingerprints)
		return false;
	for (size_t i = 0; i < a->n_fingerprints; i++)
		if (!str_ieq(a->fingerprint[i], b->fingerprint[i]))
			return false;
	return true;
}

/* What may not differ for the session to stay (SDP-18). */
static bool same_session(const struct call *c, const struct sdp_media *m)
{
	return c->session && !c->lost && !c->pathless &&
	       str_eq(c->peer.path, m->path) && same_fingerprints(&c->peer, m);
}

static int new_session(struct call *c, const struct sdp_media *m, bool secure,
		       struct msrp_session **out)
{
	struct msrp_session_cfg cfg = {
	    .secure = secure,
	    .peer_max_size = m->max_size,
	    .peer_sends = media_sends(m),
	    .ops = &call_msrp_ops,
	    .user = c,
	};
	int err = media_session_new(c->f->cfg.msrp, &cfg, m, out);

	if (err == ERR_FULL)
		return 503; /* out of descriptors (ABN-15) */
	return err == 0 ? 200 : 488;
}

/* A re-offer that refuses the media line closes the session, not the dialog
 * (SDP-20). */
static bool refuses_media(const struct sdp *offer)
{
	for (size_t i = 0; i < offer->n_media; i++)
		if (offer->media[i].port)
			return false;
	return true;
}

static void close_session(struct call *c)
{
	receipts_lost(c);
	call_connect_cancel(c);
	if (c->session)
		msrp_session_free(c->session);
	c->session = NULL;
	c->pathless = false;
	c->bound = false;
	c->lost = false;
}

void call_tell_seat(struct call *c)
{
	struct seat_cmd cmd = {
	    .type = SEAT_DEVICE,
	    .private_messages = c->peer.private_messages,
	    .muted = !media_sends(&c->peer),
	    .held = !call_receives(c),
	};

	if (seat_in_room(&c->seat))
		seat_command(&c->seat, &cmd);
}

/* Takes media line `chosen`: keeps or replaces the session. 200, or the status
 * owed. */
static int take_media(struct call *c, const struct sdp *offer, int chosen)
{
	const struct sdp_media *m = &offer->media[chosen];
	enum sdp_setup setup = sdp_answer_setup(m->setup);
	struct msrp_session *session = c->session;
	int status;
	bool secure;

	sdp_media_is_msrp(m, &secure);
	if (same_session(c, m)) {
		msrp_session_update(session, m->max_size, media_sends(m));
	} else {
		if (setup == SDP_SETUP_ACTIVE && reach_check(m) < 0)
			return 488;
		status = new_session(c, m, secure, &session);
		if (status != 200)
			return status;
		close_session(c);
		c->session = session;
		c->connect_out = setup == SDP_SETUP_ACTIVE;
	}
	keep_peer(c, m);
	struct sdp_local local = our_side(c, msrp_session_uri(session));
	local.proto = m->proto;
	local.setup = setup;
	local.cema = sdp_answer_cema(m);
	local.direction = sdp_answer_direction(m->direction);
	(void)transfers_offer(c, offer);
	transfers_describe(c, &local);
	keep_answer(c, offer, chosen, &local);
	call_tell_seat(c);
	return 200;
}

/* An offer of files and nothing else: 200, or the status owed. */
static int take_files(struct call *c, const struct sdp *offer)
{
	int status = transfers_offer(c, offer);
	struct sdp_local local = {.session_id = c->sdp_id,
				  .version = ++c->sdp_version};
	struct msrp_uri u = {0};

	if (status != 200)
		return status;
	if (!transfers_count(c))
		return 488;
	c->courier = true;
	transfers_describe(c, &local);
	if (local.n_files)
		msrp_uri_parse(local.files[0].path, &u);
	local.host = u.host.n ? media_host(&u) : STR("0.0.0.0");
	keep_answer(c, offer, -1, &local);
	return 200;
}

int call_offer(struct call *c, struct str offer)
{
	struct sdp *sdp = mem_new(sizeof(*sdp));
	bool again = c->answer != NULL;
	int chosen, status = 488;

	c->offered = false;
	if (sdp_parse(offer, sdp) < 0) {
		free(sdp);
		return again || offer.n == 0 ? 488 : 400;
	}
	chosen = choose(c, sdp);
	if (again && str_eq(sdp->origin, str_z(c->peer_origin)) &&
	    (!c->session ||
	     (chosen >= 0 && same_session(c, &sdp->media[chosen])))) {
		status = 200; /* nothing new: the same answer (SDP-17) */
	} else if (again && chosen < 0 && refuses_media(sdp)) {
		struct sdp_local local = {.session_id = c->sdp_id,
					  .version = ++c->sdp_version,
					  .host = STR("0.0.0.0")};

		close_session(c);
		(void)transfers_offer(c, sdp);
		c->peer.direction = SDP_INACTIVE;
		keep_answer(c, sdp, -1, &local);
		call_tell_seat(c);
		status = 200;
	} else if (chosen >= 0) {
		c->sdp_version++;
		status = take_media(c, sdp, chosen);
	} else if (!again || c->courier) {
		status = take_files(c, sdp);
	}
	free(sdp);
	return status;
}

/* --- our offer, their answer (SDP-21) --- */

/* The m-line of our last description that holds the chat, or held it. */
static int own_line(const struct sdp *last)
{
	int found = -1;

	for (size_t i = 0; i < last->n_media; i++) {
		if (!str_ieq(last->media[i].type, STR("message")) ||
		    last->media[i].file_selector.n)
			continue;
		if (last->media[i].port)
			return (int)i;
		if (found < 0)
			found = (int)i;
	}
	return found < 0 ? 0 : found;
}

/* A session that stays keeps its role; else the peer may choose. */
static void write_offer(struct call *c, struct buf *b, const struct sdp *last,
			int line, enum sdp_setup setup)
{
	struct sdp_local local = our_side(c, msrp_session_uri(c->session));

	local.setup = setup;
	transfers_describe(c, &local);
	if (last) {
		local.proto = last->media[line].proto;
		sdp_write_reoffer(b, last, line, &local);
	} else {
		sdp_write_offer(b, &local);
	}
}

/* Keeps o= if nothing else has changed (SDP-17). */
static void make_offer(struct call *c, const struct sdp *last, int line,
		       enum sdp_setup setup)
{
	struct buf b = BUF_INIT(SDP_BYTES_MAX * 2);

	write_offer(c, &b, last, line, setup);
	if (!c->answer || !str_eq(buf_str(&b), str_z(c->answer))) {
		c->sdp_version++;
		buf_clear(&b);
		write_offer(c, &b, last, line, setup);
	}
	free(c->answer);
	c->answer = str_dup(buf_str(&b));
	buf_done(&b);
}

/* The kind of session that we offer: the last line's, else TLS only where there
 * is nothing else. */
static bool offers_secure(const struct call *c, const struct sdp *last,
			  int line)
{
	if (last)
		return !str_ieq(last->media[line].proto, STR("TCP/MSRP"));
	return !takes_tcp(c);
}

int call_own_offer(struct call *c)
{
	struct sdp *last = c->answer ? mem_new(sizeof(*last)) : NULL;
	enum sdp_setup setup = SDP_SETUP_ACTPASS;
	int line = 0, status = 200;

	if (last) {
		sdp_parse(str_z(c->answer), last);
		line = own_line(last);
	}
	if (c->session && !c->lost) {
		setup = last->media[line].setup;
	} else {
		struct sdp_media nobody = {.direction = SDP_SENDRECV};
		struct msrp_session *session;

		status = new_session(c, &nobody, offers_secure(c, last, line),
				     &session);
		if (status == 200) {
			close_session(c);
			c->session = session;
			c->pathless = true;
		}
	}
	if (status == 200) {
		make_offer(c, last, line, setup);
		c->offered = true;
	}
	free(last);
	return status;
}

static bool take_answer(struct call *c, const struct sdp_media *m, bool secure)
{
	bool connect = !c->bound && m->setup != SDP_SETUP_ACTIVE;
	struct msrp_uri own;

	if (msrp_uri_parse(msrp_session_uri(c->session), &own) < 0 ||
	    own.secure != secure)
		return false;
	if (connect && reach_check(m) < 0)
		return false;
	if (c->pathless ? media_session_set_peer(c->session, m) != 0
			: !same_session(c, m))
		return false;
	c->pathless = false;
	msrp_session_update(c->session, m->max_size, media_sends(m));
	c->connect_out = connect;
	keep_peer(c, m);
	call_tell_seat(c);
	return true;
}

bool call_answer(struct call *c, struct str answer)
{
	struct sdp *theirs = mem_new(sizeof(*theirs));
	struct sdp *ours = mem_new(sizeof(*ours));
	bool ok = false, secure;
	int line;

	c->offered = false;
	if (c->session && sdp_parse(answer, theirs) == 0 &&
	    sdp_parse(str_z(c->answer), ours) == 0) {
		line = own_line(ours);
		if (choose(c, theirs) == line) {
			sdp_media_is_msrp(&theirs->media[line], &secure);
			ok = take_answer(c, &theirs->media[line], secure);
		}
	}
	if (ok)
		keep_origin(c, theirs);
	free(ours);
	free(theirs);
	return ok;
}
