/* What is read, written and read again is written the same. */
#include <assert.h>

#include "tests/lib/confinfo_whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_doc(struct buf *b, const struct confinfo_doc *doc)
{
	struct confinfo_room room = {
	    .entity = doc->entity,
	    .display_text = doc->display_text,
	    .subject = doc->subject,
	    .user_count = doc->user_count,
	};

	confinfo_begin(b, doc->entity, doc->version, doc->state);
	confinfo_description(b, &room);
	confinfo_conference_state(b, &room);
	confinfo_users_begin(b, doc->users_state);
	for (const struct confinfo_user_node *u = doc->users; u; u = u->next)
		confinfo_user(b, &u->user);
	confinfo_users_end(b);
	confinfo_end(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(4u << 20);
	struct buf first = BUF_INIT(CONFINFO_BYTES_MAX);
	struct buf second = BUF_INIT(CONFINFO_BYTES_MAX);
	struct confinfo_doc doc;

	if (confinfo_parse(str_of((const char *)data, size), a, &doc) == 0) {
		write_doc(&first, &doc);
		assert(first.err == 0);
		arena_reset(a);
		assert(confinfo_parse(buf_str(&first), a, &doc) == 0);
		write_doc(&second, &doc);
		assert(str_eq(buf_str(&first), buf_str(&second)));
	}
	buf_done(&first);
	buf_done(&second);
	arena_free(a);
	return 0;
}
