#include "gateway/leg_value.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "conference/seat.h"

/* The newest of those of one nickname; a room that tells everybody something
 * else is not searched further. */
#define LOOK_AT 8

struct leg_values {
	struct table *by_key; /* the first of those of one room and nickname */
	uint64_t seed;
	size_t n;
	bool orphan; /* goes with the last value */
};

struct leg_values *leg_values_new(void)
{
	struct leg_values *s = mem_new(sizeof(*s));

	s->by_key = table_new();
	s->seed = random_u64();
	return s;
}

static void free_unused(struct leg_values *s)
{
	if (s->n || !s->orphan)
		return;
	table_free(s->by_key);
	free(s);
}

void leg_values_free(struct leg_values *s)
{
	if (!s)
		return;
	s->orphan = true;
	free_unused(s);
}

/* --- what is in it --- */

size_t leg_value_octets(const struct occupant *like)
{
	size_t n = like->nick.n + like->display.n + like->user.n +
		   like->sip_uri.n + like->jid.n + like->stable_id.n +
		   like->presence.show.n + like->presence.status.n +
		   like->presence.payload.n;

	for (const struct device *d = like->devices; d; d = d->next)
		n += sizeof(*d) + d->label.n;
	return n;
}

static const struct device *copy_devices(struct device *to, char **text,
					 const struct device *from, size_t *n,
					 uint64_t owner)
{
	struct device *first = from ? to : NULL;

	for (*n = 0; from; from = from->next, to++, ++*n) {
		*to = *from;
		if (!to->seat)
			to->seat = owner;
		to->label = str_pack(text, from->label);
		to->next = from->next ? to + 1 : NULL;
	}
	return first;
}

static size_t count_devices(const struct device *d)
{
	size_t n = 0;

	for (; d; d = d->next)
		n++;
	return n;
}

/* One block holds it all. */
static struct leg_value *copy(const struct occupant *like)
{
	size_t n = count_devices(like->devices);
	struct leg_value *v = mem_new(sizeof(*v) + leg_value_octets(like));
	struct device *devices = (struct device *)(v + 1);
	char *to = (char *)(devices + n);
	struct occupant *p = &v->pub;

	*p = *like;
	v->refs = 1;
	p->nick = str_pack(&to, like->nick);
	p->display = str_pack(&to, like->display);
	p->user = str_pack(&to, like->user);
	p->sip_uri = str_pack(&to, like->sip_uri);
	p->jid = str_pack(&to, like->jid);
	p->stable_id = str_pack(&to, like->stable_id);
	p->presence.show = str_pack(&to, like->presence.show);
	p->presence.status = str_pack(&to, like->presence.status);
	p->presence.payload = str_pack(&to, like->presence.payload);
	p->devices =
	    copy_devices(devices, &to, like->devices, &p->n_devices, p->id);
	return v;
}

/* b is what is said now. */
static bool same_devices(const struct device *a, const struct device *b)
{
	for (; a && b; a = a->next, b = b->next)
		if ((b->seat && a->seat != b->seat) ||
		    !str_eq(a->label, b->label) ||
		    a->private_messages != b->private_messages ||
		    a->muted != b->muted || a->held != b->held)
			return false;
	return !a && !b;
}

static bool same_person(const struct occupant *a, const struct occupant *b)
{
	return a->world == b->world && a->nick_chosen == b->nick_chosen &&
	       str_eq(a->display, b->display) && str_eq(a->user, b->user) &&
	       str_eq(a->sip_uri, b->sip_uri) && str_eq(a->jid, b->jid) &&
	       str_eq(a->stable_id, b->stable_id);
}

unsigned leg_differences(const struct occupant *a, const struct occupant *b)
{
	unsigned changed = 0;

	if (!presence_eq(&a->presence, &b->presence))
		changed |= CHANGED_PRESENCE;
	if (a->role != b->role || a->affiliation != b->affiliation)
		changed |= CHANGED_ROLE;
	if (!same_devices(a->devices, b->devices) || !same_person(a, b))
		changed |= CHANGED_DEVICES;
	return changed;
}

/* --- who has it --- */

static uint64_t key_of(const struct leg_values *s, struct str room,
		       struct str nick)
{
	return (str_hash(room, s->seed) ^ str_hash(nick, s->seed + 1)) | 1;
}

struct leg_value *leg_value_find(struct leg_values *s, struct str room,
				 const struct occupant *like,
				 bool (*may)(const void *user, uint64_t id),
				 const void *user)
{
	struct leg_value *v =
	    s ? table_get(s->by_key, key_of(s, room, like->nick)) : NULL;

	for (size_t i = 0; v && i < LOOK_AT; v = v->next, i++)
		if (str_eq(v->pub.nick, like->nick) &&
		    !leg_differences(&v->pub, like) && may(user, v->pub.id)) {
			v->refs++;
			return v;
		}
	return NULL;
}

struct leg_value *leg_value_new(struct leg_values *s, struct str room,
				const struct occupant *like)
{
	struct leg_value *v = copy(like);

	if (!s)
		return v;
	v->set = s;
	v->key = key_of(s, room, like->nick);
	v->next = table_get(s->by_key, v->key);
	if (v->next)
		v->next->before = v;
	table_put(s->by_key, v->key, v);
	s->n++;
	return v;
}

static void forget(struct leg_value *v)
{
	struct leg_values *s = v->set;

	if (v->next)
		v->next->before = v->before;
	if (v->before)
		v->before->next = v->next;
	else if (v->next)
		table_put(s->by_key, v->key, v->next);
	else
		table_del(s->by_key, v->key);
	s->n--;
	free_unused(s);
}

void leg_value_unref(void *value)
{
	struct leg_value *v = value;

	if (--v->refs)
		return;
	if (v->set)
		forget(v);
	free(v);
}
