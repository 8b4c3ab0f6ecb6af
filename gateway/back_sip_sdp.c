/* Offer and answer of a call to a focus, and the MSRP session behind them
 * (RFC 7702 §5.1, RFC 4975 §8, RFC 7701 §8). */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "gateway/back_sip_priv.h"
#include "gateway/media.h"
#include "mapping/message.h"

static bool takes_tcp(const struct bs_leg *l)
{
	const struct domain_config *dom = bs_domain(l);

	return msrp_port(l->b->cfg.msrp, false) != 0 &&
	       !(dom && dom->force_tls);
}

size_t bs_max_size(const struct bs_leg *l)
{
	const struct config *c = l->b->cfg.config;
	size_t stanza = c->xmpp.max_stanza - MAP_STANZA_OVERHEAD;

	return stanza < c->msrp.max_message ? stanza : c->msrp.max_message;
}

/* Our side, with the address that our MSRP URI names. */
static struct sdp_local our_side(struct bs_leg *l)
{
	struct sdp_local local =
	    media_local(l->b->cfg.msrp, msrp_session_uri(l->session));

	local.session_id = l->sdp_id;
	local.version = ++l->sdp_version;
	local.accept_wrapped = STR(MAP_WRAPPED_TYPES);
	local.max_size = bs_max_size(l);
	local.nickname = local.private_messages = true;
	return local;
}

/* m NULL: its peer is not known yet. */
static int new_session(struct bs_leg *l, const struct sdp_media *m, bool secure,
		       struct msrp_session **out)
{
	struct msrp_session_cfg cfg = {
	    .secure = secure,
	    .peer_max_size = m ? m->max_size : 0,
	    .peer_sends = !m || media_sends(m),
	    .peer_is_switch = true,
	    .ops = &bs_msrp_ops,
	    .user = l,
	};

	return media_session_new(l->b->cfg.msrp, &cfg, m, out);
}

static void exchange_session(struct bs_leg *l, struct msrp_session *take_fresh)
{
	reach_cancel(l->reach);
	l->reach = NULL;
	if (l->session)
		msrp_session_free(l->session);
	l->session = take_fresh;
	bs_notes_clear(&l->awaited);
	bs_notes_clear(&l->owed);
	l->bound = false;
}

void bs_session_drop(struct bs_leg *l)
{
	exchange_session(l, NULL);
}

static void keep_sdp(struct bs_leg *l, struct buf *b)
{
	free(l->sdp);
	l->sdp = str_dup(buf_str(b));
	buf_done(b);
}

enum reason_code bs_sdp_offer(struct bs_leg *l)
{
	struct buf b = BUF_INIT(SDP_BYTES_MAX);
	struct sdp_local local;
	struct msrp_session *fresh;
	int err = new_session(l, NULL, !takes_tcp(l), &fresh);

	if (err < 0)
		return err == ERR_FULL ? REASON_OVERLOAD : REASON_UNSUPPORTED;
	exchange_session(l, fresh);
	if (!l->sdp_id)
		l->sdp_id = random_u64() >> 33;
	local = our_side(l);
	sdp_write_offer(&b, &local);
	keep_sdp(l, &b);
	return REASON_OK;
}

/* The chat of a description; m has slices of *text, a copy that the caller
 * frees. False: there is none for us. */
static bool find_chat(const struct bs_leg *l, struct str sdp, struct sdp *all,
		      int *chosen, struct sdp_media *m, char **text)
{
	bool secure;

	*text = str_dup(sdp);
	*chosen = -1;
	if (sdp_parse(str_of(*text, sdp.n), all) == 0)
		*chosen =
		    sdp_choose(all, takes_tcp(l),
			       msrp_port(l->b->cfg.msrp, true) != 0, false);
	if (*chosen < 0)
		return false;
	*m = all->media[*chosen];
	return sdp_media_is_msrp(m, &secure) && sdp_takes_cpim(m);
}

