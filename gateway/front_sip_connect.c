/* Connecting where the peer waits for us. */
#include "gateway/front_sip_call.h"
#include "gateway/reach.h"

void call_connect_cancel(struct call *c)
{
	reach_cancel(c->connecting);
	c->connecting = NULL;
}

static void unresolved(struct call *c, enum dns_status status)
{
	struct buf why = BUF_INIT(128);

	buf_addf(&why, "host of the MSRP session: %s", dns_status_text(status));
	log_info(c->f->log, "sip.unresolved", "dlg=%llx path=%s why=\"%s\"",
		 (unsigned long long)c->dialog->id, LOGQ(c->peer.path),
		 dns_status_text(status));
	call_bye(c, REASON_LOST, buf_str(&why));
	buf_done(&why);
}

static void on_reach(void *user, enum reach_result result,
		     enum dns_status status, const struct addr *addr, size_t n)
{
	struct call *c = user;

	c->connecting = NULL;
	switch (result) {
	case REACH_FOUND:
		msrp_session_connect_to(c->session, addr, n);
		break;
	case REACH_NO_ADDRESS:
		unresolved(c, status);
		break;
	case REACH_OTHER_HOST:
		call_bye(c, REASON_UNSUPPORTED,
			 STR("c= does not name the host of the MSRP path"));
		break;
	}
}

void call_connect(struct call *c)
{
	call_connect_cancel(c);
	c->connecting = reach(c->f->cfg.dns, &c->peer, on_reach, c);
}
