#include "tests/lab/http_text.h"

#include <string.h>

#define LONG_FIELD 20000 /* octets */
#define TOO_LONG   100   /* octets that are announced and do not come */

void http_answer_init(struct http_answer *a)
{
    *a = (struct http_answer){.first = BUF_INIT(BUF_NO_LIMIT),
                              .slowly = BUF_INIT(BUF_NO_LIMIT),
                              .again = BUF_INIT(BUF_NO_LIMIT)};
}

void http_answer_deinit(struct http_answer *a)
{
    buf_deinit(&a->first);
    buf_deinit(&a->slowly);
    buf_deinit(&a->again);
}

static struct span take_line(struct span *text)
{
    const uint8_t *lf = text->len > 0 ? memchr(text->at, '\n', text->len) : NULL;
    size_t len = lf != NULL ? (size_t)(lf - text->at) : text->len;
    struct span line = span_take(*text, len);
    *text = span_drop(*text, len + (lf != NULL));
    return line.len > 0 && line.at[line.len - 1] == '\r' ? span_take(line, line.len - 1) : line;
}

bool http_is_policy_request(struct span head, const char *host)
{
    static const struct span field = SPAN_INIT("host: ");
    bool ok = span_eq(take_line(&head), SPAN_LIT("GET " POLICY_PATH " HTTP/1.1"));
    bool named = false;
    while (ok && head.len > 0) {
        struct span line = take_line(&head);
        if (line.len > field.len && span_ieq(span_take(line, field.len), field)) {
            named = span_ieq(span_drop(line, field.len), span_of(host));
        }
    }
    return ok && named;
}

static const char *reason(unsigned status)
{
    return status < 300 ? "OK" : status < 400 ? "Moved" : status == 404 ? "Not Found" : "Sorry";
}

static void put_location(const struct policy_host *h, struct buf *out)
{
    buf_put_text(out, "Location: ");
    for (const char *c = h->location; *c != '\0'; c++) {
        if (c[0] == '$' && c[1] == 'H') {
            buf_put_text(out, h->name);
            c++;
        } else {
            buf_put_char(out, *c);
        }
    }
    buf_put_text(out, "\r\n");
}

static void put_status_line(unsigned status, struct buf *out)
{
    buf_putf(out, "HTTP/1.1 %u %s\r\nServer: mxlab\r\n", status, reason(status));
}

/* The head down to the fields that say where the body ends. */
static void put_head(const struct policy_host *h, struct buf *out)
{
    put_status_line(h->status, out);
    if (h->location[0] != '\0') {
        put_location(h, out);
    }
    if (h->media[0] != '\0') {
        buf_putf(out, "Content-Type: %s\r\n", h->media);
    }
}

static void put_length(size_t len, struct buf *out)
{
    buf_putf(out, "Content-Length: %zu\r\nConnection: close\r\n\r\n", len);
}

/* In two chunks, so that readers have to join them. */
static void put_chunks(struct span body, bool whole, struct buf *out)
{
    struct span part = span_take(body, body.len / 2);
    buf_put_text(out, "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 2; i++) {
        if (part.len > 0) {
            buf_putf(out, "%zx\r\n", part.len);
            buf_put(out, part);
            buf_put_text(out, "\r\n");
        }
        part = span_drop(body, body.len / 2);
        if (!whole) {
            return;
        }
    }
    buf_put_text(out, "0\r\n\r\n");
}

