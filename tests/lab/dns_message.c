#include "tests/lab/dns_message.h"

#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/address_plan.h"

#define HEADER_LEN 12
#define CHAIN_MAX \
    16 /* aliases followed; a longer chain is answered without its end, as BIND does */
#define RRSIG_LEN 64 /* octets of an Ed25519- or P-256-sized signature, RFC 6605 */
#define CLASS_IN  1
#define FLAG_DO   0x8000U

enum dns_rcode {
    RCODE_NOERROR = 0,
    RCODE_FORMERR = 1,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_REFUSED = 5,
    RCODE_YXDOMAIN = 6,
};

struct query {
    uint16_t id;
    bool rd;
    bool ad;
    bool cd;
    bool edns;
    bool want_dnssec; /* DO */
    uint16_t udp_max;
    struct span question; /* as sent: name, type, class */
    uint16_t type;
    char name[LAB_NAME_MAX]; /* lower case; "" also for what is no name of ours */
    bool odd;                /* octets in it that no name of the lab has */
};

void dns_responder_init(struct dns_responder *r, const struct world *world,
                        struct cert_store *certs, struct counters *counters)
{
    memset(r, 0, sizeof(*r));
    r->world = world;
    r->certs = certs;
    r->counters = counters;
    zone_answer_init(&r->answer);
    zone_answer_init(&r->followed);
}

void dns_responder_deinit(struct dns_responder *r)
{
    zone_answer_deinit(&r->answer);
    zone_answer_deinit(&r->followed);
}

static uint16_t u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* The name of the question; queries do not compress. @return its length on the wire, 0: malformed. */
static size_t read_name(struct span s, struct query *q)
{
    size_t at = HEADER_LEN;
    size_t len = 0;
    while (at < s.len && s.at[at] != 0) {
        size_t label = s.at[at];
        if (label > 63 || at + 1 + label >= s.len) {
            return 0;
        }
        for (size_t i = 0; i <= label; i++) {
            uint8_t c = i < label ? ascii_lower(s.at[at + 1 + i]) : '.';
            bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
            q->odd = q->odd || (i < label && !plain);
            if (len + 1 >= sizeof(q->name)) {
                return 0;
            }
            q->name[len++] = (char)c;
        }
        at += label + 1;
    }
    q->name[len > 0 ? len - 1 : 0] = '\0';
    return at < s.len ? at + 1 - HEADER_LEN : 0;
}

static void read_options(struct span s, size_t at, uint16_t records, struct query *q)
{
    /* OPT is the only record a query of ours holds; the root is its name (RFC 6891 section 6.1.2). */
    for (uint16_t i = 0; i < records && at + 11 <= s.len; i++) {
        if (s.at[at] != 0) {
            return;
        }
        if (u16(s.at + at + 1) == LAB_TYPE_OPT) {
            q->edns = true;
            q->udp_max = u16(s.at + at + 3);
            q->want_dnssec = (u16(s.at + at + 7) & FLAG_DO) != 0;
        }
        at += 11 + (size_t)u16(s.at + at + 9);
    }
}

static bool read_query(struct span s, struct query *q)
{
    memset(q, 0, sizeof(*q));
    if (s.len < HEADER_LEN || (s.at[2] & 0x80) != 0 || u16(s.at + 4) != 1) {
        return false;
    }
    q->id = u16(s.at);
    q->rd = (s.at[2] & 0x01) != 0;
    q->ad = (s.at[3] & 0x20) != 0;
    q->cd = (s.at[3] & 0x10) != 0;
    q->udp_max = 512;
    size_t name = read_name(s, q);
    if (name == 0 || HEADER_LEN + name + 4 > s.len) {
        return false;
    }
    q->question = (struct span){s.at + HEADER_LEN, name + 4};
    q->type = u16(s.at + HEADER_LEN + name);
    read_options(s, HEADER_LEN + name + 4, (uint16_t)(u16(s.at + 8) + u16(s.at + 10)), q);
    return true;
}

