/* What a hostile room elsewhere can do to the loop: processor time of one turn,
 * for documents full of one thing from a SIP conference, and for a MUC of fifty
 * thousand occupants. */
#include "tests/scenario/focus.h"
/* both are scripted peers */
#include "tests/scenario/muc_peer.h"

#include <time.h>

#define CROWD 50000

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The turns of one kind. */
struct turns {
	const char *name;
	uint64_t begin;
	size_t n;
	double total, most;
};

static void turn_begin(struct turns *t)
{
	t->begin = cpu_ns();
}

static void turn_end(struct turns *t)
{
	double ms = (double)(cpu_ns() - t->begin) / 1e6;

	t->n++;
	t->total += ms;
	t->most = ms > t->most ? ms : t->most;
}

static void print(const char *part, const struct turns *t)
{
	printf("stall part=%s what=\"%s\" turns=%zu ms=%.3f most_ms=%.2f\n",
	       part, t->name, t->n, t->n ? t->total / (double)t->n : 0,
	       t->most);
	fflush(stdout);
}

/* --- documents --- */

/* '%': the piece's number; '*': thirty thousand octets. */
struct shape {
	const char *name, *before, *piece, *closing, *behind;
};

#define USERS(name, before, piece, behind)                                     \
	{                                                                      \
		name, "<users>" before, piece, "", behind "</users>"           \
	}
#define ONE(inner) "<user entity='sip:a@b.test' state='full'>" inner "</user>"

static const struct shape shapes[] = {
    {"text", "<conference-description><subject>", "x", "",
     "</subject></conference-description>"},
    {"entities", "<conference-description><subject>", "&lt;", "",
     "</subject></conference-description>"},
    USERS("users", "", "<user entity='%'/>", ""),
    USERS("users of one name", "",
	  "<user entity='%'><display-text>a</display-text></user>", ""),
    USERS("users' URIs", "", "<user entity='sip:%@b.test'/>", ""),
    USERS("users who come and go", "",
	  "<user entity='sip:%@b.test' state='full'><endpoint entity='a'>"
	  "<status>connected</status></endpoint></user>",
	  ""),
    USERS("one user again and again", "",
	  "<user entity='sip:a@b.test'><endpoint entity='%'/></user>", ""),
    USERS("long names", "",
	  "<user entity='%'><display-text>"
	  "\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba"
	  "</display-text></user>",
	  ""),
    USERS("longer names", "",
	  "<user entity='%'><display-text>^</display-text></user>", ""),
    USERS("endpoints", "<user entity='sip:a@b.test'>", "<endpoint entity='%'/>",
	  "</user>"),
    USERS("roles", "<user entity='sip:a@b.test'><roles>", "<entry>a</entry>",
	  "</roles></user>"),
    {"children", "", "<a/>", "", ""},
    {"attributes", "<a", " a%=''", "", "/>"},
    {"prefixes", "<a", " xmlns:a%='u'", "", "/>"},
    {"long namespace", "<a xmlns:p='*'>", "<p:a/>", "", "</a>"},
    {"deep", "", "<a>", "</a>", ""},
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static size_t put(char *out, const char *z, size_t number)
{
	size_t n = 0;

	for (; *z; z++) {
		if (*z == '%') {
			n += (size_t)sprintf(out + n, "%zu", number);
		} else if (*z == '*') {
			memset(out + n, 'u', 30000);
			n += 30000;
		} else if (*z == '^') {
			for (int i = 0; i < 300; i++)
				n += (size_t)sprintf(out + n, "\xef\xb7\xba");
		} else {
			out[n++] = *z;
		}
	}
	return n;
}

/* A document of about so many octets, pieces from `first` on. */
static char *document(const struct shape *s, size_t octets, const char *state,
		      unsigned version, size_t *first)
{
	char *out = malloc(octets + 100000);
	size_t n, pieces = 0;

	assert_non_null(out);
	n = (size_t)sprintf(out,
			    "<conference-info xmlns='" NS_CONFINFO
			    "' entity='" FOCUS_ROOM
			    "' version='%u' state='%s'>",
			    version, state);
	n += put(out + n, s->before, 0);
	while (n + (pieces + 1) * strlen(s->closing) + 1200 < octets) {
		n += put(out + n, s->piece, (*first)++);
		pieces++;
	}
	while (*s->closing && pieces--)
		n += put(out + n, s->closing, 0);
	n += put(out + n, s->behind, 0);
	n += put(out + n, "</conference-info>", 0);
	out[n] = '\0';
	return out;
}

static void notify(struct focus *f, const char *body, struct turns *t)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.f[PORT_F_EVENT] = STR("conference");
	m.f[PORT_F_SUB_STATE] = STR("active;expires=3600");
	m.f[PORT_F_TYPE] = STR("application/conference-info+xml");
	m.f[PORT_F_METHOD] = STR("NOTIFY");
	m.f[PORT_F_BODY] = str_z(body);
	m.type = PORT_REQUEST;
	m.dlg = f->watch;
	m.req = ++f->s->ids;
	m.cseq = ++f->cseq;
	turn_begin(t);
	scene_sip_event(f->s, &m);
	turn_end(t);
}

