#include "mapping/presence.h"

const char *map_role_name(enum role r)
{
	switch (r) {
	case ROLE_VISITOR:
		return "visitor";
	case ROLE_PARTICIPANT:
		return "participant";
	case ROLE_MODERATOR:
		return "moderator";
	case ROLE_NONE:
		break;
	}
	return "none";
}

const char *map_affiliation_name(enum affiliation a)
{
	switch (a) {
	case AFF_OUTCAST:
		return "outcast";
	case AFF_MEMBER:
		return "member";
	case AFF_ADMIN:
		return "admin";
	case AFF_OWNER:
		return "owner";
	case AFF_NONE:
		break;
	}
	return "none";
}

bool map_affiliation_read(struct str name, enum affiliation *out)
{
	for (enum affiliation a = AFF_OUTCAST; a <= AFF_OWNER; a++)
		if (str_eq(name, str_z(map_affiliation_name(a)))) {
			*out = a;
			return true;
		}
	return false;
}

size_t map_role_to_confinfo(enum role r, enum affiliation a,
			    struct str roles[4])
{
	size_t n = 0;

	switch (r) {
	case ROLE_MODERATOR:
		roles[n++] = STR("moderator");
		break;
	case ROLE_PARTICIPANT:
		roles[n++] = STR("participant");
		break;
	case ROLE_VISITOR:
		roles[n++] = STR("observer");
		break;
	case ROLE_NONE:
		break;
	}
	if (a == AFF_ADMIN || a == AFF_OWNER)
		roles[n++] = STR("administrator");
	return n;
}

void map_role_from_confinfo(const struct str *roles, size_t n, enum role *r,
			    enum affiliation *a)
{
	bool administrator = false, moderator = false, observer = false;

	for (size_t i = 0; i < n; i++) {
		administrator |= str_eq(roles[i], STR("administrator"));
		moderator |= str_eq(roles[i], STR("moderator"));
		observer |= str_eq(roles[i], STR("observer"));
	}
	*a = administrator ? AFF_ADMIN : AFF_NONE;
	if (administrator || moderator)
		*r = ROLE_MODERATOR;
	else
		*r = observer ? ROLE_VISITOR : ROLE_PARTICIPANT;
}

struct str map_show(struct str show)
{
	static const struct str known[] = {
	    {"away", 4}, {"chat", 4}, {"dnd", 3}, {"xa", 2}};

	show = str_trim_space(show);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(show, known[i]))
			return known[i];
	return STR_NONE;
}