/* ---- writing ---- */

struct response {
    struct buf *out;
    size_t start; /* of the message in `out` */
    uint16_t answers;
    uint16_t authorities;
    uint16_t additional;
};

static void put_u16(struct buf *b, unsigned v)
{
    buf_put_char(b, (char)(v >> 8));
    buf_put_char(b, (char)v);
}

static void put_u32(struct buf *b, uint32_t v)
{
    put_u16(b, v >> 16);
    put_u16(b, v & 0xffff);
}

static void put_name(struct buf *b, struct span name)
{
    while (name.len > 0) {
        const uint8_t *dot = memchr(name.at, '.', name.len);
        size_t len = dot != NULL ? (size_t)(dot - name.at) : name.len;
        buf_put_char(b, (char)len);
        buf_put(b, span_take(name, len));
        name = span_drop(name, len + (dot != NULL));
    }
    buf_put_char(b, 0);
}

static size_t open_record(struct buf *b, struct span owner, bool is_question, uint16_t type)
{
    if (is_question) {
        put_u16(b, 0xc000U | HEADER_LEN); /* a pointer to the question */
    } else {
        put_name(b, owner);
    }
    put_u16(b, type);
    put_u16(b, CLASS_IN);
    put_u32(b, ZONE_TTL);
    put_u16(b, 0);
    return b->len;
}

static void close_record(struct buf *b, size_t opened)
{
    size_t len = b->len - opened;
    b->at[opened - 2] = (uint8_t)(len >> 8);
    b->at[opened - 1] = (uint8_t)len;
}

static void put_rr(struct response *r, const struct zone_answer *a, const struct zone_rr *rr,
                   struct span owner, bool is_question)
{
    struct buf *b = r->out;
    size_t at = open_record(b, owner, is_question, rr->type);
    struct span data = zone_rr_span(a, rr);
    switch ((enum lab_type)rr->type) {
    case LAB_TYPE_A:
    case LAB_TYPE_AAAA:
        buf_put(b, (struct span){rr->address.octets, net_addr_len(&rr->address)});
        break;
    case LAB_TYPE_MX:
        put_u16(b, rr->preference);
        put_name(b, data);
        break;
    case LAB_TYPE_NS:
    case LAB_TYPE_CNAME:
    case LAB_TYPE_PTR:
    case LAB_TYPE_DNAME:
        put_name(b, data);
        break;
    case LAB_TYPE_TXT:
    case LAB_TYPE_TLSA:
        buf_put(b, data);
        break;
    case LAB_TYPE_SOA:
    case LAB_TYPE_OPT:
    case LAB_TYPE_RRSIG:
    case LAB_TYPE_ANY:
        UNREACHABLE("record type of no zone");
    }
    close_record(b, at);
    r->answers++;
}

/* The right shape (RFC 4034 section 3.1); nobody can validate it, the lab is its own validator. */
static void put_rrsig(struct response *r, const struct world *w, uint16_t covered,
                      struct span owner, bool is_question, const char *signer)
{
    struct buf *b = r->out;
    size_t at = open_record(b, owner, is_question, LAB_TYPE_RRSIG);
    unsigned labels = owner.len > 0;
    for (size_t i = 0; i < owner.len; i++) {
        labels += owner.at[i] == '.';
    }
    put_u16(b, covered);
    buf_put_char(b, 13); /* ECDSAP256SHA256 */
    buf_put_char(b, (char)labels);
    put_u32(b, ZONE_TTL);
    put_u32(b, (uint32_t)(w->now + 14 * 86400));
    put_u32(b, (uint32_t)(w->now - 86400));
    put_u16(b, 12345);
    put_name(b, span_of(signer));
    for (int i = 0; i < RRSIG_LEN; i++) {
        buf_put_char(b, (char)(i * 7));
    }
    close_record(b, at);
    r->answers++;
}

