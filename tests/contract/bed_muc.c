/* A room of a MUC service elsewhere. */
#include "bed_muc_service.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/back_muc.h"

/* Stanza by stanza: what we say to one may cross the next. */
static void muc_settle(struct bed *b)
{
	struct muc *m = muc_of(b);
	bool more = true;

	while (more) {
		more = xmpp_each(b->s, service_see, m);
		for (size_t i = 0; i < m->n_out; i++) {
			service_deliver(m, &m->out[i]);
			buf_done(&m->out[i]);
			more = true;
		}
		m->n_out = 0;
		if (!more) { /* private messages wait for errors */
			scene_run(b->s, 1100);
			more = xmpp_each(b->s, service_see, m) || m->n_out;
		}
	}
}

static void muc_up(struct bed *b)
{
	struct muc *m = calloc(1, sizeof(*m));

	m->b = b;
	buf_init(&m->subject, 1u << 24);
	buf_init(&m->heard, 1u << 24);
	buf_init(&m->history, 1u << 24);
	buf_addz(&m->subject, "tea");
	service_session_new(m, STR("Ann"), STR_NONE, "moderator");
	service_session_new(m, STR("Ben"), STR_NONE, "participant");
	b->room = m;
}

static void muc_down(struct bed *b)
{
	struct muc *m = b->room;

	for (size_t i = 0; i < m->n_out; i++)
		buf_done(&m->out[i]);
	buf_done(&m->subject);
	buf_done(&m->heard);
	buf_done(&m->history);
	free(m);
}

static enum reason_code muc_refuse(struct bed *b, enum reason_code why)
{
	struct muc *m = muc_of(b);

	m->refusal = service_can_refuse(why) ? why : REASON_OK;
	return m->refusal;
}

static struct session *person(struct bed *b, const char *nick)
{
	struct session *s = service_by_nick(muc_of(b), str_z(nick));

	assert_non_null(s);
	return s;
}

static void muc_enter(struct bed *b, const char *nick)
{
	struct muc *m = muc_of(b);

	service_present(
	    m, service_session_new(m, str_z(nick), STR_NONE, "participant"),
	    "");
}

static void muc_go(struct bed *b, const char *nick, const char *why)
{
	struct muc *m = muc_of(b);
	const char *status =
	    *why ? arena_printf(b->s->arena, "<status>%s</status>",
				escaped(m->b, str_z(why)))
		       .p
		 : "";

	service_remove_one(m, person(b, nick), status, NO_ITEM);
}

static void muc_say(struct bed *b, const char *nick, const char *text)
{
	struct muc *m = muc_of(b);

	service_to_all(m, nick, "",
		       arena_printf(b->s->arena, "<body>%s</body>",
				    escaped(m->b, str_z(text)))
			   .p);
}

static void muc_whisper(struct bed *b, const char *nick, const char *text)
{
	struct muc *m = muc_of(b);

	TO_OURS(m, to)
	service_put(m,
		    "<message from='" ROOM
		    "/%s' to='%s' type='chat'><body>%s</body>"
		    "<x xmlns='" NS_MUC_USER "'/></message>",
		    nick, to->jid, escaped(m->b, str_z(text)));
}

static void muc_rename(struct bed *b, const char *nick, const char *to)
{
	service_new_nick(muc_of(b), person(b, nick), to);
}

static void muc_show(struct bed *b, const char *nick, const char *show,
		     const char *status)
{
	struct session *s = person(b, nick);

	snprintf(s->show, sizeof(s->show), "%s", show);
	snprintf(s->status, sizeof(s->status), "%s", status);
	service_present(muc_of(b), s, "");
}

static void muc_subject(struct bed *b, const char *text)
{
	struct muc *m = muc_of(b);

	buf_clear(&m->subject);
	buf_addz(&m->subject, text);
	service_to_all(m, "Ann", "",
		       arena_printf(b->s->arena, "<subject>%s</subject>",
				    escaped(m->b, str_z(text)))
			   .p);
}

