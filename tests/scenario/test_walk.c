/* SIP and XMPP users do 10,000 things at random in two rooms; after each of
 * them all are shown the same people with the same roles, the same subject and
 * the same messages in the same order.
 *
 * STOX_SEED=N repeats a walk. */
#include "walk.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/xmltext.h"

#define STEPS 10000

static const char *const names[WALK_USERS] = {"alice", "bob", "carol", "dave",
					      "ann",   "ben", "cat",   "dan"};
static const char *const jids[WALK_USERS] = {
    [4] = "ann@x.test/1", "ben@x.test/2", "cat@y.test/3", "dan@y.test/4"};
static const char *const nicks[] = {"Ann", "ann",	 "Ben J", "Cat & Co",
				    "Bob", "Zo\xc3\xab", "dave",  "Eve"};
static const char *const uris[WALK_ROOMS] = {"sip:r@chat.test",
					     "sip:tea@chat.test"};

const char *walk_name(int user)
{
	return names[user];
}

const char *walk_jid(int user)
{
	return jids[user];
}

unsigned walk_pick(struct walk *w, unsigned below)
{
	uint64_t z = w->dice += 0x9e3779b97f4a7c15ull; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (unsigned)((z ^ z >> 31) % below);
}

void walk_note(struct walk *w, const char *fmt, ...)
{
	char *line = w->trail[w->step % WALK_TRAIL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(w->trail[0]), fmt, ap);
	va_end(ap);
}

void walk_print(const struct walk *w)
{
	unsigned from = w->step < WALK_TRAIL ? 0 : w->step - WALK_TRAIL + 1;

	for (unsigned i = from; i <= w->step; i++)
		print_error("%5u %s\n", i, w->trail[i % WALK_TRAIL]);
	print_error("walk: STOX_SEED=%llu fails in step %u\n",
		    (unsigned long long)w->seed, w->step);
}

static struct walk_room *room_of(struct walk_seat *t)
{
	return &t->w->room[t->room];
}

#define note(t, fmt, ...)                                                      \
	walk_note((t)->w, "%s@%s: " fmt, names[(t)->user],                     \
		  uris[(t)->room] + 4, __VA_ARGS__)

static const char *pick_nick(struct walk *w)
{
	return nicks[walk_pick(w, sizeof(nicks) / sizeof(*nicks))];
}

const char *walk_escaped(struct walk *w, const char *text)
{
	struct buf b = BUF_INIT(1024);
	const char *z;

	xml_add_attr(&b, str_z(text));
	z = arena_dup(w->s->arena, buf_str(&b)).p;
	buf_done(&b);
	return z;
}

void walk_expect(struct walk_seat *t, bool done)
{
	walk_settle(t->w);
	if (t->refused == done)
		fail_msg("%s", done ? "refused" : "not refused");
}

/* --- coming and going --- */

static void put_presence(struct walk_seat *t, const char *nick,
			 const char *attr, const char *inside)
{
	xmpp_put(t->w->s, "<presence from='%s' to='%.*s/%s'%s>%s</presence>",
		 jids[t->user], STR_ARG(room_of(t)->address),
		 walk_escaped(t->w, nick), attr, inside);
}

static void xmpp_enter(struct walk_seat *t, bool admitted)
{
	const char *nick = pick_nick(t->w);
	bool done = admitted && model_nick_free(t, nick);

	note(t, "joins as %s%s", nick, done ? "" : ", in vain");
	t->view = (struct walk_view){.subject = "?"};
	if (done)
		model_join(t, nick);
	put_presence(t, nick, "", "<x xmlns='" NS_MUC "'/>");
	walk_expect(t, done);
}

