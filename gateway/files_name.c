#include "gateway/files_name.h"

#include "base/err.h"
#include "base/utf8.h"

/* --- types --- */

/* What browsers show without running anything of it. */
static const struct {
	const char *type, *ending;
	bool shown;
	const char *served; /* NULL: as type */
} known[] = {
    {"image/png", ".png", true, NULL},
    {"image/jpeg", ".jpg", true, NULL},
    {"image/jpg", ".jpg", true, "image/jpeg"},
    {"image/gif", ".gif", true, NULL},
    {"image/webp", ".webp", true, NULL},
    {"image/avif", ".avif", true, NULL},
    {"image/heic", ".heic", true, NULL},
    {"image/bmp", ".bmp", true, NULL},
    {"video/mp4", ".mp4", true, NULL},
    {"video/webm", ".webm", true, NULL},
    {"video/ogg", ".ogv", true, NULL},
    {"video/quicktime", ".mov", true, NULL},
    {"audio/mpeg", ".mp3", true, NULL},
    {"audio/mp4", ".m4a", true, NULL},
    {"audio/aac", ".aac", true, NULL},
    {"audio/ogg", ".ogg", true, NULL},
    {"audio/opus", ".opus", true, NULL},
    {"audio/flac", ".flac", true, NULL},
    {"audio/webm", ".weba", true, NULL},
    {"audio/wav", ".wav", true, NULL},
    {"audio/x-wav", ".wav", true, "audio/wav"},
    {"text/plain", ".txt", true, "text/plain; charset=utf-8"},
    {"application/pdf", ".pdf", false, NULL},
    {"application/zip", ".zip", false, NULL},
};
#define N_KNOWN (sizeof(known) / sizeof(*known))

/* Its place among them; N_KNOWN: it is none of them. */
static size_t find_type(struct str type)
{
	size_t i = 0;

	while (i < N_KNOWN && !str_ieq(type, str_z(known[i].type)))
		i++;
	return i;
}

const char *file_served_type(struct str type, bool *shown)
{
	size_t i = find_type(type);

	*shown = i < N_KNOWN && known[i].shown;
	if (i == N_KNOWN)
		return "application/octet-stream";
	return known[i].served ? known[i].served : known[i].type;
}

/* --- names --- */

static struct str last_part(struct str s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\')
			return str_from(s, i);
	return s;
}

/* Turns what follows around, or can't be seen: "gnp.exe" as "exe.png". */
static bool is_hidden_mark(int32_t cp)
{
	return (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0x061c || cp == 0xfeff;
}

static void add_clean(struct buf *out, struct str s)
{
	size_t i = 0;

	while (i < s.n) {
		size_t from = i;
		int32_t cp = utf8_next(s, &i);

		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
		    is_hidden_mark(cp) || !xml_char((uint32_t)cp) ||
		    (cp < 0x80 && str_find(STR("<>:\"|?*"), (char)cp) >= 0))
			buf_addc(out, '_');
		else
			buf_add(out, str_of(s.p + from, i - from));
	}
}

/* Where a character begins, at most `most` octets from the start. */
static size_t cut_at(struct str s, size_t most)
{
	size_t n = s.n < most ? s.n : most;

	while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Cuts out of the middle. */
static void add_short(struct buf *out, struct str name)
{
	ptrdiff_t dot = str_rfind(name, '.');
	struct str ending = STR_NONE;

	if (dot > 0 && name.n - (size_t)dot <= 16)
		ending = str_from(name, (size_t)dot);
	name.n -= ending.n;
	buf_add(out, str_of(name.p, cut_at(name, FILE_NAME_MAX - ending.n)));
	buf_add(out, ending);
}

void file_name_clean(struct buf *out, struct str wanted, struct str type)
{
	struct str name = str_trim_space(last_part(wanted));
	struct buf b = BUF_INIT(8192);
	size_t i = find_type(type);

	if (name.n > 1024)
		name.n = 1024;
	while (name.n && (*name.p == '.' || *name.p == ' '))
		name = str_from(name, 1);
	add_clean(&b, name);
	if (b.n) {
		add_short(out, buf_str(&b));
	} else {
		buf_addz(out, "file");
		if (i < N_KNOWN)
			buf_addz(out, known[i].ending);
	}
	buf_done(&b);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

bool file_is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]))
			return false;
	return s.n == FILE_TOKEN;
}

void file_percent(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (is_alnum(c) || str_find(STR("-._~"), c) >= 0)
			buf_addc(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned char)c);
	}
}

/* --- ranges --- */

int file_range(struct str value, uint64_t size, uint64_t *at, uint64_t *n)
{
	struct str first, last = str_trim(value);
	uint64_t from, to = UINT64_MAX;

	*at = 0;
	*n = size;
	if (!str_istarts(last, STR("bytes=")) || str_find(last, '-') < 0)
		return 200;
	last = str_from(last, 6);
	first = str_trim(str_split(&last, '-'));
	last = str_trim(last);
	if (last.n && str_u64(last, INT64_MAX, &to) < 0)
		return 200;
	if (!first.n && !last.n)
		return 200;
	if (!first.n) { /* the last octets */
		if (to == 0 || size == 0)
			return 416;
		*at = to < size ? size - to : 0;
		*n = size - *at;
		return 206;
	}
	if (str_u64(first, INT64_MAX, &from) < 0 || to < from)
		return 200;
	if (from >= size)
		return 416;
	*at = from;
	*n = (to < size ? to + 1 : size) - from;
	return 206;
}