static void muc_kick(struct bed *b, const char *nick, const char *why)
{
	struct muc *m = muc_of(b);
	const char *inner =
	    arena_printf(b->s->arena,
			 "<item affiliation='none' role='none'>"
			 "<actor nick='Ann'/><reason>%s</reason></item>"
			 "<status code='307'/>",
			 escaped(m->b, str_z(why)))
		.p;
	struct session *s;

	while ((s = service_by_nick(m, str_z(nick))))
		service_remove_one(m, s, "", inner);
}

static void muc_close(struct bed *b, const char *why)
{
	struct muc *m = muc_of(b);

	TO_OURS(m, to)
	service_absent_to(m, to, to, "",
			  arena_printf(b->s->arena,
				       NO_ITEM
				       "<destroy><reason>%s</reason></destroy>",
				       escaped(m->b, str_z(why)))
			      .p);
	memset(m->at, 0, sizeof(m->at));
}

static void muc_shut_down(struct bed *b)
{
	back_muc_shutdown(b->s->core.back_muc);
}

static bool muc_promote(struct bed *b)
{
	struct muc *m = muc_of(b);

	TO_OURS(m, s)
	{
		snprintf(s->role, sizeof(s->role), "moderator");
		service_present(m, s, "");
	}
	return true;
}

static void muc_history(struct bed *b, const char *text)
{
	buf_addz(&muc_of(b)->history, text);
}

static void muc_mute(struct bed *b)
{
	struct muc *m = muc_of(b);

	TO_OURS(m, s)
	{
		snprintf(s->role, sizeof(s->role), "visitor");
		service_present(m, s, "");
	}
}

static void muc_hush(struct bed *b)
{
	muc_of(b)->hushed = true;
}

static size_t muc_heard(struct bed *b, const char *to, const char *text)
{
	return lines_heard(buf_str(&muc_of(b)->heard), to, text);
}

static bool muc_sees(struct bed *b, const char *nick)
{
	return service_by_nick(muc_of(b), str_z(nick));
}

static void discovered_up(struct bed *b)
{
	dns_server_srv(b->s->dns, "_xmpp-server._tcp.muc.test", 1, 1, 5269,
		       "x.muc.test");
	muc_up(b);
}

#define MUC                                                                    \
	.room = ROOM, .world = WORLD_SIP, .subject_by = "Ann",                 \
	.promised = {REASON_OK, REASON_FORBIDDEN, REASON_FORBIDDEN,            \
		     REASON_NO_VOICE},                                         \
	.history = muc_history, .mute = muc_mute, .tells_actor = true,         \
	.down = muc_down, .settle = muc_settle, .refuse = muc_refuse,          \
	.enter = muc_enter, .go = muc_go, .say = muc_say,                      \
	.whisper = muc_whisper, .rename = muc_rename, .show = muc_show,        \
	.subject = muc_subject, .kick = muc_kick, .close = muc_close,          \
	.shut_down = muc_shut_down, .promote = muc_promote, .hush = muc_hush,  \
	.heard = muc_heard, .sees = muc_sees

static const struct bed_kind muc = {
    .name = "remote MUC",
    .config = "domain \"sip.test\" { users = sip secret = \"x\" }\n"
	      "domain \"muc.test\" { rooms = xmpp create = none }\n",
    .up = muc_up,
    MUC};
/* The same, where nobody knows before that it is one (DNS-2). */
static const struct bed_kind found = {
    .name = "remote MUC, found by DNS",
    .config = "domain \"sip.test\" { users = sip secret = \"x\" }\n"
	      "domain \"muc.test\" { rooms = discover create = none }\n",
    .up = discovered_up,
    MUC};

const struct bed_kind *const bed_kinds[] = {&muc, &found};
const size_t n_bed_kinds = 2;
