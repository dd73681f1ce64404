#include "scanner/base/check.h"
#include "scanner/fetch/response_head.h"
#include "scanner/observation/seen_policy.h"

static struct span take_line(struct span *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->at) + 1 : rest->len;
    struct span line = span_take(*rest, len);
    *rest = span_drop(*rest, len);
    return line;
}

static enum head_step read_head(struct response_head *h, struct span *rest)
{
    enum head_step step = HEAD_MORE;
    while (step == HEAD_MORE && rest->len > 0) {
        step = response_head_line(h, take_line(rest));
        CHECK(h->location.len <= POLICY_FIELD_MAX && h->content_type.len <= POLICY_FIELD_MAX &&
              h->content_length.len <= POLICY_FIELD_MAX);
        CHECK(h->octets <= POLICY_HEAD_MAX || step == HEAD_TOO_LARGE);
    }
    return step;
}

/* The heads of a response, in lines as libcurl hands them over; a second reading by the same object is the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct response_head h;
    response_head_init(&h);
    struct span once = {data, size};
    enum head_step first = read_head(&h, &once);
    uint16_t status = h.status;
    if (first == HEAD_DONE) {
        CHECK(status == 101 || (status >= 200 && status <= 999));
        CHECK(!h.within);
    }
    response_head_reset(&h);
    struct span again = {data, size};
    CHECK(read_head(&h, &again) == first && h.status == status && again.len == once.len);
    response_head_deinit(&h);
    return 0;
}