static void put_soa(struct response *r, const char *apex)
{
    struct buf *b = r->out;
    size_t at = open_record(b, span_of(apex), false, LAB_TYPE_SOA);
    put_name(b, SPAN_LIT("ns1.dns-mxlab.net"));
    put_name(b, SPAN_LIT("hostmaster.dns-mxlab.net"));
    put_u32(b, 2026);
    put_u32(b, 7200);
    put_u32(b, 3600);
    put_u32(b, 1209600);
    put_u32(b, 300);
    close_record(b, at);
    r->authorities++;
}

static void put_opt(struct response *r, const struct query *q, int ede)
{
    struct buf *b = r->out;
    buf_put_char(b, 0);
    put_u16(b, LAB_TYPE_OPT);
    put_u16(b, DNS_UDP_MAX);
    put_u16(b, 0);
    put_u16(b, q->want_dnssec ? FLAG_DO : 0);
    put_u16(b, ede >= 0 ? 6 : 0);
    if (ede >= 0) {
        put_u16(b, 15); /* Extended DNS Error, RFC 8914 section 2 */
        put_u16(b, 2);
        put_u16(b, (unsigned)ede);
    }
    r->additional++;
}

static void put_header(struct response *r, const struct query *q, enum dns_rcode rcode, bool ad,
                       bool tc)
{
    uint8_t *h = r->out->at + r->start;
    h[2] = (uint8_t)(0x80 | (tc ? 0x02 : 0) | (q->rd ? 0x01 : 0));
    h[3] = (uint8_t)(0x80 | (ad ? 0x20 : 0) | (q->cd ? 0x10 : 0) | (unsigned)rcode);
    h[6] = (uint8_t)(r->answers >> 8);
    h[7] = (uint8_t)r->answers;
    h[9] = (uint8_t)r->authorities;
    h[11] = (uint8_t)r->additional;
}

static void begin(struct response *r, const struct query *q, struct buf *out)
{
    *r = (struct response){.out = out, .start = out->len};
    put_u16(out, q->id);
    put_u16(out, 0);
    put_u16(out, 1);
    put_u16(out, 0);
    put_u16(out, 0);
    put_u16(out, 0);
    buf_put(out, q->question);
}

static void put_answers(struct dns_responder *d, const struct query *q, const struct zone_answer *a,
                        struct span owner, bool is_question, struct response *r)
{
    for (size_t i = 0; i < a->count; i++) {
        uint32_t below = a->rr[i].below;
        put_rr(r, a, &a->rr[i], span_drop(owner, below), is_question && below == 0);
    }
    if (a->count > 0 && q->want_dnssec && (a->signatures || a->state == DNS_BOGUS)) {
        uint32_t below = a->rr[0].below;
        put_rrsig(r, d->world, a->rr[0].type, span_drop(owner, below), is_question && below == 0,
                  a->apex);
    }
}

