/* The SIP users who log in by digest: /users. Passwords only come in. */
#include "gateway/admin_priv.h"

#include "base/err.h"
#include "gateway/users.h"

static void get_users(struct admin_call *c)
{
	struct str domain = admin_param(c, "domain");
	json_t *all = json_array();
	const struct user *u;

	for (size_t it = 0;
	     c->a->cfg.users && (u = users_next(c->a->cfg.users, &it));) {
		struct str of = u->address;

		str_split(&of, '@');
		if (!domain.n || str_ieq(of, domain))
			json_array_append_new(
			    all,
			    json_pack("{s:o}", "user", admin_str(u->address)));
	}
	admin_answer(c, 200, json_pack("{s:o}", "users", all));
}

static void answer(struct admin_call *c, int err)
{
	switch (err) {
	case 0:
		admin_done(c);
		break;
	case ERR_GONE:
		admin_refuse(c, 404, "no such user");
		break;
	case ERR_STATE:
		admin_refuse(c, 409, "nobody logs in here");
		break;
	case ERR_MISSING:
		admin_refuse(c, 400, "a password is needed");
		break;
	case ERR_TOO_BIG:
		admin_refuse(c, 400, "the address or the password is too long");
		break;
	default:
		admin_refuse(c, 400, "not the address of a user: USER@DOMAIN");
		break;
	}
}

/* {"password": "text"}: a new user, or a new password */
static void put_user(struct admin_call *c)
{
	if (c->a->cfg.users)
		answer(c, users_set(c->a->cfg.users, c->seg[1],
				    admin_param(c, "password")));
	else
		answer(c, ERR_STATE);
}

static void delete_user(struct admin_call *c)
{
	if (c->a->cfg.users)
		answer(c, users_delete(c->a->cfg.users, c->seg[1]));
	else
		answer(c, ERR_STATE);
}

const struct admin_route admin_user_routes[] = {
    {"users", EVHTTP_REQ_GET, get_users},
    {"users/*", EVHTTP_REQ_PUT, put_user},
    {"users/*", EVHTTP_REQ_DELETE, delete_user},
    {NULL, 0, NULL},
};
