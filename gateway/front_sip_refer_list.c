/* One REFER for several people (RFC 5368). */
#include <stdlib.h>

#include "gateway/front_sip_call.h"
#include "gateway/front_sip_refer.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/uri.h"

static bool cid_of(const struct port_msg *m, struct buf *out)
{
	struct str value = str_trim(m->f[PORT_F_REFER_TO]);

	if (value.n > 1 && value.p[0] == '<') {
		value = str_from(value, 1);
		value = str_split(&value, '>');
	}
	return str_istarts(value, STR("cid:")) &&
	       uri_unescape(out, str_from(value, 4)) == 0;
}

bool refer_is_list(const struct port_msg *m)
{
	struct buf cid = BUF_INIT(1024);
	bool is = cid_of(m, &cid);

	buf_done(&cid);
	return is;
}

/* The list that is meant: 200, or the status owed. */
static int read_list(const struct port_msg *m, struct arena *a,
		     struct uri_list *out)
{
	struct buf cid = BUF_INIT(1024);
	struct sip_body body;
	int status = sip_body(m, &body);
	int err;

	cid_of(m, &cid);
	if (status == 200 &&
	    (!body.list.n || !str_eq(body.list_id, buf_str(&cid))))
		status = 400;
	buf_done(&cid);
	if (status != 200)
		return status;
	err = list_parse(body.list, a, out);
	if (err == ERR_TOO_BIG)
		return 413;
	return err < 0 || !out->n ? 400 : 200;
}

/* What of it ends the requester's own stay comes last. */
static bool ends_own_stay(const struct refer *q)
{
	return !refer_invites(q) &&
	       (q->whole_room || str_eq(q->user, q->requester));
}

static int read_entries(struct front_sip *f, struct arena *a,
			const struct refer *q, const struct uri_list *l,
			struct refer *each, const char **why)
{
	struct call *by = refer_call(f, q);

	for (size_t i = 0; i < l->n; i++) {
		int status;

		each[i] = *q;
		status = refer_read_to(
		    f, &each[i], a,
		    arena_printf(a, "<%.*s>", STR_ARG(l->entry[i].uri)));
		if (status == 200)
			status = refer_check(f, by, &each[i], why);
		if (status != 200)
			return status;
	}
	return 200;
}

static void act_on_all(struct front_sip *f, const struct port_msg *m,
		       struct arena *a, const struct refer *each, size_t n)
{
	for (int last = 0; last < 2; last++)
		for (size_t i = 0; i < n; i++) {
			struct call *by = refer_call(f, &each[i]);

			if (by && ends_own_stay(&each[i]) == (last == 1))
				refer_act(f, by, m, &each[i], a, 0);
		}
}

int refer_list(struct front_sip *f, struct dialog *d, const struct port_msg *m,
	       struct arena *a, struct refer *q, const char **why)
{
	struct uri_list *l = mem_new(sizeof(*l));
	struct refer *each = NULL;
	struct buf history = BUF_INIT(PORT_BODY_MAX);
	int status;

	*why = "no usable list of people";
	status = read_list(m, a, l);
	if (status == 200) {
		list_write_history(&history, l);
		q->history = buf_str(&history);
		q->silent = true;
		each = mem_new_array(l->n, sizeof(*each));
		status = read_entries(f, a, q, l, each, why);
	}
	if (status == 200) {
		refer_accept(f, d, m, q);
		act_on_all(f, m, a, each, l->n);
	}
	buf_done(&history);
	free(each);
	free(l);
	return status;
}