static void keep_peer(struct bs_leg *l, const struct sdp_media *m,
		      char *take_text)
{
	free(l->answer);
	l->answer = take_text;
	l->peer = *m;
}

static bool take_answer(struct bs_leg *l, const struct sdp_media *m)
{
	struct msrp_uri own = {0};
	bool secure;
	int err;

	sdp_media_is_msrp(m, &secure);
	msrp_uri_parse(msrp_session_uri(l->session), &own);
	if (own.secure != secure)
		return false;
	if (m->setup != SDP_SETUP_ACTIVE && reach_check(m) < 0)
		return false;
	err = media_session_set_peer(l->session, m);
	if (err == 0)
		msrp_session_update(l->session, m->max_size, media_sends(m));
	return err == 0;
}

bool bs_sdp_answer(struct bs_leg *l, struct str sdp)
{
	struct sdp *all = mem_new(sizeof(*all));
	struct sdp_media m = {0};
	char *text;
	int chosen;
	bool good =
	    find_chat(l, sdp, all, &chosen, &m, &text) && take_answer(l, &m);

	if (good)
		keep_peer(l, &m, text);
	else
		free(text);
	free(all);
	return good;
}

/* A focus that has started again has another path for the same call. */
static int change_session(struct bs_leg *l, const struct sdp_media *m)
{
	struct msrp_session *fresh;
	bool secure;
	int err;

	if (sdp_answer_setup(m->setup) == SDP_SETUP_ACTIVE &&
	    reach_check(m) < 0)
		return 488;
	sdp_media_is_msrp(m, &secure);
	err = new_session(l, m, secure, &fresh);
	if (err < 0)
		return err == ERR_FULL ? 503 : 488;
	exchange_session(l, fresh);
	return 200;
}

int bs_sdp_reoffer(struct bs_leg *l, struct str sdp, bool *fresh)
{
	struct buf b = BUF_INIT(SDP_BYTES_MAX * 2);
	struct sdp *all = mem_new(sizeof(*all));
	struct sdp_media m = {0};
	struct sdp_local local;
	int chosen, status = 488;
	char *text;

	if (l->session && find_chat(l, sdp, all, &chosen, &m, &text)) {
		if (str_eq(m.path, l->peer.path) && !l->away.on) {
			msrp_session_update(l->session, m.max_size,
					    media_sends(&m));
			status = 200;
		} else {
			status = change_session(l, &m);
			*fresh = status == 200;
		}
	}
	if (status == 200) {
		local = our_side(l);
		local.proto = m.proto;
		local.setup = sdp_answer_setup(m.setup);
		local.cema = sdp_answer_cema(&m);
		local.direction = sdp_answer_direction(m.direction);
		sdp_write_answer(&b, all, chosen, &local);
		keep_sdp(l, &b);
		keep_peer(l, &m, text);
		/* who is to connect, as seen from the answer to an offer of
		 * ours */
		l->peer.setup = local.setup == SDP_SETUP_ACTIVE
				    ? SDP_SETUP_PASSIVE
				    : SDP_SETUP_ACTIVE;
	} else if (l->session) {
		free(text);
	}
	free(all);
	return status;
}

/* --- connecting --- */

static void on_reach(void *user, enum reach_result result,
		     enum dns_status status, const struct addr *addr, size_t n)
{
	struct bs_leg *l = user;

	l->reach = NULL;
	switch (result) {
	case REACH_FOUND:
		msrp_session_connect_to(l->session, addr, n);
		break;
	case REACH_NO_ADDRESS:
		if (l->away.on)
			bs_away_failed(l, str_z(dns_status_text(status)));
		else
			bs_end_code(l, REASON_LOST, dns_status_text(status));
		break;
	case REACH_OTHER_HOST:
		bs_end_code(l, REASON_NOT_ACCEPTED,
			    "c= does not name the host of the MSRP path");
		break;
	}
}

void bs_connect(struct bs_leg *l)
{
	if (l->peer.setup != SDP_SETUP_ACTIVE)
		l->reach = reach(l->b->cfg.dns, &l->peer, on_reach, l);
}
