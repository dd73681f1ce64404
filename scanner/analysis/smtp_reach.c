#include "scanner/analysis/smtp_reach.h"

#include <inttypes.h>

/* What a network without a way out looks like. */
static bool is_no_connection(enum session_outcome o)
{
    return o == OUTCOME_LOCAL_FAULT || o == OUTCOME_REFUSED || o == OUTCOME_UNREACHABLE ||
           o == OUTCOME_CONNECT_TIMEOUT;
}

/* Before the greeting: a middlebox that takes connections looks like that too. */
static bool is_no_answer(enum session_outcome o)
{
    return is_no_connection(o) || o == OUTCOME_GREETING_TIMEOUT || o == OUTCOME_GREETING_CLOSED ||
           o == OUTCOME_NOT_SMTP;
}

struct smtp_reach smtp_reach_of(const struct scan_counts *c)
{
    struct smtp_reach reach = {0};
    for (size_t i = 0; i < c->port_count; i++) {
        const struct port_counts *p = &c->port[i];
        if (p->port != SMTP_REACH_PORT) {
            continue;
        }
        for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
            uint64_t count = o == OUTCOME_NOT_TESTED ? 0 : p->service_outcome[o];
            reach.dialled += count;
            reach.connected += is_no_connection((enum session_outcome)o) ? 0 : count;
            reach.answered += is_no_answer((enum session_outcome)o) ? 0 : count;
            reach.conclusive += outcome_info((enum session_outcome)o)->conclusive ? count : 0;
        }
    }
    return reach;
}

bool smtp_reach_says_nothing(const struct smtp_reach *r, bool port_is_open)
{
    bool taken_only = r->connected > 0 && r->answered == 0;
    return !port_is_open && r->dialled >= SMTP_REACH_MIN && r->conclusive == 0 && !taken_only;
}

bool smtp_reach_is_doubtful(const struct smtp_reach *r, bool port_is_open)
{
    bool few = r->dialled < SMTP_REACH_MIN;
    return !port_is_open && r->dialled > 0 && r->answered == 0 && (few || r->connected > 0);
}

void smtp_reach_put_text(struct buf *b, const struct smtp_reach *r)
{
    if (r->answered == 0 && r->connected > 0) {
        buf_putf(b,
                 "no mail server greeted on port %d, though %" PRIu64 " of %" PRIu64
                 " took the connection: if that is no surprise of theirs, something between may "
                 "take connections in their place; --self-test HOST tells",
                 SMTP_REACH_PORT, r->connected, r->dialled);
    } else if (r->dialled < SMTP_REACH_MIN) {
        buf_putf(b,
                 "no mail server answered on port %d (%" PRIu64
                 " dialled): if that is no surprise of theirs, "
                 "outbound port %d may be closed here; --self-test HOST tells",
                 SMTP_REACH_PORT, r->dialled, SMTP_REACH_PORT);
    } else if (r->answered == 0) {
        buf_putf(b,
                 "the results say nothing about the targets: none of %" PRIu64
                 " mail servers answered on port "
                 "%d, so outbound port %d is probably closed here; --self-test HOST, with a host "
                 "that you know "
                 "to be up, tells",
                 r->dialled, SMTP_REACH_PORT, SMTP_REACH_PORT);
    } else {
        buf_putf(
            b,
            "the results say nothing about the targets: of %" PRIu64
            " mail servers dialled on port %d, %" PRIu64
            " answered, and none of them let us come to a conclusion; is the address of this "
            "machine on a blocklist? --self-test HOST, with a host that you know to be up, tells",
            r->dialled, SMTP_REACH_PORT, r->answered);
    }
}
