/* What a room elsewhere refuses, as the neutral reasons have it. */
#include "mapping/reason.h"

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* Who or what is not let in; others follow their status. */
static const struct {
	const char *condition;
	enum reason_code reason;
} refusals[] = {
    {"conflict", REASON_NICK_TAKEN},
    {"forbidden", REASON_BANNED},
    {"not-allowed", REASON_NOT_ALLOWED},
    {"not-authorized", REASON_PASSWORD},
    {"registration-required", REASON_MEMBERS_ONLY},
    {"remote-server-not-found", REASON_NO_SERVER},
};

static enum reason_code by_status(int status)
{
	switch (status) {
	case 403:
		return REASON_FORBIDDEN;
	case 404:
		return REASON_NO_ROOM;
	case 406:
		return REASON_NOT_ACCEPTED;
	case 408:
		return REASON_TIMEOUT;
	case 410:
		return REASON_ROOM_GONE;
	case 480:
		return REASON_UNAVAILABLE;
	case 486:
		return REASON_FULL;
	case 500:
		return REASON_FAULT;
	case 501:
		return REASON_UNSUPPORTED;
	}
	return REASON_BAD_REQUEST;
}

enum reason_code map_error_to_refusal(struct stanza_error e)
{
	struct map_error_context c = {.no_dialog = true};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (is(e.condition, refusals[i].condition))
			return refusals[i].reason;
	return by_status(map_error_to_sip(e, c));
}

enum reason_code map_error_to_unsaid(struct stanza_error e,
				     struct map_error_context c)
{
	switch (map_error_to_send(e, c)) {
	case 400:
		return REASON_BAD_REQUEST;
	case 404:
		return REASON_NO_OCCUPANT;
	case 408:
		return REASON_TIMEOUT;
	case 413:
		return REASON_TOO_BIG;
	case 428:
		return REASON_NO_PRIVATE;
	case 481:
		return REASON_NOT_JOINED;
	}
	return REASON_FORBIDDEN;
}

enum reason_code map_error_to_bad_nick(struct stanza_error e)
{
	switch (map_error_to_nickname(e)) {
	case 408:
		return REASON_TIMEOUT;
	case 424:
		return REASON_BAD_NICK;
	case 425:
		return REASON_NICK_TAKEN;
	}
	return REASON_FORBIDDEN;
}
