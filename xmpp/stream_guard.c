/* libstrophe forgets the namespace of an attribute, so that p:from='..', which
 * a user may write and servers pass on, would overwrite the from='..' that the
 * server vouches for. expat's function through which libstrophe says where
 * elements go is therefore defined here: calls from a library find the
 * program's symbol first. */
#include <dlfcn.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "xmpp/stream_priv.h"

typedef void set_handler_fn(XML_Parser parser, XML_StartElementHandler start,
			    XML_EndElementHandler end);

#define SEPARATOR '\x1f'
#define XML_LANG  "http://www.w3.org/XML/1998/namespace\x1flang"

/* libstrophe's own handler, one and the same for all its parsers; expat gives
 * a handler nothing through which it could be found again. */
static XML_StartElementHandler inner_start;

/* A qualified name is namespace, separator, local name; the separator is an
 * octet that XML does not allow. */
static bool is_foreign(const XML_Char *name)
{
	return strchr(name, SEPARATOR) && strcmp(name, XML_LANG) != 0;
}

/* One more than the tree takes goes on, so that the stanza is refused there. */
static void on_start(void *user, const XML_Char *name, const XML_Char **attrs)
{
	const XML_Char *plain[2 * (STREAM_ATTRS_MAX + 1) + 1];
	size_t n = 0;

	for (; attrs[0] && n < 2 * (STREAM_ATTRS_MAX + 1); attrs += 2) {
		if (is_foreign(attrs[0]))
			continue;
		plain[n++] = attrs[0];
		plain[n++] = attrs[1];
	}
	plain[n] = NULL;
	inner_start(user, name, plain);
}

static bool is_libstrophe(XML_StartElementHandler start)
{
	void *address;
	Dl_info info;

	memcpy(&address, &start, sizeof(address));
	return dladdr(address, &info) && info.dli_fname &&
	       strstr(info.dli_fname, "libstrophe");
}

void XML_SetElementHandler(XML_Parser parser, XML_StartElementHandler start,
			   XML_EndElementHandler end)
{
	set_handler_fn *real;
	void *symbol = dlsym(RTLD_NEXT, "XML_SetElementHandler");

	if (!symbol)
		abort();
	memcpy(&real, &symbol, sizeof(real));
	if (is_libstrophe(start)) {
		inner_start = start;
		start = on_start;
	}
	real(parser, start, end);
}

bool stream_guard_ready(void)
{
	return inner_start != NULL;
}
