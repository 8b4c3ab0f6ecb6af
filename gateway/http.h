/* A small HTTP server on a listening socket, for the administrator, Prometheus
 * and those who fetch files: one request per connection, few connections at a
 * time, short headers and bodies, no waiting for slow ones. */
#pragma once

#include <event2/http.h>

#include "base/buf.h"
#include "base/loop.h"

struct http;

struct http_cfg {
	struct loop *loop;
	int fd;			/* listening, non-blocking; consumed */
	uint16_t methods;	/* EVHTTP_REQ_*, others get 501 */
	size_t max_body;	/* octets; more gets 413 */
	size_t max_connections; /* at a time, others wait; 0 = 16 */
	/* A whole request; http_answer() before it returns, or
	 * http_answer_later(). */
	void (*request)(void *user, struct evhttp_request *req);
	void *user;
};

struct http *http_new(const struct http_cfg *cfg);
/* Closes everything. Not inside a request. NULL is fine. */
void http_free(struct http *h);
/* Answers with this body (empty: none) of this type, and closes. headers: pairs
 * of name and value up to a NULL, or NULL. */
void http_answer(struct evhttp_request *req, int status, const char *type,
		 struct str body, const char *const *headers);
/* The answer comes after `request` has returned, within a minute: until then
 * the connection waits. Answer it even if the peer has gone meanwhile, and
 * before http_free. */
void http_answer_later(struct evhttp_request *req);
/* Answers with n octets of this file from `at` on, and closes; fd is consumed.
 * headers: as above, Content-Type among them. A peer that takes less than 8 KB
 * a second is cut off. */
void http_answer_file(struct http *h, struct evhttp_request *req, int status,
		      int take_fd, uint64_t at, uint64_t n,
		      const char *const *headers);
