/* Any split of the octets gives the same events, and what is read can be
 * written and read again. */
#include <assert.h>

#include "base/err.h"
#include "msrp/frame.h"

/* The events as text. */
struct told {
	struct buf text;
	struct msrp_parser parser;
	bool failed;
};

static void note(struct told *t, const struct msrp_event *ev)
{
	const struct msrp_head *h = &t->parser.head;

	switch (ev->type) {
	case MSRP_HEAD:
		buf_addf(&t->text, "\nhead %.*s %d %u %s %s\n", STR_ARG(h->tid),
			 (int)h->method, h->status, h->bad ? h->bad : "",
			 h->bad_value ? h->bad_value : "");
		buf_add(&t->text, h->to_path);
		buf_add(&t->text, h->from_path);
		buf_add(&t->text, h->message_id);
		buf_add(&t->text, h->content_type);
		buf_add(&t->text, STR("\nbody "));
		break;
	case MSRP_BODY:
		assert(ev->data.n);
		buf_add(&t->text, ev->data);
		break;
	case MSRP_END:
		buf_addf(&t->text, "\nend %c\n", ev->flag);
		break;
	case MSRP_MORE:
		break;
	}
}

/* Lets the parser see `have` octets; returns how many it has used up by then.
 */
static size_t see(struct told *t, struct str in, size_t used, size_t have)
{
	while (!t->failed) {
		struct msrp_event ev;
		ptrdiff_t n = msrp_parser_next(
		    &t->parser, str_of(in.p + used, have - used), &ev);

		if (n < 0) {
			buf_addf(&t->text, "error %d\n", (int)n);
			t->failed = true;
			break;
		}
		if (ev.type == MSRP_MORE)
			break;
		note(t, &ev);
		used += (size_t)n;
	}
	return used;
}

static void start(struct told *t)
{
	t->failed = false;
	buf_init(&t->text, SIZE_MAX / 2);
	msrp_parser_init(&t->parser);
}

static void end(struct told *t)
{
	buf_done(&t->text);
	msrp_parser_done(&t->parser);
}

/* Steps of changing length, which the input itself chooses. */
static void in_steps(struct told *t, struct str in, unsigned seed)
{
	size_t used = 0, have = 0;

	while (have < in.n) {
		have += 1 + (seed = seed * 1103515245 + 12345) / 65536 % 23;
		if (have > in.n)
			have = in.n;
		used = see(t, in, used, have);
	}
}

/* A good head, written and read, is the same head. */
static void round_trip(const struct msrp_head *h)
{
	struct msrp_frame f = {
	    .tid = h->tid,
	    .to_path = h->to_path,
	    .from_path = h->from_path,
	    .message_id = h->message_id,
	    .range = h->range,
	    .success_report = h->success_report,
	    .failure_report = h->failure_report,
	    .report_status = h->report_status,
	    .content_type = h->content_type,
	    .status = h->status,
	    .comment = h->method == MSRP_RESPONSE ? h->comment : STR_NONE,
	};
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	struct told t;
	size_t used;

	if (h->tid.n == 0 || h->bad || h->bad_value || h->method == MSRP_OTHER)
		return;
	if (h->method != MSRP_RESPONSE)
		f.method = h->method == MSRP_SEND     ? STR("SEND")
			   : h->method == MSRP_REPORT ? STR("REPORT")
						      : STR("NICKNAME");
	msrp_put_head(&b, &f);
	msrp_put_end(&b, f.tid, f.content_type.n > 0, '$');
	start(&t);
	used = see(&t, buf_str(&b), 0, b.n);
	assert(used == b.n && !t.failed);
	assert(!t.parser.head.bad && !t.parser.head.bad_value);
	assert(t.parser.head.method == h->method);
	assert(str_eq(t.parser.head.to_path, h->to_path));
	assert(str_eq(t.parser.head.message_id, h->message_id));
	assert(str_eq(t.parser.head.content_type, h->content_type));
	assert(t.parser.head.range.start == h->range.start);
	end(&t);
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);
	struct told whole, split;

	start(&whole);
	see(&whole, in, 0, in.n);
	start(&split);
	in_steps(&split, in, size ? data[size - 1] : 0);
	assert(str_eq(buf_str(&whole.text), buf_str(&split.text)));
	round_trip(&whole.parser.head);
	end(&split);
	end(&whole);
	return 0;
}