static struct scene *conference(struct focus *f)
{
	struct scene *s =
	    scene_new("domain \"conf.test\" { secret = \"x\" rooms = sip "
		      "route = \"sip:10.0.0.9:5060;transport=tcp\" }\n");

	focus_joined(f, s);
	return s;
}

static void documents(size_t octets, unsigned rounds)
{
	for (size_t i = 0; i < SHAPES; i++) {
		struct turns full = {.name = shapes[i].name};
		char part[40];

		snprintf(part, sizeof(part), "notify-%zuk", octets / 1024);
		for (unsigned k = 0; k < rounds; k++) {
			static struct focus f;
			struct scene *s = conference(&f);
			size_t first = 0;
			char *d = document(&shapes[i], octets, "full",
					   f.version++, &first);

			notify(&f, d, &full);
			free(d);
			focus_done(&f);
			scene_free(s);
		}
		print(part, &full);
	}
}

/* Parts, until there are fifty thousand; then all of them go. */
static void big_conference(void)
{
	static const struct shape come = {
	    "users come", "<users state='partial'>",
	    "<user entity='sip:%@b.test' state='full'><display-text>User "
	    "%</display-text></user>",
	    "", "</users>"};
	static const struct shape none = USERS("all users go", "", "", "");
	struct turns t = {.name = come.name}, end = {.name = none.name};
	static struct focus f;
	struct scene *s = conference(&f);
	size_t first = 0;
	char *d;

	while (first < CROWD) {
		d = document(&come, 60000, "partial", f.version++, &first);
		notify(&f, d, &t);
		xmpp_drop(s);
		free(d);
	}
	print("conference", &t);
	d = document(&none, 200, "full", f.version++, &first);
	notify(&f, d, &end);
	free(d);
	print("conference", &end);
	focus_done(&f);
	scene_free(s);
}

/* --- a MUC --- */

static void present(struct muc_user *u, struct turns *t, unsigned i,
		    const char *rest)
{
	char *text = NULL;
	struct arena *a = arena_new(1u << 20);
	const struct xnode *n;

	assert_true(asprintf(&text,
			     "<presence from='" MUC_ROOM "/Occupant %u' to='%s'"
			     "%s<x xmlns='" NS_MUC_USER
			     "'><item affiliation='none' role='participant' "
			     "jid='o%u@example.test/1'/></x></presence>",
			     i, u->jid, rest, i) >= 0);
	n = xmlin_parse(a, str_z(text));
	turn_begin(t);
	core_stanza(&u->s->core, STR("sip.test"), n);
	loop_settle(u->s->loop);
	turn_end(t);
	arena_free(a);
	free(text);
}

static void flood(struct muc_user *u, const char *name, const char *rest)
{
	struct turns t = {.name = name};

	for (unsigned i = 0; i < CROWD; i++)
		present(u, &t, i, rest);
	print("muc", &t);
}

static void let_pass(struct scene *s, const char *name)
{
	struct turns t = {.name = name};

	for (unsigned i = 0; i < 100; i++) {
		turn_begin(&t);
		scene_run(s, 100);
		turn_end(&t);
		scene_answer_notifies(s);
	}
	print("muc", &t);
}

static void big_muc(void)
{
	static struct sip_user sip;
	static struct muc_user u;
	struct scene *s = scene_new(MUC_CONFIG);
	struct port_msg m = port_msg(PORT_REQUEST);
	struct turns self = {.name = "he is in"}, sub = {.name = "SUBSCRIBE"};

	u.s = s;
	sip_user_init(&sip, s, "ro", "sip:r@muc.test");
	sip_user_call(
	    &sip,
	    sip_user_offer(&sip, "a=chatroom:nickname private-messages\r\n"));
	muc_answer_info(&u, "");
	muc_take(&u, MUC_ROOM "/ro");
	flood(&u, "occupants before him", ">");
	turn_begin(&self);
	muc_present(&u, "ro", "participant", MUC_SELF);
	turn_end(&self);
	print("muc", &self);
	assert_int_equal(sip_user_answer(&sip), 200);
	sip_user_ack(&sip);
	m.expires = 3600;
	sip_user_request(&sip, &m, "SUBSCRIBE");
	m.f[PORT_F_EVENT] = STR("conference");
	turn_begin(&sub);
	scene_sip_event(s, &m);
	turn_end(&sub);
	print("muc", &sub);
	let_pass(s, "the first NOTIFY");
	flood(&u, "away", "><show>away</show>");
	let_pass(s, "its NOTIFY");
	flood(&u, "gone", " type='unavailable'>");
	let_pass(s, "its NOTIFY");
	sip_user_done(&sip);
	scene_free(s);
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && !strcmp(argv[1], "--quick");

	documents(64000, quick ? 1 : 9);
	big_conference();
	big_muc();
	return 0;
}
