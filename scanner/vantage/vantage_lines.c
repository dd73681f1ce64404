#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/vantage/vantage_verdict.h"

/* The lines of a verdict, and what they are made of. */

const struct vocabulary trust_ad_vocabulary = VOCABULARY_WORDS(TRUST_ADS);
const struct vocabulary vantage_check_vocabulary = VOCABULARY_WORDS(VANTAGE_CHECKS);
const struct vocabulary vantage_result_vocabulary = VOCABULARY_WORDS(VANTAGE_RESULTS);

struct buf *vantage_text(struct vantage_verdict *v)
{
    buf_reset(&v->text);
    return &v->text;
}

static const char *vantage_keep_text(struct vantage_verdict *v, struct span text)
{
    char *copy = arena_new(&v->arena, text.len + 1, 1);
    if (text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    return copy;
}

void vantage_add(struct vantage_verdict *v, enum vantage_check check, enum vantage_result result,
                 const char *subject)
{
    v->line = memory_grow_list(v->line, v->count, sizeof(*v->line));
    v->line[v->count++] = (struct vantage_line){.check = check,
                                                .result = result,
                                                .subject = vantage_keep_text(v, span_of(subject)),
                                                .text = vantage_keep_text(v, buf_span(&v->text))};
}

void vantage_fail_last(struct vantage_verdict *v)
{
    struct vantage_line *last = &v->line[v->count - 1];
    last->result = VANTAGE_FAILED;
    last->text = vantage_keep_text(v, buf_span(&v->text));
}

void vantage_stop(struct vantage_verdict *v, enum vantage_end end)
{
    if (v->end == VANTAGE_GO) {
        v->end = end;
        v->why = v->line[v->count - 1].text;
    }
}

void vantage_put_address(struct buf *b, const struct net_addr *address)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(address, text);
    buf_put_text(b, text);
}

void vantage_put_endpoint(struct buf *b, const struct net_addr *address, uint16_t port)
{
    buf_put_text(b, address->family == 6 ? "[" : "");
    vantage_put_address(b, address);
    buf_putf(b, "%s:%u", address->family == 6 ? "]" : "", port);
}

bool vantage_dns_is_answer(const struct seen_dns *seen)
{
    return seen->state == DNS_DATA || seen->state == DNS_NODATA || seen->state == DNS_NXDOMAIN;
}