static void put_framed(const struct policy_host *h, struct span body, struct http_answer *a)
{
    put_head(h, &a->first);
    a->close = true;
    switch (h->framing) {
    case LAB_FRAMING_LENGTH:
        put_length(body.len, &a->first);
        buf_put(&a->first, body);
        return;
    case LAB_FRAMING_CHUNKED:
        put_chunks(body, true, &a->first);
        return;
    case LAB_FRAMING_CLOSE:
        buf_put_text(&a->first, "Connection: close\r\n\r\n");
        buf_put(&a->first, body);
        return;
    case LAB_FRAMING_TOO_LONG:
        put_length(body.len + TOO_LONG, &a->first);
        buf_put(&a->first, body);
        return;
    case LAB_FRAMING_CHUNK_CUT:
        put_chunks(body, false, &a->first);
        return;
    case LAB_FRAMING_ENDLESS:
        buf_put_text(&a->first, "Connection: close\r\n\r\n");
        buf_put(&a->again, body);
        return;
    case LAB_FRAMING_SLOW:
        put_length(body.len, &a->first);
        buf_put(&a->slowly, body);
        return;
    case LAB_FRAMING_STALLED:
        put_length(body.len, &a->first);
        buf_put(&a->first, span_take(body, body.len / 2));
        a->close = false;
        return;
    case LAB_FRAMING_TWO_LENGTHS:
        buf_put_text(&a->first, "Content-Length: 9\r\n");
        put_length(body.len, &a->first);
        buf_put(&a->first, body);
        return;
    case LAB_FRAMING_GZIP: /* what follows is not even packed: nobody may look */
        buf_put_text(&a->first, "Transfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n");
        buf_putf(&a->first, "%zx\r\n", body.len);
        buf_put(&a->first, body);
        buf_put_text(&a->first, "\r\n0\r\n\r\n");
        return;
    case LAB_FRAMING_TEN_GB:
        put_length((size_t)10 << 30, &a->first);
        buf_put(&a->again, body);
        return;
    case LAB_FRAMING_HUGE_CHUNK:
        buf_put_text(&a->first, "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n");
        buf_put(&a->again, body);
        return;
    case LAB_FRAMING_BAD_CHUNK:
        buf_put_text(&a->first, "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nxyz\r\n");
        buf_put(&a->first, body);
        return;
    case LAB_FRAMING_TRAILERS:
        put_chunks(body, true, &a->first);
        a->first.len -= 2;
        buf_put_text(&a->again, "X-Trailer: again and again\r\n");
        return;
    case LAB_FRAMING_CHUNKED_ENDLESS:
        buf_put_text(&a->first, "Transfer-Encoding: chunked\r\n\r\n");
        buf_putf(&a->again, "%zx\r\n", body.len);
        buf_put(&a->again, body);
        buf_put_text(&a->again, "\r\n");
        return;
    }
}

void http_answer_policy(const struct policy_host *h, struct span policy, struct http_answer *a)
{
    static const struct span page = SPAN_INIT("<html><body><h1>Sorry</h1></body></html>\n");
    struct span body = h->status == 200 ? policy : page;
    switch (h->http) {
    case LAB_HTTP_ANSWER:
        put_framed(h, body, a);
        return;
    case LAB_HTTP_SILENT:
        return;
    case LAB_HTTP_CLOSE:
        a->close = true;
        return;
    case LAB_HTTP_RESET:
        a->reset = true;
        return;
    case LAB_HTTP_GARBAGE:
        buf_put_text(&a->first, "220 mail.example.com ESMTP\r\n");
        a->close = true;
        return;
    case LAB_HTTP_BAD_STATUS:
        buf_put_text(&a->first, "HTTP/1.1 fine\r\n");
        put_length(body.len, &a->first);
        buf_put(&a->first, body);
        a->close = true;
        return;
    case LAB_HTTP_BAD_FIELD:
        put_status_line(200, &a->first);
        buf_put_text(&a->first, "this is no field\r\n");
        put_length(body.len, &a->first);
        buf_put(&a->first, body);
        a->close = true;
        return;
    case LAB_HTTP_HALF_HEAD:
    case LAB_HTTP_HALF_CLOSE:
        put_head(h, &a->first);
        a->close = h->http == LAB_HTTP_HALF_CLOSE;
        return;
    case LAB_HTTP_HEADER_FLOOD:
        put_head(h, &a->first);
        buf_put_text(&a->again, "X-Flood: 0123456789012345678901234567890123456789\r\n");
        return;
    case LAB_HTTP_LONG_HEADER:
        put_head(h, &a->first);
        buf_put_text(&a->first, "X-Long: ");
        for (int i = 0; i < LONG_FIELD; i++) {
            buf_put_char(&a->first, 'x');
        }
        buf_put_text(&a->first, "\r\n");
        put_length(body.len, &a->first);
        buf_put(&a->first, body);
        a->close = true;
        return;
    case LAB_HTTP_INTERIM:
        buf_put_text(&a->first, "HTTP/1.1 103 Early Hints\r\nLink: </>; rel=preload\r\n\r\n");
        put_framed(h, body, a);
        return;
    case LAB_HTTP_ENDLESS_INTERIM:
        buf_put_text(&a->again, "HTTP/1.1 103 Early Hints\r\nLink: </>; rel=preload\r\n\r\n");
        return;
    }
}

void http_answer_status(unsigned status, struct http_answer *a)
{
    put_status_line(status, &a->first);
    put_length(0, &a->first);
    a->close = true;
}
