/* Parse, print, parse is stable; so are the times and types read on the way. */
#include <assert.h>

#include "base/err.h"
#include "base/rfc3339.h"
#include "msrp/cpim.h"

static void same(struct str a, struct str b)
{
	assert(str_eq(a, b));
}

static void print(struct buf *b, const struct cpim *m)
{
	struct cpim_out out = {
	    .from = m->from,
	    .to = m->to,
	    .datetime = m->datetime,
	    .subject = m->subject,
	    .subject_lang = m->subject_lang,
	    .content_type = m->content_type,
	    .content_language = m->content_language,
	    .body = m->body,
	};

	cpim_write(b, &out);
}

static void times(struct str s)
{
	char z[RFC3339_MAX];
	uint64_t ms, again;

	if (rfc3339_parse(s, &ms))
		return;
	assert(rfc3339_parse(str_z(rfc3339_millis(ms, z)), &again) == 0);
	assert(ms == again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);
	struct arena *a = arena_new(1 << 20);
	struct buf one = BUF_INIT(1 << 24), two = BUF_INIT(1 << 24);
	struct cpim m, n;

	if (cpim_parse(in, a, &m) == 0 && m.n_from && m.n_to) {
		assert(m.cpim_end <= in.n);
		times(m.datetime);
		mime_param(m.content_type, STR("charset"));
		print(&one, &m);
		int err = cpim_parse(buf_str(&one), a, &n);
		/* escapes may push a long head over the limit */
		assert(err == 0 || err == ERR_TOO_BIG);
		if (err == 0) {
			same(m.from.name, n.from.name);
			same(m.from.uri, n.from.uri);
			same(m.to.name, n.to.name);
			same(m.to.uri, n.to.uri);
			same(m.subject, n.subject);
			same(m.body, n.body);
			print(&two, &n);
			same(buf_str(&one), buf_str(&two));
		}
	}
	buf_done(&one);
	buf_done(&two);
	arena_free(a);
	return 0;
}
