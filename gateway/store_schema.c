/* The tables, and how a database of an earlier version gets them. */
#include "gateway/store_row.h"

#define KEY_VALUE(table)                                                       \
	{                                                                      \
		.name = (table), .columns = {"key", "value"}, .n_columns = 2,  \
		.n_keys = 1                                                    \
	}

const struct table_def row_tables[ROW_TABLES] = {
    [ROW_DIALOGS] = KEY_VALUE("dialogs"),
    [ROW_CALLS] = KEY_VALUE("calls"),
    [ROW_SUBSCRIPTIONS] = KEY_VALUE("subscriptions"),
    [ROW_OCCUPANTS] = KEY_VALUE("occupants"),
    [ROW_HEARD] = KEY_VALUE("heard"),
    [ROW_USERS] = {.name = "users",
		   .columns = {"address", "realm", "md5", "sha256"},
		   .n_columns = 4,
		   .n_keys = 2},
    [ROW_ROOMS] = {.name = "rooms",
		   .columns = {"room", "owner", "locked", "configured",
			       "serial", "subject", "subject_nick",
			       "subject_stable_id", "subject_id",
			       "subject_time_ms"},
		   .n_columns = 10,
		   .n_keys = 1},
    [ROW_SETTINGS] = {.name = "settings",
		      .columns = {"room", "name", "value"},
		      .n_columns = 3,
		      .n_keys = 2},
    [ROW_AFFILIATIONS] = {.name = "affiliations",
			  .columns = {"room", "user", "affiliation", "nick",
				      "why", "hidden", "registered"},
			  .n_columns = 7,
			  .n_keys = 2},
    [ROW_NICKNAMES] = {.name = "nicknames",
		       .columns = {"room", "until_ms", "nick", "user"},
		       .n_columns = 4,
		       .n_keys = 3},
    [ROW_HISTORY] = {.name = "history",
		     .columns = {"room", "serial", "id", "time_ms", "world",
				 "client_id", "language", "subject", "nick",
				 "user", "sip_uri", "stable_id", "jid",
				 "sip_type", "sip_form", "xmpp_type",
				 "xmpp_form", "parts"},
		     .n_columns = 18,
		     .n_keys = 2},
    [ROW_PARTS] = {.name = "parts",
		   .columns = {"room", "serial", "place", "type", "language",
			       "body"},
		   .n_columns = 6,
		   .n_keys = 3},
    [ROW_ARCHIVE] = {.name = "archive",
		     .columns = {"room", "id", "time_ms", "message_id", "nick",
				 "jid", "stable_id", "stanza", "place"},
		     .n_columns = 9,
		     .n_keys = 2},
};

/* clang-format off */
#define KEY_VALUE_SQL(table)                                                   \
	"CREATE TABLE " table " ("                                             \
	" key BLOB NOT NULL PRIMARY KEY,"                                      \
	" value BLOB NOT NULL"                                                 \
	") WITHOUT ROWID;"

static const char version_1[] =
	KEY_VALUE_SQL("dialogs")
	KEY_VALUE_SQL("calls")
	KEY_VALUE_SQL("subscriptions")
	KEY_VALUE_SQL("occupants")
	"CREATE TABLE users ("
	" address TEXT NOT NULL,"
	" realm TEXT NOT NULL,"
	" md5 TEXT NOT NULL,"
	" sha256 TEXT NOT NULL,"
	" PRIMARY KEY (address, realm)"
	") WITHOUT ROWID;"
	"CREATE TABLE rooms ("
	" room TEXT NOT NULL PRIMARY KEY,"
	" owner TEXT NOT NULL,"
	" locked INTEGER NOT NULL,"
	" configured INTEGER NOT NULL,"
	" serial INTEGER NOT NULL,"
	" subject TEXT NOT NULL,"
	" subject_nick TEXT NOT NULL,"
	" subject_stable_id TEXT NOT NULL,"
	" subject_id TEXT NOT NULL,"
	" subject_time_ms INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE settings ("
	" room TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" value NOT NULL,"
	" PRIMARY KEY (room, name)"
	") WITHOUT ROWID;"
	"CREATE TABLE affiliations ("
	" room TEXT NOT NULL,"
	" user TEXT NOT NULL,"
	" affiliation TEXT NOT NULL,"
	" nick TEXT NOT NULL,"
	" why TEXT NOT NULL,"
	" hidden INTEGER NOT NULL,"
	" PRIMARY KEY (room, user)"
	") WITHOUT ROWID;"
	"CREATE TABLE nicknames ("
	" room TEXT NOT NULL,"
	" until_ms INTEGER NOT NULL,"
	" nick TEXT NOT NULL,"
	" user TEXT NOT NULL,"
	" PRIMARY KEY (room, until_ms, nick)"
	") WITHOUT ROWID;"
	"CREATE TABLE history ("
	" room TEXT NOT NULL,"
	" serial INTEGER NOT NULL,"
	" id TEXT NOT NULL,"
	" time_ms INTEGER NOT NULL,"
	" world TEXT NOT NULL,"
	" client_id TEXT NOT NULL,"
	" language TEXT NOT NULL,"
	" subject TEXT,"
	" nick TEXT NOT NULL,"
	" user TEXT NOT NULL,"
	" sip_uri TEXT NOT NULL,"
	" stable_id TEXT NOT NULL,"
	" jid TEXT NOT NULL,"
	" sip_type TEXT,"
	" sip_form BLOB,"
	" xmpp_type TEXT,"
	" xmpp_form BLOB,"
	" parts INTEGER NOT NULL,"
	" PRIMARY KEY (room, serial)"
	");"
	"CREATE TABLE parts ("
	" room TEXT NOT NULL,"
	" serial INTEGER NOT NULL,"
	" place INTEGER NOT NULL,"
	" type TEXT NOT NULL,"
	" language TEXT NOT NULL,"
	" body BLOB NOT NULL,"
	" PRIMARY KEY (room, serial, place)"
	");";

static const char version_2[] =
	"ALTER TABLE affiliations"
	" ADD COLUMN registered INTEGER NOT NULL DEFAULT 0;";

/* A message's place is its order in the archive, never used again. */
static const char version_3[] =
	"CREATE TABLE archive ("
	" room TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" time_ms INTEGER NOT NULL,"
	" message_id TEXT NOT NULL,"
	" nick TEXT NOT NULL,"
	" jid TEXT NOT NULL,"
	" stable_id TEXT NOT NULL,"
	" stanza BLOB NOT NULL,"
	" place INTEGER PRIMARY KEY AUTOINCREMENT,"
	" UNIQUE (room, id)"
	");"
	"CREATE INDEX archive_places ON archive (room, place);"
	"CREATE INDEX archive_times ON archive (room, time_ms);";

static const char version_4[] = KEY_VALUE_SQL("heard");
/* clang-format on */

const char *const row_migrations[STORE_VERSION] = {version_1, version_2,
						   version_3, version_4};
