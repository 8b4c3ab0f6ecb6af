/* MSRP frames as bytes, both ways (RFC 4975 §7, §9). Pure.
 *
 * The parser looks at the octets received and not yet consumed, in one piece,
 * and tells one event at a time: the head of a frame, then pieces of its body,
 * then its end. It yields the same events however the octets were cut on their
 * way. */
#pragma once

#include "base/buf.h"
#include "msrp/msrp.h"

#define MSRP_TID_MAX	 64
#define MSRP_START_MAX	 256
#define MSRP_HEADER_MAX	 8192
#define MSRP_BLOCK_MAX	 16384
#define MSRP_HEADERS_MAX 64
#define MSRP_NUMBER_MAX	 (UINT64_C(1) << 53)

enum msrp_method {
	MSRP_RESPONSE,
	MSRP_SEND,
	MSRP_REPORT,
	MSRP_NICKNAME,
	MSRP_OTHER,
};

/* Byte-Range: the first octet is 1; an end or total not told is `*` on the
 * wire. */
struct msrp_range {
	bool present, has_end, has_total;
	uint64_t start, end, total;
};

/* A parsed head. Slices live until the parser tells the next head. */
struct msrp_head {
	struct str tid;
	enum msrp_method method;
	unsigned status;    /* of a response */
	struct str comment; /* of a response */
	struct str to_path, from_path;
	struct str message_id, content_type;
	bool has_message_id, has_use_nickname, has_set_nickname;
	struct str use_nickname, set_nickname;
	struct msrp_range range;
	bool success_report;
	enum msrp_failure_report failure_report;
	unsigned report_status; /* of Status, namespace 000; 0 = none */
	/* Static texts, NULL if all is well: what is wrong with the form of the
	 * frame, and with the value of a header (conference MSRP-60 tells them
	 * apart). */
	const char *bad, *bad_value;
};

enum msrp_event_type {
	MSRP_MORE, /* nothing to tell before more octets come */
	MSRP_HEAD, /* parser->head is set */
	MSRP_BODY, /* data: octets of the body, at least one, in the input */
	MSRP_END,  /* flag: '$', '+' or '#' */
};

struct msrp_event {
	enum msrp_event_type type;
	struct str data;
	char flag;
};

/* 1..64 ident-chars: what is accepted as transaction or Message-ID (conference
 * MSRP-3). */
bool msrp_ident_ok(struct str s);
/* Reads start line ("MSRP " and a good tid are given) and headers, each line
 * with its CRLF; a blank line ends them. */
void msrp_head_parse(struct str block, struct msrp_head *h);

struct msrp_parser {
	enum { MSRP_IN_HEAD, MSRP_AT_BODY, MSRP_IN_BODY } state;
	size_t line;	/* where in the input the present header line begins */
	size_t scanned; /* octets of the input already searched for its end */
	unsigned lines;
	size_t tid_n;
	struct buf block; /* the octets that the head's slices point into */
	struct msrp_head head;
};

void msrp_parser_init(struct msrp_parser *p);
void msrp_parser_done(struct msrp_parser *p);
/* Between frames: gives back memory that a large head needed. */
void msrp_parser_trim(struct msrp_parser *p);
/* in: what was received and not yet consumed. Returns how many octets of it are
 * consumed by the event (0 for MSRP_MORE, and for the head of a frame without a
 * body all up to the end-line). ERR_SYNTAX: no MSRP, or no usable transaction
 * id; ERR_TOO_BIG: over a limit of conference ABN-6, p->head then has the
 * headers read so far. The parser is of no use after an error. */
ptrdiff_t msrp_parser_next(struct msrp_parser *p, struct str in,
			   struct msrp_event *ev);

/* What is written of a frame; empty slices and zeros are left out. */
struct msrp_frame {
	struct str tid;
	struct str method; /* empty: a response with status and comment */
	unsigned status;
	struct str comment;
	struct str paths; /* rendered by msrp_put_paths, or else: */
	struct str to_path, from_path;
	struct str message_id;
	struct msrp_range range;
	bool success_report;
	enum msrp_failure_report failure_report;
	unsigned report_status;
	struct str content_type;
};

/* "To-Path: ...\r\nFrom-Path: ...\r\n" */
void msrp_put_paths(struct buf *b, struct str to_path, struct str from_path);
/* Start line and headers, with the blank line after a Content-Type. */
void msrp_put_head(struct buf *b, const struct msrp_frame *f);
/* Of these the headers after Message-ID: what does not depend on who gets the
 * message. */
void msrp_put_details(struct buf *b, const struct msrp_frame *f);
/* The end-line, with the CRLF that ends a body before it. */
void msrp_put_end(struct buf *b, struct str tid, bool after_body, char flag);
