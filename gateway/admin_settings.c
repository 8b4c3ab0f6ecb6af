/* A room's settings, under the names that they have in the configuration. */
#include "gateway/admin_priv.h"

#include <limits.h>
#include <stddef.h>

enum kind {
	SWITCH,	 /* bool */
	COUNT,	 /* size_t, at least 1 */
	HISTORY, /* size_t, SIZE_MAX for 0 */
	PAUSE,	 /* unsigned, seconds here and ms there, UINT_MAX for 0 */
	TEXT,	 /* struct str */
	SECRET,	 /* struct str, shown as whether there is one */
	SCOPE,	 /* bool: "domain", else "room" */
	WORDS,	 /* reserved_nicks */
};

#define COUNT_MAX 1000000000
#define TEXT_MAX  1024
#define WORDS_MAX 256

static const struct setting {
	const char *key;
	enum kind kind;
	size_t at;
} settings[] = {
#define AT(field) offsetof(struct room_policy, field)
    {"title", TEXT, AT(title)},
    {"description", TEXT, AT(description)},
    {"language", TEXT, AT(language)},
    {"persistent", SWITCH, AT(persistent)},
    {"public", SWITCH, AT(public)},
    {"password", SECRET, AT(password)},
    {"members-only", SWITCH, AT(members_only)},
    {"moderated", SWITCH, AT(moderated)},
    {"private-messages", SWITCH, AT(private_messages)},
    {"nicknames", SWITCH, AT(nicknames)},
    {"nick-scope", SCOPE, AT(nicks_of_domain)},
    {"reserved-nicks", WORDS, 0},
    {"quarantine", PAUSE, AT(quarantine_ms)},
    {"one-device", SWITCH, AT(one_device)},
    {"end-with-owner", SWITCH, AT(end_with_owner)},
    {"subject-by-moderators", SWITCH, AT(subject_by_moderators)},
    {"non-anonymous", SWITCH, AT(non_anonymous)},
    {"logged", SWITCH, AT(logged)},
    {"invites", SWITCH, AT(invites)},
    {"history", HISTORY, AT(history)},
    {"max-occupants", COUNT, AT(max_occupants)},
#undef AT
};
#define N_SETTINGS (sizeof(settings) / sizeof(*settings))

/* --- showing --- */

static json_t *show_words(const struct room_policy *p)
{
	json_t *words = json_array();

	for (size_t i = 0; i < p->n_reserved_nicks; i++)
		json_array_append_new(words, admin_str(p->reserved_nicks[i]));
	return words;
}

static json_t *show(const struct setting *s, const struct room_policy *p)
{
	const char *at = (const char *)p + s->at;
	const void *v = at;
	size_t n;
	unsigned ms;

	switch (s->kind) {
	case SWITCH:
		return json_boolean(*(const bool *)v);
	case COUNT:
	case HISTORY:
		n = *(const size_t *)v;
		return json_integer(n == SIZE_MAX ? 0 : (json_int_t)n);
	case PAUSE:
		ms = *(const unsigned *)v;
		return json_integer(ms == UINT_MAX ? 0 : ms / 1000);
	case TEXT:
		return admin_str(*(const struct str *)v);
	case SECRET:
		return json_boolean(((const struct str *)v)->n > 0);
	case SCOPE:
		return json_string(*(const bool *)v ? "domain" : "room");
	case WORDS:
		break;
	}
	return show_words(p);
}

json_t *admin_settings(const struct room_policy *p)
{
	json_t *all = json_object();

	for (size_t i = 0; i < N_SETTINGS; i++)
		json_object_set_new(all, settings[i].key,
				    show(&settings[i], p));
	return all;
}

/* --- reading: values are JSON's own or, from a command line, text --- */

static struct str text_of(const json_t *j)
{
	return json_is_string(j)
		   ? str_of(json_string_value(j), json_string_length(j))
		   : STR_NONE;
}

static bool read_switch(const json_t *j, bool *out)
{
	struct str z = text_of(j);

	if (json_is_boolean(j))
		*out = json_is_true(j);
	else if (str_ieq(z, STR("true")) || str_ieq(z, STR("yes")) ||
		 str_ieq(z, STR("on")))
		*out = true;
	else if (str_ieq(z, STR("false")) || str_ieq(z, STR("no")) ||
		 str_ieq(z, STR("off")))
		*out = false;
	else
		return false;
	return true;
}

static bool read_number(const json_t *j, uint64_t least, uint64_t *out)
{
	json_int_t v = json_integer_value(j);

	if (json_is_string(j)) {
		if (str_u64(text_of(j), COUNT_MAX, out) < 0)
			return false;
	} else if (json_is_integer(j) && v >= 0 && v <= COUNT_MAX) {
		*out = (uint64_t)v;
	} else {
		return false;
	}
	return *out >= least;
}

static bool read_text(struct arena *a, const json_t *j, struct str *out)
{
	struct str z = text_of(j);

	if (!json_is_string(j) || z.n > TEXT_MAX)
		return false;
	*out = arena_dup(a, z);
	return true;
}

static bool read_scope(const json_t *j, bool *out)
{
	struct str z = text_of(j);

	*out = str_eq(z, STR("domain"));
	return *out || str_eq(z, STR("room"));
}

/* A list, or its words with commas between. */
static bool read_words(struct arena *a, const json_t *j, struct room_policy *p)
{
	struct str *words = arena_alloc(a, WORDS_MAX * sizeof(*words));
	struct str rest = text_of(j);
	size_t n = 0;

	if (!words || (!json_is_string(j) && !json_is_array(j)) ||
	    json_array_size(j) > WORDS_MAX)
		return false;
	for (; n < json_array_size(j); n++)
		if (!read_text(a, json_array_get(j, n), &words[n]))
			return false;
	while (rest.n) {
		struct str word = str_trim(str_split(&rest, ','));

		if (word.n > TEXT_MAX || n == WORDS_MAX)
			return false;
		if (word.n)
			words[n++] = arena_dup(a, word);
	}
	p->reserved_nicks = words;
	p->n_reserved_nicks = n;
	return true;
}

static bool read_one(struct arena *a, const struct setting *s, const json_t *j,
		     struct room_policy *p)
{
	char *at = (char *)p + s->at;
	void *v = at;
	uint64_t n = 0;

	switch (s->kind) {
	case SWITCH:
		return read_switch(j, v);
	case COUNT:
		if (!read_number(j, 1, &n))
			return false;
		*(size_t *)v = n;
		return true;
	case HISTORY:
		if (!read_number(j, 0, &n))
			return false;
		*(size_t *)v = n ? n : SIZE_MAX;
		return true;
	case PAUSE:
		if (!read_number(j, 0, &n) || n > UINT_MAX / 1000 - 1)
			return false;
		*(unsigned *)v = n ? (unsigned)n * 1000 : UINT_MAX;
		return true;
	case TEXT:
	case SECRET:
		return read_text(a, j, v);
	case SCOPE:
		return read_scope(j, v);
	case WORDS:
		break;
	}
	return read_words(a, j, p);
}

bool admin_settings_read(struct admin_call *c, json_t *from,
			 struct room_policy *p)
{
	const char *key, *why = NULL;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		size_t i = 0;

		while (i < N_SETTINGS && strcmp(settings[i].key, key) != 0)
			i++;
		if (i == N_SETTINGS)
			why = "no such setting";
		else if (!read_one(c->arena, &settings[i], value, p))
			why = "not a value for this setting";
		if (why) {
			struct str text =
			    arena_printf(c->arena, "%s: %s", key, why);

			admin_refuse(c, 400, text.n ? text.p : why);
			return false;
		}
	}
	return true;
}
