/* Documents of a conference's events, which may tell of thousands of users: a
 * long one is read, and what it says shown, in parts, a part a turn of the
 * loop; one after the other, so that only one is in memory twice. */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/back_sip_priv.h"

/* A part: none takes longer than some milliseconds. */
#define PART_OCTETS 65536
#define PART_MERGED 500
#define PART_SHOWN  100

/* Of what is made of one: nine times the longest that limits allow. */
#define ARENA_MAX (64u << 20)
/* Documents of one leg that wait, so that none takes all of the queue: a focus
 * sends no faster than one in 5 s (RFC 4575 §3.3), unless it is at fault. */
#define LEG_MAX 16

enum stage { PARSING, MERGING, DROPPING, NAMING, SHOWING, DONE };

struct bs_document {
	TAILQ_ENTRY(bs_document) link;
	struct bs_leg *l;
	char *kept; /* its text, if it had to wait */
	struct str text;
	struct arena *arena;
	struct confinfo_reader *reader;
	enum stage stage;
	struct confinfo_doc doc;
	const struct confinfo_user_node *next; /* to be merged */
	bool whole;			       /* it names all users */
};

static struct bs_document *document_new(struct bs_leg *l)
{
	struct bs_document *d = mem_new(sizeof(*d));

	d->l = l;
	return d;
}

static void document_free(struct bs_document *d)
{
	if (d->reader)
		confinfo_reader_free(d->reader);
	arena_free(d->arena);
	free(d->kept);
	free(d);
}

/* RFC 4575 §4.6: a part counts only if it follows what we have. */
static bool follows(const struct bs_leg *l, const struct confinfo_doc *doc,
		    bool *stale)
{
	const struct bs_watch *w = &l->watch;

	*stale = false;
	if (doc->state == CONFINFO_FULL)
		return true;
	if (w->has_version && doc->has_version && doc->version <= w->version) {
		*stale = true;
		return true;
	}
	if (bs_watch_gave_up(l))
		return true;
	return w->has_version && doc->has_version && !w->waits_full &&
	       doc->version == w->version + 1;
}

static void begin(struct bs_document *d)
{
	struct bs_leg *l = d->l;
	const struct confinfo_doc *doc = &d->doc;

	l->watch.has_version = doc->has_version;
	l->watch.version = doc->version;
	if (doc->state == CONFINFO_FULL)
		bs_watch_whole(l);
	d->whole = doc->state == CONFINFO_FULL ||
		   (doc->has_users && doc->users_state == CONFINFO_FULL);
	d->next = doc->users;
	d->stage = MERGING;
	bs_roster_texts(l, doc);
	if (d->whole && !l->ended)
		bs_roster_doubt(l);
}

/* It has been read, or not. */
static void parsed(struct bs_document *d, bool good)
{
	struct bs_leg *l = d->l;
	bool stale = false;

	d->stage = DONE;
	if (good && d->doc.state == CONFINFO_DELETED)
		bs_end_code(l, REASON_ROOM_GONE, "");
	else if (!good || !follows(l, &d->doc, &stale))
		bs_watch_again(l);
	else if (!stale)
		begin(d);
}

static bool parse(struct bs_document *d, struct str text)
{
	int more;

	if (!d->reader) {
		d->arena = arena_new(ARENA_MAX);
		d->reader = confinfo_reader_new(text, d->arena);
	}
	more = confinfo_reader_go(d->reader, PART_OCTETS, &d->doc);
	if (more == 1)
		return true;
	confinfo_reader_free(d->reader);
	d->reader = NULL;
	parsed(d, more == 0);
	return false;
}

static void finish(struct bs_document *d)
{
	struct bs_leg *l = d->l;

	if (l->state == BS_WATCHING && d->doc.state == CONFINFO_FULL)
		bs_open(l);
}

/* Does the next part of it; true: the same step goes on. */
static bool go_on(struct bs_document *d, struct str text)
{
	struct bs_leg *l = d->l;
	bool more = false;

	switch (d->stage) {
	case PARSING: /* it says itself what comes next */
		return parse(d, text);
	case MERGING:
		more = bs_roster_merge(l, &d->next, d->whole, PART_MERGED);
		break;
	case DROPPING:
		more = bs_roster_drop(l, PART_SHOWN);
		break;
	case NAMING:
		more = bs_roster_name(l, PART_SHOWN);
		if (!more)
			bs_roster_find_self(l);
		break;
	case SHOWING:
		more = bs_roster_show(l, PART_SHOWN);
		if (!more && !l->ended)
			finish(d);
		break;
	case DONE:
		break;
	}
	if (!more && d->stage != DONE)
		d->stage++;
	return more;
}

/* --- those that wait --- */

static void schedule(struct back_sip *b)
{
	if (!TAILQ_EMPTY(&b->documents))
		timer_set(b->loop, &b->reading, 0, bs_document_part, b);
}

static void enlist(struct bs_document *d)
{
	struct back_sip *b = d->l->b;

	TAILQ_INSERT_TAIL(&b->documents, d, link);
	b->documents_octets += d->text.n;
	d->l->n_documents++;
	if (!timer_pending(&b->reading))
		schedule(b);
}

static void unlist(struct bs_document *d)
{
	struct back_sip *b = d->l->b;

	TAILQ_REMOVE(&b->documents, d, link);
	b->documents_octets -= d->text.n;
	d->l->n_documents--;
}

void bs_document_part(void *back_sip)
{
	struct back_sip *b = back_sip;
	struct bs_document *d = TAILQ_FIRST(&b->documents);
	struct bs_leg *l = d ? d->l : NULL;

	if (!d)
		return;
	b->document = d;
	go_on(d, d->text);
	b->document = NULL;
	if (d->stage == DONE || l->ended) {
		unlist(d);
		document_free(d);
	}
	schedule(b);
}

bool bs_document_fits(const struct bs_leg *l, size_t n)
{
	const struct back_sip *b = l->b;
	/* but for one, which leg-document alone bounds */
	size_t most = b->cfg.config->limits.document_queue;

	if (n == 0)
		return true;
	return l->n_documents < LEG_MAX &&
	       (!b->documents_octets || b->documents_octets + n <= most);
}

/* A short one goes as far as it can at once. */
void bs_document_take(struct bs_leg *l, struct str text)
{
	struct bs_document *d = document_new(l);

	if (!l->n_documents && text.n <= PART_OCTETS) {
		while (d->stage != DONE && !l->ended && !go_on(d, text))
			;
	} else {
		d->kept = str_dup(text);
		d->text = str_of(d->kept, text.n);
	}
	if (d->stage == DONE || l->ended)
		document_free(d);
	else
		enlist(d);
}

void bs_document_drop(struct bs_leg *l)
{
	struct bs_document *d, *next;

	for (d = TAILQ_FIRST(&l->b->documents); d; d = next) {
		next = TAILQ_NEXT(d, link);
		if (d->l != l || d == l->b->document)
			continue;
		unlist(d);
		document_free(d);
	}
	if (!l->b->document || l->b->document->l != l)
		bs_roster_stop(l);
}
