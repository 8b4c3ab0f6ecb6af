/* What the rooms of a walk should be like. */
#include "walk.h"

#include <ctype.h>
#include <stdio.h>

/* Nicknames are the same if only their case differs (RFC 8266 §2.4). */
static void key_of(const char *nick, char key[WALK_NICK_MAX])
{
	size_t i = 0;

	for (; nick[i] && i + 1 < WALK_NICK_MAX; i++)
		key[i] = (char)tolower((unsigned char)nick[i]);
	key[i] = '\0';
}

static struct walk_room *room_of(const struct walk_seat *t)
{
	return &t->w->room[t->room];
}

struct walk_seat *model_by_nick(struct walk *w, int room, const char *nick)
{
	char key[WALK_NICK_MAX], other[WALK_NICK_MAX];

	key_of(nick, key);
	for (int u = 0; u < WALK_USERS; u++) {
		struct walk_seat *t = &w->seat[room][u];

		key_of(t->nick, other);
		if (t->in && strcmp(key, other) == 0)
			return t;
	}
	return NULL;
}

/* V-CHAT-8: of one who has left it is nobody else's for a minute. */
bool model_nick_free(const struct walk_seat *t, const char *nick)
{
	const struct walk_seat *holder = model_by_nick(t->w, t->room, nick);
	const struct walk_room *r = room_of(t);
	char key[WALK_NICK_MAX];

	if (holder)
		return holder == t;
	key_of(nick, key);
	for (size_t i = 0; i < r->n_kept; i++)
		if (strcmp(r->kept[i].key, key) == 0 &&
		    r->kept[i].user != t->user &&
		    r->kept[i].until_ms > t->w->s->mono)
			return false;
	return true;
}

static void release(struct walk_room *r, const char *nick)
{
	char key[WALK_NICK_MAX];

	key_of(nick, key);
	for (size_t i = 0; i < r->n_kept; i++)
		if (strcmp(r->kept[i].key, key) == 0)
			r->kept[i--] = r->kept[--r->n_kept];
}

static void keep(struct walk_seat *t)
{
	struct walk_room *r = room_of(t);

	release(r, t->nick);
	assert_true(r->n_kept < WALK_KEPT_MAX);
	key_of(t->nick, r->kept[r->n_kept].key);
	r->kept[r->n_kept].user = t->user;
	r->kept[r->n_kept++].until_ms = t->w->s->mono + WALK_NICK_MS;
}

void model_rename(struct walk_seat *t, const char *nick)
{
	snprintf(t->nick, sizeof(t->nick), "%s", nick);
	t->nick_chosen = true;
	release(room_of(t), nick);
}

void model_derive(struct walk_seat *t)
{
	char nick[WALK_NICK_MAX];

	snprintf(nick, sizeof(nick), "%s", walk_name(t->user));
	for (unsigned i = 2; !model_nick_free(t, nick); i++)
		snprintf(nick, sizeof(nick), "%s %u", walk_name(t->user), i);
	memcpy(t->nick, nick, sizeof(nick));
	t->nick_chosen = false;
	release(room_of(t), nick);
}

static bool is_empty(struct walk *w, int room)
{
	for (int u = 0; u < WALK_USERS; u++)
		if (w->seat[room][u].in)
			return false;
	return true;
}

void model_affiliate(struct walk_seat *t, enum affiliation a)
{
	room_of(t)->affiliation[t->user] = a;
	t->role = a >= AFF_ADMIN ? ROLE_MODERATOR : ROLE_PARTICIPANT;
}

void model_join(struct walk_seat *t, const char *nick)
{
	struct walk_room *r = room_of(t);
	bool first = is_empty(t->w, t->room);

	if (nick)
		model_rename(t, nick);
	else
		model_derive(t);
	t->in = true;
	model_affiliate(t, first ? AFF_OWNER : r->affiliation[t->user]);
	t->history = r->n_said;
	t->due = r->n_said > WALK_HISTORY ? r->n_said - WALK_HISTORY : 0;
}

void model_leave(struct walk_seat *t)
{
	struct walk_room *r = room_of(t);

	keep(t);
	t->in = false;
	if (!is_empty(t->w, t->room))
		return;
	r->n_said = r->n_kept = 0;
	r->subject[0] = '\0';
	for (int u = 0; u < WALK_USERS; u++)
		r->affiliation[u] = AFF_NONE;
}

void model_say(struct walk_seat *t, const char *text)
{
	struct walk_room *r = room_of(t);
	struct walk_said *m = &r->said[r->n_said];

	assert_true(r->n_said < WALK_SAID_MAX);
	r->n_said++;
	snprintf(m->text, sizeof(m->text), "%s", text);
	snprintf(m->nick, sizeof(m->nick), "%s", t->nick);
	m->user = t->user;
}
