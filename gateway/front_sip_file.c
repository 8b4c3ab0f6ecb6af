/* Pictures and files among a SIP user's messages: SIP users get them as they
 * are, XMPP users by a link (CHAT-20). */
#include <stdlib.h>

#include "gateway/front_sip_file.h"
#include "gateway/front_sip_turn.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "mapping/message.h"
#include "msrp/cpim.h"

#define ENTITY_MAX 65536

/* There may be XMPP users whom he may tell. */
static bool has_readers(struct call *c, const struct message *m)
{
	const struct domain_config *dom = call_domain(c);
	const struct occupant *to, *by = seat_by_user(&c->seat, c->user);

	if (!c->f->cfg.files || !dom || !*dom->secret || !by)
		return false;
	if (!m->private)
		return by->role >= ROLE_PARTICIPANT;
	to = seat_by_id(&c->seat, m->to);
	return to && to->world == WORLD_XMPP;
}

bool file_is_wanted(struct call *c, const struct message *m, struct str type)
{
	type = mime_type(type);
	return has_readers(c, m) && !m->transient && !m->control &&
	       !str_ieq(type, STR(MAP_TYPE_LINK)) &&
	       !str_ieq(type, STR(MAP_TYPE_COMPOSING)) &&
	       !str_ieq(type, STR("message/imdn+xml"));
}

struct file_head file_about(const struct call *c, const struct cpim *cpim,
			    struct buf *b)
{
	struct str name =
	    mime_param(cpim->content_disposition, STR("filename"));
	struct str type = mime_type(cpim->content_type);

	if (!name.n)
		name = mime_param(cpim->content_type, STR("name"));
	file_name_clean(b, name, type);
	return (struct file_head){
	    .room = c->room,
	    .user = c->user,
	    .type = type,
	    .name = buf_str(b),
	};
}

/* What SIP users who come later read of it. */
static struct blob *entity_of(struct call *c, struct arena *a, struct str head,
			      const struct part *link)
{
	struct buf b = BUF_INIT(ENTITY_MAX), text = BUF_INIT(ENTITY_MAX);
	char time[RFC3339_MAX];
	struct blob *out = NULL;
	struct cpim from;

	map_add_file(&text, link);
	buf_addz(&text, ": ");
	buf_add(&text, link->body);
	if (cpim_parse_head(head, a, &from) > 0) {
		struct cpim_out entity = {
		    .from = from.from,
		    .to = from.to,
		    .datetime =
			str_z(rfc3339_millis(loop_wall_ms(c->f->loop), time)),
		    .content_type = STR("text/plain;charset=utf-8"),
		    .body = buf_str(&text),
		};

		cpim_write(&b, &entity);
		if (!b.err)
			out = blob_new(buf_str(&b));
	}
	buf_done(&text);
	buf_done(&b);
	return out;
}

struct message *file_message(struct call *c, struct str head, struct str url,
			     struct str name, uint64_t size)
{
	struct message *m = message_new(ENTITY_MAX * 2);

	if (map_put_link(m, url, name, size)) {
		m->form[WORLD_SIP] = entity_of(c, m->arena, head, &m->parts[0]);
		m->form_type[WORLD_SIP] = STR("text/plain");
	}
	if (m->form[WORLD_SIP])
		return m;
	message_unref(m);
	return NULL;
}

void file_unless_said(struct call *c, const struct message *m, struct str url)
{
	/* of a room elsewhere it is not known yet */
	if (url.n && !m->author && !call_is_bridged(c))
		files_forget(c->f->cfg.files, url);
}

/* --- messages that come whole --- */

static void no_hold(void *user, bool hold)
{
	(void)user;
	(void)hold;
}

static void on_kept(void *user, int err, struct str url)
{
	struct turn *t = user;

	t->filing = NULL;
	if (err == 0)
		t->linked =
		    map_put_link(t->msg, url, buf_str(&t->name), t->size);
	turns_go_on(t->call);
}

bool file_is_due(struct call *c, const struct message *m)
{
	return m->n_parts == 1 && m->parts[0].body.n &&
	       !str_istarts(m->parts[0].type, STR("text/plain")) &&
	       file_is_wanted(c, m, m->parts[0].type);
}

void file_keep(struct turn *t)
{
	struct arena *a = arena_new(ENTITY_MAX);
	struct str body = t->msg->parts[0].body;
	struct stream *stream = stream_new(&(struct stream_source){
	    .loop = t->call->f->loop, .window = body.n * 2, .hold = no_hold});
	struct cpim cpim;

	t->size = body.n;
	if (cpim_parse_head(blob_str(t->msg->form[WORLD_SIP]), a, &cpim) > 0)
		t->filing = filing_new(&(struct filing_cfg){
		    .files = t->call->f->cfg.files,
		    .about = file_about(t->call, &cpim, &t->name),
		    .stream = stream,
		    .has_size = true,
		    .size = body.n,
		    .done = on_kept,
		    .user = t,
		});
	arena_free(a);
	if (t->filing) {
		stream_put(stream, body);
		stream_finish(stream);
	}
	stream_unref(stream);
}
