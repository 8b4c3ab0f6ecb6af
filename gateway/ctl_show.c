/* The daemon's answers as people read them. */
#include "gateway/ctl_priv.h"

#include <string.h>

static const char *text(const json_t *j, const char *key)
{
	const char *z = json_string_value(json_object_get(j, key));

	return z ? z : "";
}

static long long number(const json_t *j, const char *key)
{
	return json_integer_value(json_object_get(j, key));
}

static bool yes(const json_t *j, const char *key)
{
	return json_is_true(json_object_get(j, key));
}

/* A list of words as "one, two". */
static void add_words(struct ctl_table *t, const json_t *list)
{
	struct buf b = BUF_INIT(65536);
	const json_t *word;
	size_t i;

	json_array_foreach(list, i, word)
	{
		if (i)
			buf_addz(&b, ", ");
		buf_addz(&b,
			 json_is_string(word) ? json_string_value(word) : "");
	}
	ctl_table_cell(t, buf_z(&b));
	buf_done(&b);
}

static void add_value(struct ctl_table *t, const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_STRING:
		ctl_table_cell(t, json_string_value(j));
		break;
	case JSON_INTEGER:
		ctl_table_cellf(t, "%" JSON_INTEGER_FORMAT,
				json_integer_value(j));
		break;
	case JSON_REAL:
		ctl_table_cellf(t, "%.2f", json_real_value(j));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		ctl_table_cell(t, json_is_true(j) ? "yes" : "no");
		break;
	case JSON_ARRAY:
		add_words(t, j);
		break;
	case JSON_NULL:
	case JSON_OBJECT:
		ctl_table_cell(t, "");
		break;
	}
}

/* The members of an object, one a line; those of objects in it behind their
 * name. */
static void add_object(struct ctl_table *t, const char *prefix, json_t *j)
{
	const char *key;
	json_t *value;

	json_object_foreach(j, key, value)
	{
		char name[128];

		snprintf(name, sizeof(name), "%s%s%s", prefix,
			 *prefix ? " " : "", key);
		if (json_is_object(value)) {
			add_object(t, name, value);
		} else {
			ctl_table_cell(t, name);
			add_value(t, value);
		}
	}
}

/* Its members but these, up to NULL. */
static void print_object(const json_t *j, const char *const *without, FILE *out)
{
	struct ctl_table *t = ctl_table_new(2, NULL);
	json_t *some = json_object();

	json_object_update(some, (json_t *)(uintptr_t)j);
	for (; without && *without; without++)
		json_object_del(some, *without);
	add_object(t, "", some);
	json_decref(some);
	ctl_table_print(t, out);
}

void ctl_show_rooms(const json_t *j, FILE *out)
{
	static const char *const head[] = {"ROOM",   "SIP",   "XMPP",	 "KEPT",
					   "LISTED", "STATE", "SUBJECT", NULL};
	struct ctl_table *t = ctl_table_new(7, head);
	const json_t *r;
	size_t i;

	json_array_foreach(json_object_get(j, "rooms"), i, r)
	{
		const json_t *n = json_object_get(r, "occupants");

		ctl_table_cell(t, text(r, "room"));
		ctl_table_cellf(t, "%lld", number(n, "sip"));
		ctl_table_cellf(t, "%lld", number(n, "xmpp"));
		ctl_table_cell(t, yes(r, "persistent") ? "yes" : "no");
		ctl_table_cell(t, yes(r, "public") ? "yes" : "no");
		ctl_table_cell(t, yes(r, "locked") ? "locked" : "open");
		ctl_table_cell(t, text(r, "subject"));
	}
	ctl_table_print(t, out);
}

static void show_affiliations(const json_t *list, FILE *out)
{
	static const char *const head[] = {"USER", "AFFILIATION", "NICK",
					   "FROM", "REASON",	  NULL};
	struct ctl_table *t = ctl_table_new(5, head);
	const json_t *a;
	size_t i;

	json_array_foreach(list, i, a)
	{
		ctl_table_cell(t, text(a, "user"));
		ctl_table_cell(t, text(a, "affiliation"));
		ctl_table_cell(t, text(a, "nick"));
		ctl_table_cell(t, yes(a, "configured") ? "file" : "room");
		ctl_table_cell(t, text(a, "reason"));
	}
	ctl_table_print(t, out);
}

