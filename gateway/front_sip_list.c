/* An INVITE with a list: whoever is on it is invited, too (RFC 5366). */
#include <stdlib.h>

#include "gateway/front_sip_dial.h"

#include "base/err.h"
#include "base/mem.h"
#include "gateway/sip_words.h"
#include "sip/lists.h"

struct invitees {
	struct arena *arena; /* of the strings */
	struct str subject;  /* of the INVITE */
	unsigned hops;
	struct uri_list list;
};

void invitees_free(struct invitees *i)
{
	if (!i)
		return;
	arena_free(i->arena);
	free(i);
}

int invitees_read(struct call *c, const struct port_msg *m)
{
	struct sip_body body;
	int status = sip_body(m, &body), err;

	if (status != 200 || !body.has_list)
		return status;
	if (!sip_max_forwards(m))
		return 483;
	c->invitees = mem_new(sizeof(*c->invitees));
	c->invitees->arena = arena_new(4 * LIST_BYTES_MAX);
	c->invitees->subject =
	    arena_dup(c->invitees->arena, m->f[PORT_F_SUBJECT]);
	c->invitees->hops = sip_max_forwards(m);
	err = list_parse(body.list, c->invitees->arena, &c->invitees->list);
	if (err < 0)
		return err == ERR_TOO_BIG ? 413 : 400;
	return 200;
}

void invitees_dial(struct call *c)
{
	struct invitees *i = c->invitees;
	struct buf history = BUF_INIT(PORT_BODY_MAX);
	const struct domain_config *dom = call_domain(c);
	struct dial_wish w = {.room = c->room, .dialled = c->dialled};

	if (!i)
		return;
	c->invitees = NULL;
	list_write_history(&history, &i->list);
	w.history = buf_str(&history);
	w.subject = i->subject;
	w.referred_by = arena_printf(i->arena, "<%.*s>", STR_ARG(c->uri));
	w.by = c->uri;
	w.hops = i->hops;
	for (size_t n = 0; n < i->list.n; n++) {
		if (invite_read(c->f, i->arena, i->list.entry[n].uri, &w) &&
		    invite_allowed(c, &w))
			invite_go(c, &w, dom && dom->invite_by_refer);
	}
	buf_done(&history);
	invitees_free(i);
}
