#include "scanner/fetch/response_head.h"

#include "scanner/base/text.h"
#include "scanner/observation/seen_policy.h"

#define STATUS_SWITCHING 101 /* final: nothing of HTTP/1.1 follows (RFC 9110 section 15.2.2) */

void response_head_init(struct response_head *h)
{
    *h = (struct response_head){
        .location = BUF_INIT(POLICY_FIELD_MAX),
        .content_type = BUF_INIT(POLICY_FIELD_MAX),
        .content_length = BUF_INIT(POLICY_FIELD_MAX),
    };
}

void response_head_reset(struct response_head *h)
{
    buf_reset(&h->location);
    buf_reset(&h->content_type);
    buf_reset(&h->content_length);
    *h = (struct response_head){.location = h->location,
                                .content_type = h->content_type,
                                .content_length = h->content_length};
}

void response_head_deinit(struct response_head *h)
{
    buf_deinit(&h->location);
    buf_deinit(&h->content_type);
    buf_deinit(&h->content_length);
}

static struct span without_end(struct span line)
{
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r')) {
        line.len--;
    }
    return line;
}

/* status-line = "HTTP/1." DIGIT SP 3DIGIT [ SP reason-phrase ], RFC 9112 section 4; 0: none. */
static uint16_t response_status_of(struct span line)
{
    static const char pattern[] = "HTTP/1.d ddd"; /* d: a digit */
    size_t len = sizeof(pattern) - 1;
    if (line.len < len || (line.len > len && line.at[len] != ' ')) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        bool fits =
            pattern[i] == 'd' ? ascii_is_digit(line.at[i]) : line.at[i] == (uint8_t)pattern[i];
        if (!fits) {
            return 0;
        }
    }
    const uint8_t *d = line.at + len - 3;
    unsigned status = (unsigned)(d[0] - '0') * 100 + (unsigned)(d[1] - '0') * 10 + (d[2] - '0');
    return status >= 100 ? (uint16_t)status : 0;
}

/* @param name with its colon. @return whether the line is that field. */
static bool is_field(struct span line, struct span name, struct span *value)
{
    if (line.len < name.len || !span_ieq(span_take(line, name.len), name)) {
        return false;
    }
    *value = span_take(text_trim(span_drop(line, name.len)), POLICY_FIELD_MAX);
    return true;
}

/* The first field of that name counts. */
static void keep_field(struct span line, struct span name, struct buf *kept)
{
    struct span value;
    if (kept->len == 0 && is_field(line, name, &value)) {
        buf_put(kept, value);
    }
}

/* Where the body ends must be beyond doubt (RFC 9112 section 6.3): two lengths that differ are an
 * error, and so is a coding that we did not say we take (section 6.1). `identity` is of RFC 2616. */
static bool frames_well(struct response_head *h, struct span line)
{
    struct span value;
    if (is_field(line, SPAN_LIT("content-length:"), &value)) {
        bool first = h->content_length.len == 0;
        if (first) {
            buf_put(&h->content_length, value);
        }
        return first || span_eq(value, buf_span(&h->content_length));
    }
    return !is_field(line, SPAN_LIT("transfer-encoding:"), &value) ||
           span_ieq(value, SPAN_LIT("chunked")) || span_ieq(value, SPAN_LIT("identity"));
}

enum head_step response_head_line(struct response_head *h, struct span line)
{
    h->octets += (uint32_t)line.len;
    if (h->octets > POLICY_HEAD_MAX) {
        return HEAD_TOO_LARGE;
    }
    struct span text = without_end(line);
    if (!h->within) {
        buf_reset(&h->location);
        buf_reset(&h->content_type);
        buf_reset(&h->content_length);
        h->status = response_status_of(text);
        h->within = h->status != 0;
        return h->within ? HEAD_MORE : HEAD_MALFORMED;
    }
    if (text.len > 0) {
        keep_field(text, SPAN_LIT("location:"), &h->location);
        keep_field(text, SPAN_LIT("content-type:"), &h->content_type);
        return frames_well(h, text) ? HEAD_MORE : HEAD_MALFORMED;
    }
    h->within = false;
    return h->status >= 200 || h->status == STATUS_SWITCHING ? HEAD_DONE : HEAD_MORE;
}