/* "3s", "12m", "5h", "2d" */
static void add_duration(struct ctl_table *t, long long seconds)
{
	static const struct {
		long long unit;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;

	while (units[i].unit > 1 && seconds < units[i].unit)
		i++;
	ctl_table_cellf(t, "%lld%c", seconds / units[i].unit, units[i].letter);
}

static void show_roster(const json_t *roster, FILE *out)
{
	static const char *const head[] = {"NICK",  "ADDRESS",	   "WORLD",
					   "ROLE",  "AFFILIATION", "DEVICES",
					   "SINCE", "IDLE",	   NULL};
	struct ctl_table *t = ctl_table_new(8, head);
	const json_t *o;
	size_t i;

	json_array_foreach(roster, i, o)
	{
		ctl_table_cell(t, text(o, "nick"));
		ctl_table_cell(t, text(o, "address"));
		ctl_table_cell(t, text(o, "world"));
		ctl_table_cell(t, text(o, "role"));
		ctl_table_cell(t, text(o, "affiliation"));
		ctl_table_cellf(t, "%zu",
				json_array_size(json_object_get(o, "devices")));
		ctl_table_cell(t, text(o, "since"));
		add_duration(t, number(o, "idle-seconds"));
	}
	ctl_table_print(t, out);
}

void ctl_show_room(const json_t *j, FILE *out)
{
	static const char *const own[] = {"settings", "affiliations", "roster",
					  NULL};
	const json_t *list = json_object_get(j, "affiliations");
	const json_t *roster = json_object_get(j, "roster");

	print_object(j, own, out);
	fputc('\n', out);
	print_object(json_object_get(j, "settings"), NULL, out);
	if (json_array_size(list) > 0) {
		fputc('\n', out);
		show_affiliations(list, out);
	}
	if (json_array_size(roster) > 0) {
		fputc('\n', out);
		show_roster(roster, out);
	}
}

void ctl_show_domains(const json_t *j, FILE *out)
{
	static const char *const head[] = {"DOMAIN", "ROOMS", "CREATE", "COUNT",
					   "XMPP",   "TITLE", NULL};
	struct ctl_table *t = ctl_table_new(6, head);
	const json_t *d;
	size_t i;

	json_array_foreach(json_object_get(j, "domains"), i, d)
	{
		ctl_table_cell(t, text(d, "domain"));
		ctl_table_cell(t, text(d, "rooms"));
		ctl_table_cell(t, text(d, "create"));
		ctl_table_cellf(t, "%lld", number(d, "room-count"));
		ctl_table_cell(t, text(d, "xmpp"));
		ctl_table_cell(t, text(d, "title"));
	}
	ctl_table_print(t, out);
}

/* Text that the daemon has from others, cleaned, each line behind a margin. */
static void print_lines(const char *lines, const char *margin, FILE *out)
{
	struct str rest = str_z(lines);

	while (rest.n) {
		struct buf clean = BUF_INIT(65536);

		ctl_clean(&clean, str_split(&rest, '\n'));
		fprintf(out, "%s%s\n", margin, buf_z(&clean));
		buf_done(&clean);
	}
}

static void show_way(const char *who, const json_t *way, FILE *out)
{
	fprintf(out, "%s users who enter its rooms: %s\n", who,
		text(way, "get"));
	print_lines(text(way, "why"), "    ", out);
}

static void show_name(const char *his, const char *there, const char *name,
		      FILE *out)
{
	fprintf(out, "Its %s user \"user\" in %s:\n", his, there);
	print_lines(name, "    ", out);
}

static void show_answers(const json_t *list, FILE *out)
{
	static const char *const head[] = {"ASKED", "NAME", "ANSWER", "RECORDS",
					   NULL};
	struct ctl_table *t = ctl_table_new(4, head);
	const json_t *a;
	size_t i;

	json_array_foreach(list, i, a)
	{
		ctl_table_cell(t, text(a, "asked"));
		ctl_table_cell(t, text(a, "name"));
		ctl_table_cell(t, text(a, "answer"));
		ctl_table_cell(t, text(a, "records"));
	}
	ctl_table_print(t, out);
}

void ctl_show_domain(const json_t *j, FILE *out)
{
	static const char *const own[] = {"answers",
					  "sip-users-who-join",
					  "advice",
					  "xmpp-users-who-join",
					  "its-sip-user-in-xmpp",
					  "its-xmpp-user-in-sip",
					  NULL};
	const json_t *a;
	size_t i;

	print_object(j, own, out);
	fputc('\n', out);
	show_way("SIP", json_object_get(j, "sip-users-who-join"), out);
	show_way("XMPP", json_object_get(j, "xmpp-users-who-join"), out);
	show_name("SIP", "XMPP", text(j, "its-sip-user-in-xmpp"), out);
	show_name("XMPP", "SIP", text(j, "its-xmpp-user-in-sip"), out);
	fputc('\n', out);
	show_answers(json_object_get(j, "answers"), out);
	json_array_foreach(json_object_get(j, "advice"), i, a)
	{
		fprintf(out, "\n%s:\n", text(a, "title"));
		print_lines(text(a, "lines"), "    ", out);
	}
}

void ctl_show_status(const json_t *j, FILE *out)
{
	print_object(j, NULL, out);
}

void ctl_show_users(const json_t *j, FILE *out)
{
	static const char *const head[] = {"USER", NULL};
	struct ctl_table *t = ctl_table_new(1, head);
	const json_t *u;
	size_t i;

	json_array_foreach(json_object_get(j, "users"), i, u)
	    ctl_table_cell(t, text(u, "user"));
	ctl_table_print(t, out);
}

void ctl_show_reload(const json_t *j, FILE *out)
{
	fputs(text(j, "notes"), out);
}