static void begin_msrp(struct walk_seat *t)
{
	struct sip_user *u = &t->call;

	snprintf(t->path, sizeof(t->path), "%.*s", STR_ARG(u->path));
	u->path = str_z(t->path);
	sip_user_ack(u);
	sip_user_connect(u);
	msrp_request(u, "SEND", "Message-ID: bind\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(u), 200);
}

static void sip_enter(struct walk_seat *t, bool admitted)
{
	struct sip_user *u = &t->call;
	int status;

	note(t, "calls%s", admitted ? "" : ", in vain");
	sip_user_init(u, t->w->s, names[t->user], uris[t->room]);
	snprintf(u->own_path, sizeof(u->own_path), "msrp://10.0.0.5:9/%llu;tcp",
		 (unsigned long long)u->dlg);
	u->ids = (unsigned)u->dlg << 12; /* Message-IDs are never the same */
	status = sip_user_invite(u, sip_user_offer(u, WALK_SDP));
	assert_int_equal(status, admitted ? 200 : 403);
	if (!admitted) {
		sip_user_done(u);
		return;
	}
	model_join(t, NULL);
	t->inside = true;
	begin_msrp(t);
}

static void enter(struct walk_seat *t)
{
	bool admitted = room_of(t)->affiliation[t->user] != AFF_OUTCAST;

	if (walk_is_sip(t->user))
		sip_enter(t, admitted);
	else
		xmpp_enter(t, admitted);
}

static void leave(struct walk_seat *t)
{
	note(t, "%s", "leaves");
	model_leave(t);
	if (walk_is_sip(t->user)) {
		sip_user_bye(&t->call);
		t->inside = false;
		sip_user_done(&t->call);
	} else {
		put_presence(t, t->nick, " type='unavailable'", "");
	}
}

/* Without a word: his connection is lost, or his server has no session. */
static void vanish(struct walk_seat *t)
{
	note(t, "%s", "vanishes");
	if (walk_is_sip(t->user)) {
		bufferevent_flush(t->call.msrp, EV_WRITE, BEV_FINISHED);
		bufferevent_free(t->call.msrp);
		t->call.msrp = NULL;
		scene_run(t->w->s, 10000);
	} else {
		put_presence(t, t->nick, " type='error'",
			     "<error type='cancel'><recipient-unavailable "
			     "xmlns='" NS_STANZAS "'/></error>");
	}
	model_leave(t);
}

/* --- nicknames, messages, subjects --- */

static void rename_xmpp(struct walk_seat *t)
{
	const char *nick = pick_nick(t->w);
	bool done = model_nick_free(t, nick);

	note(t, "wants to be %s%s", nick, done ? "" : ", in vain");
	if (done)
		model_rename(t, nick);
	put_presence(t, nick, "", "");
	walk_expect(t, done);
}

static void rename_sip(struct walk_seat *t)
{
	bool back = walk_pick(t->w, 4) == 0;
	const char *nick = back ? "" : pick_nick(t->w);
	bool done = back || model_nick_free(t, nick);
	int status = msrp_nickname(
	    &t->call, arena_printf(t->w->s->arena, "\"%s\"", nick).p);

	note(t, "wants to be \"%s\"%s", nick, done ? "" : ", in vain");
	assert_int_equal(status, done ? 200 : 425);
	if (back && t->nick_chosen)
		model_derive(t);
	else if (!back && done)
		model_rename(t, nick);
}

static void rename_seat(struct walk_seat *t)
{
	if (walk_is_sip(t->user))
		rename_sip(t);
	else
		rename_xmpp(t);
}

static void say(struct walk_seat *t)
{
	bool done = t->role >= ROLE_PARTICIPANT;
	char text[16];

	snprintf(text, sizeof(text), "m%u", ++t->w->texts);
	note(t, "says %s%s", text, done ? "" : ", in vain");
	if (done)
		model_say(t, text);
	if (walk_is_sip(t->user)) {
		t->refused = msrp_say(&t->call, uris[t->room], text) != 200;
	} else {
		xmpp_put(t->w->s,
			 "<message from='%s' to='%.*s' type='groupchat' "
			 "id='%s'><body>%s</body></message>",
			 jids[t->user], STR_ARG(room_of(t)->address), text,
			 text);
	}
	walk_expect(t, done);
}

/* To somebody who is there, or has been: his nickname may be another's now. */
static void whisper(struct walk_seat *t)
{
	struct walk_seat *to =
	    &t->w->seat[t->room][walk_pick(t->w, WALK_USERS)];
	bool by_nick = !walk_is_sip(t->user) || !walk_is_sip(to->user);
	struct walk_seat *hears = to->in ? to : NULL;
	char text[16], address[256];

	if (!to->nick[0])
		return;
	if (by_nick)
		hears = model_by_nick(t->w, t->room, to->nick);
	if (hears == t)
		return;
	snprintf(text, sizeof(text), "p%u", ++t->w->texts);
	walk_address(t, to->user, to->nick, address);
	note(t, "whispers %s to %s%s", text, address,
	     hears ? "" : ", who is not there");
	if (hears)
		snprintf(hears->private, sizeof(hears->private), "%s", text);
	if (walk_is_sip(t->user))
		t->refused = msrp_say(&t->call, address, text) != 200;
	else
		xmpp_put(t->w->s,
			 "<message from='%s' to='%s' type='chat' id='%s'>"
			 "<body>%s</body></message>",
			 jids[t->user], walk_escaped(t->w, address), text,
			 text);
	walk_expect(t, hears != NULL);
}

static void set_subject(struct walk_seat *t)
{
	bool done = t->role >= ROLE_PARTICIPANT;
	char text[16] = "";

	if (walk_pick(t->w, 4))
		snprintf(text, sizeof(text), "s%u", ++t->w->texts);
	note(t, "sets the subject %s%s", text, done ? "" : ", in vain");
	if (done)
		snprintf(room_of(t)->subject, sizeof(room_of(t)->subject), "%s",
			 text);
	if (walk_is_sip(t->user)) {
		msrp_request(
		    &t->call, "SEND",
		    arena_printf(t->w->s->arena,
				 "Message-ID: s%u\r\nContent-Type: "
				 "message/cpim\r\n\r\n"
				 "From: <sip:%s@sip.test>\r\nTo: <%s>\r\n"
				 "Subject: %s\r\n\r\n"
				 "Content-Type: text/plain\r\n\r\n\r\n",
				 ++t->w->texts, names[t->user], uris[t->room],
				 text)
			.p);
		t->refused = msrp_status(&t->call) != 200;
	} else {
		xmpp_put(t->w->s,
			 "<message from='%s' to='%.*s' type='groupchat' "
			 "id='s'><subject>%s</subject></message>",
			 jids[t->user], STR_ARG(room_of(t)->address), text);
	}
	walk_expect(t, done);
}

/* --- the walk --- */

static void wait(struct walk_seat *t)
{
	unsigned ms =
	    walk_pick(t->w, 3) ? walk_pick(t->w, 5000) : walk_pick(t->w, 90000);

	note(t, "%u ms pass", ms);
	scene_run(t->w->s, ms);
}

static void act(struct walk_seat *t)
{
	static void (*const deeds[])(struct walk_seat *) = {
	    walk_kick,
	    walk_give_role,
	    walk_affiliate,
	    say,
	    say,
	    say,
	    say,
	    say,
	    say,
	    rename_seat,
	    rename_seat,
	    whisper,
	    whisper,
	    set_subject,
	    leave,
	    leave,
	    vanish,
	    wait,
	};

	t->refused = false;
	if (!t->in)
		enter(t);
	else
		deeds[walk_pick(t->w, sizeof(deeds) / sizeof(*deeds))](t);
	walk_settle(t->w);
	if (walk_is_sip(t->user) && t->in && !t->watch) {
		walk_watch(t);
		walk_settle(t->w);
	}
	walk_check(t->w);
}

static int setup(void **state)
{
	const char *seed = getenv("STOX_SEED");
	struct walk *w = mem_new(sizeof(*w));

	w->seed = seed ? strtoull(seed, NULL, 10) : random_u64() % 1000000;
	w->dice = w->seed;
	w->s = scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
			 "lock = no notify-interval = 0 }\n"
			 "limits { message-rate = 0 join-rate = 0 "
			 "sip-rate = 0 }\n");
	for (int r = 0; r < WALK_ROOMS; r++) {
		w->room[r].uri = uris[r];
		w->room[r].address = str_from(str_z(uris[r]), 4);
		w->room[r].said =
		    mem_new_array(WALK_SAID_MAX, sizeof(struct walk_said));
		for (int u = 0; u < WALK_USERS; u++) {
			w->room[r].affiliation[u] = AFF_NONE;
			w->seat[r][u].w = w;
			w->seat[r][u].room = r;
			w->seat[r][u].user = u;
		}
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct walk *w = *state;

	if (!w->done)
		walk_print(w);
	for (int r = 0; r < WALK_ROOMS; r++) {
		for (int u = 0; u < WALK_SIP_USERS; u++)
			sip_user_done(&w->seat[r][u].call);
		free(w->room[r].said);
	}
	scene_free(w->s);
	free(w);
	return 0;
}

static void test_walk(void **state)
{
	struct walk *w = *state;

	print_message("STOX_SEED=%llu\n", (unsigned long long)w->seed);
	for (w->step = 0; w->step < STEPS; w->step++) {
		unsigned room = walk_pick(w, WALK_ROOMS);

		act(&w->seat[room][walk_pick(w, WALK_USERS)]);
		arena_reset(w->s->arena);
	}
	w->done = true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_walk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
