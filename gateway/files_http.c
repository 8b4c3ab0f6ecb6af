#include "gateway/files_http.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/http.h"

#define BACKLOG 128

struct files_http {
	struct files *files;
	struct http *http;
	uint16_t port;
};

static void not_found(struct evhttp_request *req)
{
	http_answer(req, 404, "text/plain", STR("no such file\n"), NULL);
}

/* .../token/name: whatever stands in front is a matter of the proxy that people
 * reach us by. The name must be the file's, for what is saved goes by it. */
static const struct kept_file *find(const struct files *f,
				    struct evhttp_request *req)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	struct str path = str_z(uri ? evhttp_uri_get_path(uri) : NULL);
	const struct kept_file *k = NULL;
	ptrdiff_t slash = str_rfind(path, '/');
	struct str before;
	size_t n = 0;
	char *name;

	if (slash < FILE_TOKEN)
		return NULL;
	before = str_of(path.p, (size_t)slash);
	if (before.n > FILE_TOKEN && before.p[before.n - FILE_TOKEN - 1] != '/')
		return NULL;
	name = evhttp_uridecode(path.p + slash + 1, 0, &n);
	k = files_find(f, str_from(before, before.n - FILE_TOKEN));
	if (!name || !k || !str_eq(str_of(name, n), k->head.name))
		k = NULL;
	free(name);
	return k;
}

/* RFC 6266 §4.3: by two spellings of the name. */
static void put_disposition(struct buf *b, struct str name, bool shown)
{
	buf_addz(b, shown ? "inline" : "attachment");
	buf_addz(b, "; filename=\"");
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		buf_addc(b, c < 0x80 && c != '"' && c != '\\' ? (char)c : '_');
	}
	buf_addz(b, "\"; filename*=UTF-8''");
	file_percent(b, name);
}

/* 200, 206 or 416, and what of it. */
static int wanted(struct evhttp_request *req, uint64_t size, uint64_t *at,
		  uint64_t *n, struct buf *range)
{
	const char *value =
	    evhttp_find_header(evhttp_request_get_input_headers(req), "Range");
	int status = file_range(str_z(value), size, at, n);

	if (status == 206)
		buf_addf(range, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, *at,
			 *at + *n - 1, size);
	else if (status == 416)
		buf_addf(range, "bytes */%" PRIu64, size);
	return status;
}

static void serve(struct files_http *h, struct evhttp_request *req,
		  const struct kept_file *k, int take_fd)
{
	struct buf disposition = BUF_INIT(4096), range = BUF_INIT(128);
	uint64_t at, n;
	bool shown;
	const char *type = file_served_type(k->head.type, &shown);
	int status = wanted(req, k->size, &at, &n, &range);
	const char *headers[] = {
	    "Content-Type", type,
	    /* nothing in it is run, whatever it holds */
	    "X-Content-Type-Options", "nosniff", "Content-Security-Policy",
	    "default-src 'none'; sandbox", "Referrer-Policy", "no-referrer",
	    /* clients in browsers; the link is the secret */
	    "Access-Control-Allow-Origin", "*", "Accept-Ranges", "bytes",
	    "Cache-Control", "private, max-age=86400, immutable",
	    "Content-Disposition", "", NULL, NULL, NULL};
	const size_t last = sizeof(headers) / sizeof(*headers) - 4;

	put_disposition(&disposition, k->head.name, shown);
	headers[last] = buf_z(&disposition);
	if (range.n) {
		headers[last + 1] = "Content-Range";
		headers[last + 2] = buf_z(&range);
	}
	if (status == 416)
		n = 0;
	http_answer_file(h->http, req, status, take_fd, k->head_n + at, n,
			 headers);
	buf_done(&range);
	buf_done(&disposition);
}

static void on_request(void *user, struct evhttp_request *req)
{
	struct files_http *h = user;
	const struct kept_file *k = find(h->files, req);
	bool get = evhttp_request_get_command(req) == EVHTTP_REQ_GET;
	int fd = k ? files_read(h->files, k, get) : -1;

	if (fd < 0)
		not_found(req);
	else
		serve(h, req, k, fd);
}

int files_http_new(struct loop *loop, const struct config *config,
		   struct files *files, struct files_http **out, char why[256])
{
	struct files_http *h;
	struct addr a;
	int fd = addr_parse(str_z(config->files.listen), &a);

	if (fd == 0)
		fd = net_listen_tcp(&a, BACKLOG);
	if (fd < 0) {
		snprintf(why, 256, "files listen %.100s: %s",
			 config->files.listen, err_text(fd));
		return fd;
	}
	a.len = sizeof(a.in6);
	getsockname(fd, &a.sa, &a.len);
	h = mem_new(sizeof(*h));
	h->files = files;
	h->port = addr_port(&a);
	h->http = http_new(&(struct http_cfg){
	    .loop = loop,
	    .fd = fd,
	    .methods = EVHTTP_REQ_GET | EVHTTP_REQ_HEAD,
	    .max_connections = config->files.max_connections,
	    .request = on_request,
	    .user = h,
	});
	*out = h;
	return 0;
}

uint16_t files_http_port(const struct files_http *h)
{
	return h->port;
}

void files_http_free(struct files_http *h)
{
	if (!h)
		return;
	http_free(h->http);
	free(h);
}
