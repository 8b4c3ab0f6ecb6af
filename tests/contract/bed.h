/* What the contract of seats is tested on: a room with other people in it,
 * wherever it lives. The tests know seats and this; a bed knows
 * one back end, and what would be on the other side of it. */
#pragma once

#include "tests/lib/fake_seat.h"
#include "tests/scenario/scene.h"
#include "xmpp/stanza.h"

#define OUR_USERS 2
#define OURS	  4 /* seats */

struct bed;

/* One of our seats: it keeps a roster by what it is told, and fails the test
 * when it is told what it must not be. */
struct ours {
	struct bed *bed;
	struct fake_seat fake;
	bool wants_roster, in, over;
	uint64_t op_due[64]; /* operations without a result so far */
	size_t n_due;
	uint64_t last_op;
	struct buf roster; /* "Ann\nBen\n", as told */
	void (*then)(struct ours *o, const struct seat_ev *ev);
	unsigned n_then;
};

struct bed_kind {
	const char *name;
	const char *config, *room;
	enum world world; /* of our users */
	/* Where the other side is not told who set a subject, "". */
	const char *subject_by;
	/* What one who is nobody in particular gets for what he wants. */
	struct {
		enum reason_code subject, kick, destroy;
		enum reason_code mute; /* for what the mute say */
	} promised;
	bool tells_actor; /* who removed somebody */

	/* In the room: Ann, who has a say there, and Ben. Its subject is
	 * "tea". */
	void (*up)(struct bed *b);
	void (*down)(struct bed *b);
	/* Everything that is under way takes its course: who is asked answers.
	 */
	void (*settle)(struct bed *b);
	/* The next who wants to come in is refused for this reason: returns the
	 * one he has to hear; REASON_OK: such a room can't. */
	enum reason_code (*refuse)(struct bed *b, enum reason_code why);

	/* What others do. */
	void (*enter)(struct bed *b, const char *nick);
	void (*go)(struct bed *b, const char *nick, const char *why);
	void (*say)(struct bed *b, const char *nick, const char *text);
	void (*whisper)(struct bed *b, const char *nick, const char *text);
	void (*rename)(struct bed *b, const char *nick, const char *to);
	void (*show)(struct bed *b, const char *nick, const char *show,
		     const char *status);
	void (*subject)(struct bed *b, const char *text); /* Ann */
	void (*kick)(struct bed *b, const char *nick, const char *why);
	void (*close)(struct bed *b, const char *why);
	void (*shut_down)(struct bed *b); /* ourselves */
	/* Our user may remove others now. False: nobody can from here. */
	bool (*promote)(struct bed *b);
	/* What Ann has said before he comes. */
	void (*history)(struct bed *b, const char *text);
	void (*mute)(struct bed *b); /* our user */
	/* He may set the subject no more. */
	void (*hush)(struct bed *b);

	/* How often they have heard this text, all of them or (to) one. */
	size_t (*heard)(struct bed *b, const char *to, const char *text);
	/* Is somebody of this name there, as they see it? */
	bool (*sees)(struct bed *b, const char *nick);
};

struct bed {
	const struct bed_kind *kind;
	struct scene *s;
	void *room; /* the bed's own */
	struct ours ours[OURS];
};

/* Of the one back end that is linked to the tests. */
extern const struct bed_kind *const bed_kinds[];
extern const size_t n_bed_kinds;

/* In a log of lines "to, tab, text": how often to was told it, NULL: how often
 * all were, at the head of a line. */
static inline size_t lines_heard(struct str log, const char *to,
				 const char *text)
{
	char line[1024];
	ptrdiff_t at;
	size_t n = 0;

	snprintf(line, sizeof(line), "%s\t%s\n", to ? to : "", text);
	while ((at = str_search(log, str_z(line))) >= 0) {
		if (to || at == 0 || log.p[at - 1] == '\n')
			n++;
		log = str_from(log, (size_t)at + 1);
	}
	return n;
}

/* Text as XML has it, in the scene's arena. */
static inline const char *escaped(const struct bed *b, struct str text)
{
	struct buf out = BUF_INIT(1u << 24);
	struct str z;

	x_put_text(&out, "t", text); /* <t>text</t> */
	z = arena_dup(b->s->arena, buf_str(&out));
	buf_done(&out);
	return arena_dup(b->s->arena, str_of(z.p + 3, z.n - 7)).p;
}
