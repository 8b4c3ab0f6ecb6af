/* A room of a SIP conference elsewhere. */
#include "bed_sip_focus.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/back_sip.h"

static void sip_settle(struct bed *b)
{
	struct focus *f = focus_of(b);

	while (focus_take_sip(f) || focus_take_msrp(f))
		;
	for (int i = 0; i < LEGS; i++)
		if (!f->calls[i].in)
			focus_call_done(&f->calls[i]);
}

static struct person *add(struct focus *f, const char *nick)
{
	struct person *p = f->people;

	while (*p->nick)
		p++;
	assert_true(p < f->people + PEOPLE);
	*p = (struct person){0};
	snprintf(p->nick, sizeof(p->nick), "%s", nick);
	snprintf(p->uri, sizeof(p->uri), "sip:%s@sip.test", nick);
	return p;
}

static void sip_up(struct bed *b)
{
	struct focus *f = calloc(1, sizeof(*f));

	f->b = b;
	buf_init(&f->subject, 1u << 20);
	buf_init(&f->heard, 1u << 24);
	buf_init(&f->history, 1u << 20);
	buf_addz(&f->subject, "tea");
	b->room = f;
	add(f, "Ann");
	add(f, "Ben");
}

static void sip_down(struct bed *b)
{
	struct focus *f = b->room;

	for (int i = 0; i < LEGS; i++)
		focus_call_done(&f->calls[i]);
	buf_done(&f->subject);
	buf_done(&f->heard);
	buf_done(&f->history);
	free(f);
}

static enum reason_code sip_refuse(struct bed *b, enum reason_code why)
{
	static const struct {
		enum reason_code why;
		int status;
	} refusals[] = {
	    {REASON_NO_ROOM, 404},	{REASON_FORBIDDEN, 403},
	    {REASON_PASSWORD, 401},	{REASON_MEMBERS_ONLY, 407},
	    {REASON_NOT_ACCEPTED, 488}, {REASON_UNAVAILABLE, 480},
	    {REASON_FAULT, 500},	{REASON_TIMEOUT, 504},
	    {REASON_MOVED, 302},	{REASON_DECLINED, 603},
	    {REASON_ROOM_GONE, 410},
	};
	struct focus *f = focus_of(b);

	f->refusal = 0;
	f->refuses_name = why == REASON_NICK_TAKEN;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].why == why)
			f->refusal = refusals[i].status;
	return f->refusal || f->refuses_name ? why : REASON_OK;
}

static void sip_enter(struct bed *b, const char *nick)
{
	struct focus *f = focus_of(b);

	focus_present(f, add(f, nick));
}

static void sip_go(struct bed *b, const char *nick, const char *why)
{
	focus_absent(focus_of(b), focus_person(focus_of(b), nick), "departed",
		     why);
}

static void to_all(struct bed *b, const char *nick, const char *to,
		   const char *text)
{
	struct focus *f = focus_of(b);

	for (int i = 0; i < LEGS; i++) {
		struct call *c = &f->calls[i];

		if (c->in)
			focus_send_cpim(c, focus_person(f, nick)->uri,
					to ? to : c->from, "", text);
	}
}

static void sip_say(struct bed *b, const char *nick, const char *text)
{
	to_all(b, nick, ROOM, text);
}

static void sip_whisper(struct bed *b, const char *nick, const char *text)
{
	to_all(b, nick, NULL, text);
}

static void sip_rename(struct bed *b, const char *nick, const char *to)
{
	struct person *p = focus_person(focus_of(b), nick);

	snprintf(p->nick, sizeof(p->nick), "%s", to);
	focus_present(focus_of(b), p);
}

static void sip_show(struct bed *b, const char *nick, const char *show,
		     const char *status)
{
	struct person *p = focus_person(focus_of(b), nick);

	snprintf(p->show, sizeof(p->show), "%s", show);
	snprintf(p->status, sizeof(p->status), "%s", status);
	focus_present(focus_of(b), p);
}

static void sip_subject(struct bed *b, const char *text)
{
	struct focus *f = focus_of(b);

	buf_clear(&f->subject);
	buf_addz(&f->subject, text);
	focus_notify_all(f, focus_description(f));
}

static void sip_kick(struct bed *b, const char *nick, const char *why)
{
	struct focus *f = focus_of(b);
	struct call *c = focus_by_nick(f, nick);

	if (c)
		focus_hang_up(f, c, 403, why);
	else
		focus_absent(f, focus_person(f, nick), "booted", why);
}

static void sip_close(struct bed *b, const char *why)
{
	struct focus *f = focus_of(b);

	for (int i = 0; i < LEGS; i++)
		if (f->calls[i].in)
			focus_hang_up(f, &f->calls[i], 410, why);
}

static void sip_shut_down(struct bed *b)
{
	back_sip_shutdown(b->s->core.back_sip);
}

/* ADM-19 */
static bool sip_promote(struct bed *b)
{
	(void)b;
	return false;
}

static void sip_history(struct bed *b, const char *text)
{
	buf_addz(&focus_of(b)->history, text);
}

static void sip_mute(struct bed *b)
{
	focus_of(b)->mutes = true;
}

static void sip_hush(struct bed *b)
{
	(void)b;
}

static size_t sip_heard(struct bed *b, const char *to, const char *text)
{
	return lines_heard(buf_str(&focus_of(b)->heard), to, text);
}

static bool sip_sees(struct bed *b, const char *nick)
{
	return focus_person(focus_of(b), nick) ||
	       focus_by_nick(focus_of(b), nick);
}

static void discovered_up(struct bed *b)
{
	dns_server_srv(b->s->dns, "_sip._tcp.conf.test", 1, 1, 5060,
		       "x.conf.test");
	sip_up(b);
}

#define LISTENS	 "sip { listen = {\"tcp:127.0.0.1:5060\"} }\n"
#define OURS_TOO "domain \"chat.test\" { rooms = local secret = \"x\" }\n"

/* RFC 4575 has no place for who set the subject; who may not speak hears it
 * from the switch, by 403. */
#define SIP                                                                    \
	.room = "r@conf.test", .world = WORLD_XMPP, .subject_by = "",          \
	.promised = {REASON_FORBIDDEN, REASON_NOT_ALLOWED, REASON_NOT_ALLOWED, \
		     REASON_FORBIDDEN},                                        \
	.history = sip_history, .mute = sip_mute, .down = sip_down,            \
	.settle = sip_settle, .refuse = sip_refuse, .enter = sip_enter,        \
	.go = sip_go, .say = sip_say, .whisper = sip_whisper,                  \
	.rename = sip_rename, .show = sip_show, .subject = sip_subject,        \
	.kick = sip_kick, .close = sip_close, .shut_down = sip_shut_down,      \
	.promote = sip_promote, .hush = sip_hush, .heard = sip_heard,          \
	.sees = sip_sees

static const struct bed_kind sip = {
    .name = "remote SIP conference",
    .config = LISTENS OURS_TOO
    "domain \"conf.test\" { rooms = sip "
    "route = \"sip:10.0.0.9:5060;transport=tcp\" secret = \"x\" }\n",
    .up = sip_up,
    SIP};
/* The same, where nobody knows before that it is one (DNS-3). */
static const struct bed_kind found = {
    .name = "remote SIP conference, found by DNS",
    .config = LISTENS OURS_TOO
    "domain \"conf.test\" { rooms = discover secret = \"x\" }\n",
    .up = discovered_up,
    SIP};

const struct bed_kind *const bed_kinds[] = {&sip, &found};
const size_t n_bed_kinds = 2;
