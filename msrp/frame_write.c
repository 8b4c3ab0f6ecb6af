#include "msrp/frame.h"

void msrp_put_paths(struct buf *b, struct str to_path, struct str from_path)
{
	buf_add(b, STR("To-Path: "));
	buf_add(b, to_path);
	buf_add(b, STR("\r\nFrom-Path: "));
	buf_add(b, from_path);
	buf_add(b, STR("\r\n"));
}

static void put_range(struct buf *b, const struct msrp_range *r)
{
	buf_add(b, STR("Byte-Range: "));
	buf_addu(b, r->start);
	buf_addc(b, '-');
	if (r->has_end)
		buf_addu(b, r->end);
	else
		buf_addc(b, '*');
	buf_addc(b, '/');
	if (r->has_total)
		buf_addu(b, r->total);
	else
		buf_addc(b, '*');
	buf_add(b, STR("\r\n"));
}

static void put_line(struct buf *b, struct str name, struct str value)
{
	buf_add(b, name);
	buf_add(b, value);
	buf_add(b, STR("\r\n"));
}

static void put_status(struct buf *b, unsigned status, struct str comment)
{
	buf_addu(b, status);
	if (comment.n) {
		buf_addc(b, ' ');
		buf_add(b, comment);
	}
	buf_add(b, STR("\r\n"));
}

void msrp_put_details(struct buf *b, const struct msrp_frame *f)
{
	if (f->success_report)
		buf_add(b, STR("Success-Report: yes\r\n"));
	if (f->failure_report == MSRP_FAILURE_PARTIAL)
		buf_add(b, STR("Failure-Report: partial\r\n"));
	else if (f->failure_report == MSRP_FAILURE_NO)
		buf_add(b, STR("Failure-Report: no\r\n"));
	if (f->range.present)
		put_range(b, &f->range);
	if (f->report_status) {
		buf_add(b, STR("Status: 000 "));
		put_status(b, f->report_status, f->comment);
	}
	if (f->content_type.n) {
		put_line(b, STR("Content-Type: "), f->content_type);
		buf_add(b, STR("\r\n"));
	}
}

void msrp_put_head(struct buf *b, const struct msrp_frame *f)
{
	buf_add(b, STR("MSRP "));
	buf_add(b, f->tid);
	buf_addc(b, ' ');
	if (f->method.n)
		put_line(b, STR_NONE, f->method);
	else
		put_status(b, f->status, f->comment);
	if (f->paths.n)
		buf_add(b, f->paths);
	else
		msrp_put_paths(b, f->to_path, f->from_path);
	if (f->message_id.n)
		put_line(b, STR("Message-ID: "), f->message_id);
	msrp_put_details(b, f);
}

void msrp_put_end(struct buf *b, struct str tid, bool after_body, char flag)
{
	if (after_body)
		buf_add(b, STR("\r\n"));
	buf_add(b, STR("-------"));
	buf_add(b, tid);
	buf_addc(b, flag);
	buf_add(b, STR("\r\n"));
}