static bool is_among(const char *name, char (*list)[LAB_NAME_MAX], int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Follows aliases from `a` on, adding records. `*last` becomes the answer at the end. */
static void follow(struct dns_responder *d, const struct query *q, struct response *r,
                   struct zone_answer **last, bool *secure)
{
    struct zone_answer *a = *last;
    char targets[CHAIN_MAX][LAB_NAME_MAX];
    const struct zone_rr *alias;
    for (int links = 0; links < CHAIN_MAX && (alias = zone_alias(a, q->type)) != NULL; links++) {
        struct span name = zone_rr_span(a, alias);
        CHECK(name.len < LAB_NAME_MAX);
        memcpy(targets[links], name.at, name.len);
        targets[links][name.len] = '\0';
        if (is_among(targets[links], targets, links)) {
            break; /* the loop is closed */
        }
        name.at = (const uint8_t *)targets[links];
        a = &d->followed;
        zone_lookup(d->world, d->certs, name, q->type, a);
        *secure = *secure && a->secure;
        if (a->state == DNS_SERVFAIL || a->state == DNS_TIMEOUT || a->state == DNS_BOGUS) {
            break;
        }
        put_answers(d, q, a, name, false, r);
    }
    *last = a;
}

/* An answer whose record says it is longer than the message. */
static void put_malformed(struct response *r)
{
    put_u16(r->out, 0xc000U | HEADER_LEN);
    put_u16(r->out, LAB_TYPE_MX);
    put_u16(r->out, CLASS_IN);
    put_u32(r->out, ZONE_TTL);
    put_u16(r->out, 500);
    put_u16(r->out, 10);
    r->answers++;
}

static void finish(struct response *r, const struct query *q, enum dns_rcode rcode, int ede,
                   bool ad, size_t limit)
{
    if (q->edns) {
        put_opt(r, q, ede);
    }
    put_header(r, q, rcode, ad, false);
    if (r->out->len - r->start <= limit) {
        return;
    }
    r->out->len = r->start + HEADER_LEN + q->question.len;
    r->answers = r->authorities = r->additional = 0;
    if (q->edns) {
        put_opt(r, q, ede);
    }
    put_header(r, q, rcode, false, true);
}

static enum dns_rcode rcode_of(enum dns_state s)
{
    return s == DNS_NXDOMAIN                                         ? RCODE_NXDOMAIN
           : s == DNS_SERVFAIL || s == DNS_TIMEOUT || s == DNS_BOGUS ? RCODE_SERVFAIL
           : s == DNS_REFUSED                                        ? RCODE_REFUSED
           : s == DNS_NAME_INVALID                                   ? RCODE_YXDOMAIN
                                                                     : RCODE_NOERROR;
}

bool dns_respond(struct dns_responder *d, struct span query, bool tcp, struct buf *out)
{
    struct query q;
    struct response r;
    if (!read_query(query, &q)) {
        return false;
    }
    struct span name = span_of(q.name);
    struct zone_answer *a = &d->answer;
    zone_lookup(d->world, d->certs, q.odd ? SPAN_LIT("odd.name.invalid") : name, q.type, a);
    if (d->counters != NULL) {
        /* These have a second pass, SERVFAIL where CD=1 shows no data either. */
        bool failed = a->state == DNS_SERVFAIL || a->state == DNS_REFUSED ||
                      (a->state == DNS_BOGUS && a->count == 0);
        /* An answer that nobody asked for ends the connection, and with it the questions behind this one. */
        bool lost = a->state == DNS_TIMEOUT || a->tcp == LAB_TCP_HALF || a->tcp == LAB_TCP_STALL ||
                    a->tcp == LAB_TCP_TWICE;
        counters_question(d->counters, name, q.type, q.cd, tcp, !lost && !failed);
    }
    if (a->state == DNS_TIMEOUT) {
        return false;
    }
    begin(&r, &q, out);
    bool cut = !tcp && a->tcp != LAB_TCP_AS_USUAL;
    bool secure = a->secure;
    int ede = a->ede;
    bool failed =
        a->state == DNS_SERVFAIL || a->state == DNS_REFUSED || (a->state == DNS_BOGUS && !q.cd);
    if (a->state == DNS_MALFORMED) {
        put_malformed(&r);
    } else if (!failed) {
        put_answers(d, &q, a, name, true, &r);
        follow(d, &q, &r, &a, &secure);
    }
    enum dns_state state = a->state;
    if (state == DNS_BOGUS && q.cd) {
        state = DNS_DATA;
        secure = false;
    }
    enum dns_rcode rcode = rcode_of(state);
    if (state == DNS_NODATA || state == DNS_NXDOMAIN) {
        put_soa(&r, a->apex);
    }
    if (rcode == RCODE_SERVFAIL) {
        secure = false;
        r.answers = 0;
        out->len = r.start + HEADER_LEN + q.question.len;
    }
    size_t udp = cut                       ? 0
                 : q.udp_max < 512         ? 512
                 : q.udp_max > DNS_UDP_MAX ? DNS_UDP_MAX
                                           : q.udp_max;
    finish(&r, &q, rcode, ede, secure && (q.ad || q.want_dnssec), tcp ? DNS_MESSAGE_MAX : udp);
    return true;
}
