#include "scanner/pipeline/staged_answers.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"

#define PREFERENCE_STEP 10

#define RECORDS_MAX \
    (STAGED_HOSTS_MAX > STAGED_ADDRESSES_MAX ? STAGED_HOSTS_MAX : STAGED_ADDRESSES_MAX)

/* One that is under way, whose answer will be another. */
struct staged_question {
    struct staged_question *next;
    resolver_done_fn done;
    void *arg;
    uint64_t tag;
    struct dns_rr record[RECORDS_MAX];
    size_t record_count;
};

struct staged_answers {
    const struct staged_mx *mx;
    struct staged_question *asked; /* until the end: they are few */
};

struct staged_answers *staged_answers_new(const struct staged_mx *mx)
{
    if (mx == NULL) {
        return NULL;
    }
    struct staged_answers *s = memory_new(1, sizeof(*s));
    s->mx = mx;
    return s;
}

void staged_answers_free(struct staged_answers *s)
{
    while (s != NULL && s->asked != NULL) {
        struct staged_question *q = s->asked;
        s->asked = q->next;
        free(q);
    }
    free(s);
}

static void staged_put_mx(const struct staged_mx *mx, struct staged_question *q)
{
    for (size_t i = 0; i < mx->count; i++) {
        struct dns_rr *rr = &q->record[q->record_count++];
        *rr = (struct dns_rr){.type = DNS_TYPE_MX};
        rr->mx.preference = (uint16_t)((i + 1) * PREFERENCE_STEP);
        rr->mx.exchange = span_of(mx->host[i].name);
    }
}

static void staged_put_addresses(const struct staged_host *h, uint16_t type,
                                 struct staged_question *q)
{
    for (size_t i = 0; i < h->address_count; i++) {
        if ((h->address[i].family == 4) == (type == DNS_TYPE_A)) {
            q->record[q->record_count++] = (struct dns_rr){.type = type, .address = h->address[i]};
        }
    }
}

/* @return NULL: its addresses are those of DNS */
static const struct staged_host *find_staged_host(const struct staged_mx *mx, struct span name)
{
    for (size_t i = 0; i < mx->count; i++) {
        if (mx->host[i].address_count > 0 && span_eq(span_of(mx->host[i].name), name)) {
            return &mx->host[i];
        }
    }
    return NULL;
}

static void on_staged_answer(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct staged_question *q = arg;
    struct dns_answer given = *answer;
    bool answered = answer->seen.state == DNS_DATA || answer->seen.state == DNS_NODATA ||
                    answer->seen.state == DNS_NXDOMAIN;
    if (!answered) {
        given.seen = (struct seen_dns){.ede = -1};
    }
    given.seen.state = q->record_count > 0 ? DNS_DATA : DNS_NODATA;
    given.seen.rcode = DNS_RCODE_NOERROR;
    given.seen.cname_count = 0;
    given.seen.truncated = false;
    given.rrs = q->record;
    given.rr_count = q->record_count;
    given.cnames = NULL;
    given.cname_count = 0;
    (void)tag;
    q->done(q->arg, q->tag, &given);
}

static int compare_addresses(const void *a, const void *b)
{
    const struct dns_rr *x = a;
    const struct dns_rr *y = b;
    return memcmp(x->address.octets, y->address.octets, sizeof(x->address.octets));
}

/* The first question of a line: those of lines under way go before it, so that their addresses are known soon. */
static bool begins_line(const struct owner_question *q)
{
    return q->asker == OWNER_DOMAIN && q->type == DNS_TYPE_MX;
}

void staged_answers_ask(struct staged_answers *s, struct resolver *r,
                        const struct owner_question *q, resolver_done_fn done, void *arg)
{
    bool is_mx = s != NULL && begins_line(q);
    bool is_address =
        s != NULL && q->asker == OWNER_HOST && (q->type == DNS_TYPE_A || q->type == DNS_TYPE_AAAA);
    const struct staged_host *host = is_address ? find_staged_host(s->mx, q->name) : NULL;
    if (!is_mx && host == NULL) {
        (begins_line(q) ? resolver_ask_last : resolver_ask)(r, q->name, q->type, done, arg, q->tag);
        return;
    }
    struct staged_question *staged = memory_new(1, sizeof(*staged));
    *staged = (struct staged_question){.next = s->asked, .done = done, .arg = arg, .tag = q->tag};
    s->asked = staged;
    if (is_mx) {
        staged_put_mx(s->mx, staged);
    } else {
        staged_put_addresses(host, q->type, staged);
        qsort(staged->record, staged->record_count, sizeof(staged->record[0]), compare_addresses);
    }
    resolver_ask(r, q->name, q->type, on_staged_answer, staged, 0);
}
