#include "resolver/dns_message.h"

#include <stdlib.h>

#include "scanner/base/memory.h"

#define CLASS_IN   1
#define OPTION_EDE 15 /* RFC 8914 section 2 */

/* Every name of the result in its longest text, and the data of one message beside. */
#define TEXT_MAX ((DNS_RRS_MAX + DNS_CNAME_MAX) * DNS_NAME_TEXT_LIMIT + 65536)

/* A record of the answer section: where its parts lie in the message. */
struct record {
    struct span data;
    size_t data_at; /* offset of `data`: names in it may point back */
    uint32_t ttl;
    uint32_t owner; /* index into `owners` */
    uint16_t type;
};

struct dns_reader {
    struct dns_rr rrs[DNS_RRS_MAX];
    struct span cnames[DNS_CNAME_MAX];
    struct record records[DNS_ANSWER_SCAN_MAX];
    struct dns_name owners[DNS_ANSWER_SCAN_MAX]; /* each name once where repeats are adjacent */
    size_t record_count;
    size_t owner_count;
    uint8_t *text; /* TEXT_MAX octets, of which only what is used becomes resident */
    size_t text_len;
};

/* What is being read, and the facts of sections that are not kept. */
struct reading {
    struct dns_reader *reader;
    struct span message;
    size_t at;
    uint16_t type;
    bool has_ns;
    bool has_soa;
    uint32_t soa_ttl;
    unsigned rcode; /* with the extension */
    struct dns_answer *out;
};

struct dns_reader *dns_reader_new(void)
{
    struct dns_reader *r = memory_new(1, sizeof(*r));
    r->text = memory_new(1, TEXT_MAX);
    return r;
}

void dns_reader_free(struct dns_reader *reader)
{
    if (reader != NULL) {
        free(reader->text);
        free(reader);
    }
}

static uint16_t u16_at(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t u32_at(const uint8_t *at)
{
    return (uint32_t)u16_at(at) << 16 | u16_at(at + 2);
}

/* RFC 2181 section 8: a TTL with the top bit set is zero. */
static uint32_t ttl_at(const uint8_t *at)
{
    uint32_t ttl = u32_at(at);
    return ttl > INT32_MAX ? 0 : ttl;
}

static void note_ttl(struct reading *r, uint32_t ttl)
{
    if (ttl < r->out->seen.ttl) {
        r->out->seen.ttl = ttl;
    }
}

static struct span keep_text(struct dns_reader *reader, const struct dns_name *name)
{
    CHECK(reader->text_len + DNS_NAME_TEXT_LIMIT <= TEXT_MAX);
    uint8_t *at = reader->text + reader->text_len;
    size_t len = dns_name_to_text(name, at);
    reader->text_len += len;
    return (struct span){at, len};
}

/* The fixed part of a record behind its owner (RFC 1035 section 4.1.3); moves `at` to the next. */
static bool read_record(struct reading *r, struct record *rec, uint16_t *class)
{
    struct span rest = span_drop(r->message, r->at);
    if (rest.len < 10) {
        return false;
    }
    uint16_t len = u16_at(rest.at + 8);
    if (rest.len - 10 < len) {
        return false;
    }
    rec->type = u16_at(rest.at);
    *class = u16_at(rest.at + 2);
    rec->ttl = u32_at(rest.at + 4);
    rec->data = (struct span){rest.at + 10, len};
    rec->data_at = r->at + 10;
    r->at += 10U + len;
    return true;
}

static bool read_question(struct reading *r, const struct dns_name *name)
{
    struct dns_name asked;
    if (u16_at(r->message.at + 4) != 1 || !dns_name_read(r->message, &r->at, &asked) ||
        r->message.len - r->at < 4) {
        return false;
    }
    bool same = dns_name_eq(&asked, name) && u16_at(r->message.at + r->at) == r->type &&
                u16_at(r->message.at + r->at + 2) == CLASS_IN;
    r->at += 4;
    return same;
}

/* Owners repeat, mostly in a row: each is read, but kept once. */
static uint32_t keep_owner(struct dns_reader *reader, const struct dns_name *owner)
{
    if (reader->owner_count == 0 || !dns_name_eq(&reader->owners[reader->owner_count - 1], owner)) {
        reader->owners[reader->owner_count].len = owner->len;
        memcpy(reader->owners[reader->owner_count].octets, owner->octets, owner->len);
        reader->owner_count++;
    }
    return (uint32_t)(reader->owner_count - 1);
}

static bool read_answer_section(struct reading *r, unsigned count)
{
    struct dns_reader *reader = r->reader;
    for (unsigned i = 0; i < count; i++) {
        struct record rec;
        struct dns_name owner;
        uint16_t class;
        if (!dns_name_read(r->message, &r->at, &owner) || !read_record(r, &rec, &class)) {
            return false;
        }
        bool dname = rec.type == DNS_TYPE_DNAME && r->rcode == DNS_RCODE_YXDOMAIN;
        if (class != CLASS_IN || (rec.type != r->type && rec.type != DNS_TYPE_CNAME &&
                                  rec.type != DNS_TYPE_RRSIG && !dname)) {
            continue;
        }
        if (reader->record_count == DNS_ANSWER_SCAN_MAX) {
            r->out->seen.truncated = true;
            continue;
        }
        rec.ttl = rec.ttl > INT32_MAX ? 0 : rec.ttl;
        rec.owner = keep_owner(reader, &owner);
        reader->records[reader->record_count++] = rec;
    }
    return true;
}

/* RFC 2308 section 5: a denial lives for the smaller of the SOA's TTL and its MINIMUM field, the
 * last four octets of its data. */
static bool read_authority_section(struct reading *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct record rec;
        uint16_t class;
        if (!dns_name_skip(r->message, &r->at) || !read_record(r, &rec, &class)) {
            return false;
        }
        if (class != CLASS_IN) {
            continue;
        }
        if (rec.type == DNS_TYPE_NS) {
            r->has_ns = true;
        } else if (rec.type == DNS_TYPE_SOA && rec.data.len >= 22) {
            uint32_t ttl = rec.ttl > INT32_MAX ? 0 : rec.ttl;
            uint32_t minimum = ttl_at(rec.data.at + rec.data.len - 4);
            r->has_soa = true;
            r->soa_ttl = ttl < minimum ? ttl : minimum;
        }
    }
    return true;
}

/* RFC 8914 section 2: the first Extended DNS Error. Options that do not add up end the search. */
static int32_t find_ede(struct span options)
{
    while (options.len >= 4) {
        uint16_t code = u16_at(options.at);
        uint16_t len = u16_at(options.at + 2);
        options = span_drop(options, 4);
        if (len > options.len) {
            return -1;
        }
        if (code == OPTION_EDE && len >= 2) {
            return u16_at(options.at);
        }
        options = span_drop(options, len);
    }
    return -1;
}

static bool read_additional_section(struct reading *r, unsigned count)
{
    bool found = false;
    for (unsigned i = 0; i < count; i++) {
        struct record rec;
        uint16_t class;
        bool root = r->at < r->message.len && r->message.at[r->at] == 0;
        if (!dns_name_skip(r->message, &r->at) || !read_record(r, &rec, &class)) {
            return false;
        }
        if (rec.type == DNS_TYPE_OPT && root && !found) {
            found = true;
            r->rcode |= rec.ttl >> 24 << 4; /* RFC 6891 section 6.1.3 */
            r->out->seen.ede = find_ede(rec.data);
        }
    }
    return true;
}

bool dns_message_is_bare_error(struct span message)
{
    static const uint8_t counts[8] = {0};
    return message.len == DNS_HEADER_LEN && (message.at[2] & 0xFAU) == 0x80U && /* QR, not TC */
           memcmp(message.at + 4, counts, sizeof(counts)) == 0 &&
           dns_message_rcode(message) != DNS_RCODE_NOERROR &&
           dns_message_rcode(message) != DNS_RCODE_NXDOMAIN;
}

static bool read_sections(struct reading *r, const struct dns_name *name)
{
    const uint8_t *head = r->message.at;
    if (dns_message_is_bare_error(r->message)) {
        return true;
    }
    /* QR set, opcode QUERY: RFC 1035 section 4.1.1. */
    if ((head[2] & 0x80U) == 0 || (head[2] & 0x78U) != 0) {
        return false;
    }
    r->at = DNS_HEADER_LEN;
    return read_question(r, name) && read_answer_section(r, u16_at(head + 6)) &&
           read_authority_section(r, u16_at(head + 8)) &&
           read_additional_section(r, u16_at(head + 10));
}

/* A name that has to fill `rec` from `skip` on. */
static bool read_data_name(struct reading *r, const struct record *rec, size_t skip,
                           struct dns_name *out)
{
    size_t end = rec->data_at + rec->data.len;
    size_t at = rec->data_at + skip;
    return rec->data.len > skip && dns_name_read(span_take(r->message, end), &at, out) && at == end;
}

/* RFC 1035 section 3.3.14: one or more character-strings that fill the data. */
static bool message_read_text(struct dns_reader *reader, struct span data, struct span *out)
{
    if (data.len == 0) {
        return false;
    }
    CHECK(reader->text_len + data.len <= TEXT_MAX);
    uint8_t *at = reader->text + reader->text_len;
    size_t len = 0;
    while (data.len > 0) {
        size_t n = data.at[0];
        data = span_drop(data, 1);
        if (n > data.len) {
            return false;
        }
        memcpy(at + len, data.at, n);
        len += n;
        data = span_drop(data, n);
    }
    reader->text_len += len;
    *out = (struct span){at, len};
    return true;
}

/* Fills `rr` from the data of `rec`. @return false when the data does not fit the type. */
static bool read_data(struct reading *r, const struct record *rec, struct dns_rr *rr)
{
    struct dns_name name;
    struct span data = rec->data;
    *rr = (struct dns_rr){.type = rec->type, .ttl = rec->ttl};
    switch (rec->type) {
    case DNS_TYPE_A: /* RFC 1035 section 3.4.1 */
        rr->address = data.len == 4 ? net_addr_v4(data.at) : (struct net_addr){0};
        return data.len == 4;
    case DNS_TYPE_AAAA: /* RFC 3596 section 2.2 */
        rr->address = data.len == 16 ? net_addr_v6(data.at) : (struct net_addr){0};
        return data.len == 16;
    case DNS_TYPE_MX: /* RFC 1035 section 3.3.9 */
        if (!read_data_name(r, rec, 2, &name)) {
            return false;
        }
        rr->mx.preference = u16_at(data.at);
        rr->mx.exchange = keep_text(r->reader, &name);
        return true;
    case DNS_TYPE_NS:
    case DNS_TYPE_CNAME:
    case DNS_TYPE_PTR:
        if (!read_data_name(r, rec, 0, &name)) {
            return false;
        }
        rr->name = keep_text(r->reader, &name);
        return true;
    case DNS_TYPE_TXT:
        return message_read_text(r->reader, data, &rr->text);
    case DNS_TYPE_TLSA: /* RFC 6698 section 2.1 */
        if (data.len < 3) {
            return false;
        }
        rr->tlsa.usage = data.at[0];
        rr->tlsa.selector = data.at[1];
        rr->tlsa.matching = data.at[2];
        rr->tlsa.data = span_drop(data, 3);
        return true;
    default: /* a type nobody asks for is kept as it is */
        rr->text = data;
        return true;
    }
}

static int cmp_u(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int cmp_tlsa(const struct dns_rr *a, const struct dns_rr *b)
{
    int c = cmp_u(a->tlsa.usage, b->tlsa.usage);
    c = c != 0 ? c : cmp_u(a->tlsa.selector, b->tlsa.selector);
    c = c != 0 ? c : cmp_u(a->tlsa.matching, b->tlsa.matching);
    return c != 0 ? c : span_cmp(a->tlsa.data, b->tlsa.data);
}

static int cmp_data(const struct dns_rr *a, const struct dns_rr *b)
{
    int c;
    switch (a->type) {
    case DNS_TYPE_A:
    case DNS_TYPE_AAAA:
        return net_addr_cmp(&a->address, &b->address);
    case DNS_TYPE_MX:
        c = cmp_u(a->mx.preference, b->mx.preference);
        return c != 0 ? c : span_cmp(a->mx.exchange, b->mx.exchange);
    case DNS_TYPE_TLSA:
        return cmp_tlsa(a, b);
    case DNS_TYPE_NS:
    case DNS_TYPE_CNAME:
    case DNS_TYPE_PTR:
        return span_cmp(a->name, b->name);
    default:
        return span_cmp(a->text, b->text);
    }
}

static int cmp_rr(const void *a, const void *b)
{
    return cmp_data(a, b);
}

static void sort_without_repeats(struct dns_reader *reader, size_t *count)
{
    if (*count < 2) {
        return;
    }
    qsort(reader->rrs, *count, sizeof(reader->rrs[0]), cmp_rr);
    size_t kept = 1;
    for (size_t i = 1; i < *count; i++) {
        if (cmp_data(&reader->rrs[kept - 1], &reader->rrs[i]) != 0) {
            reader->rrs[kept++] = reader->rrs[i];
        }
    }
    *count = kept;
}

/* The records of the asked type at `name`. @return false when one of them is malformed. */
static bool message_collect(struct reading *r, const struct dns_name *name)
{
    struct dns_reader *reader = r->reader;
    for (size_t i = 0; i < reader->record_count; i++) {
        const struct record *rec = &reader->records[i];
        if (!dns_name_eq(&reader->owners[rec->owner], name)) {
            continue;
        }
        /* RFC 4034 section 3.1: the type covered comes first. */
        if (rec->type == DNS_TYPE_RRSIG && rec->data.len >= 2 && u16_at(rec->data.at) == r->type) {
            r->out->seen.rrsig_present = true;
        }
        if (rec->type != r->type) {
            continue;
        }
        if (r->out->rr_count == DNS_RRS_MAX) {
            r->out->seen.truncated = true;
            break;
        }
        if (!read_data(r, rec, &reader->rrs[r->out->rr_count])) {
            return false;
        }
        r->out->rr_count++;
        note_ttl(r, rec->ttl);
    }
    return true;
}

enum link {
    LINK_NONE,
    LINK_FOUND,
    LINK_MALFORMED,
};

/* Where the CNAME at `name` leads. More than one is against RFC 2181 section 10.1; then the one
 * that sorts first is followed, whatever the order of the answer. */
static enum link find_link(struct reading *r, const struct dns_name *name, struct dns_name *target)
{
    struct dns_reader *reader = r->reader;
    enum link found = LINK_NONE;
    for (size_t i = 0; i < reader->record_count; i++) {
        const struct record *rec = &reader->records[i];
        struct dns_name here;
        if (rec->type != DNS_TYPE_CNAME || !dns_name_eq(&reader->owners[rec->owner], name)) {
            continue;
        }
        if (!read_data_name(r, rec, 0, &here)) {
            return LINK_MALFORMED;
        }
        note_ttl(r, rec->ttl);
        if (found == LINK_NONE || span_cmp((struct span){here.octets, here.len},
                                           (struct span){target->octets, target->len}) < 0) {
            *target = here;
        }
        found = LINK_FOUND;
    }
    return found;
}

static struct span keep_link(struct reading *r, const struct dns_name *target)
{
    struct span text = keep_text(r->reader, target);
    r->reader->cnames[r->out->cname_count++] = text;
    return text;
}

/* Has the chain led to the target of its last link before? */
static bool is_known_link(const struct dns_answer *out, struct span target)
{
    for (size_t i = 0; i + 1 < out->cname_count; i++) {
        if (span_eq(out->cnames[i], target)) {
            return true;
        }
    }
    return false;
}

/* Follows the chain from `name` until records or no further link are there. @param here where that is */
static enum dns_state follow(struct reading *r, const struct dns_name *name, struct dns_name *here)
{
    struct dns_answer *out = r->out;
    dns_name_copy(here, name);
    for (;;) {
        if (!message_collect(r, here)) {
            return DNS_MALFORMED;
        }
        if (out->rr_count > 0) {
            sort_without_repeats(r->reader, &out->rr_count);
            return DNS_DATA;
        }
        struct dns_name target;
        enum link link = r->type == DNS_TYPE_CNAME ? LINK_NONE : find_link(r, here, &target);
        if (link == LINK_MALFORMED) {
            return DNS_MALFORMED;
        }
        if (link == LINK_NONE) {
            return DNS_NODATA;
        }
        if (out->cname_count == DNS_CNAME_MAX) {
            return DNS_CNAME_LIMIT;
        }
        struct span link_text = keep_link(r, &target);
        if (dns_name_eq(&target, name) || is_known_link(out, link_text)) {
            return DNS_CNAME_LOOP;
        }
        *here = target;
    }
}

/* RFC 6672 section 2.3: what is below its owner, not the owner. */
static bool dname_covers(const struct dns_name *owner, const struct dns_name *name)
{
    size_t at = 0;
    while (name->len - at > owner->len) {
        at += 1U + name->octets[at];
    }
    return at > 0 && name->len - at == owner->len &&
           memcmp(name->octets + at, owner->octets, owner->len) == 0;
}

/* RFC 6672 section 2.2: the DNAME that `name` is below is in the answer, and what it makes of the name is too long. */
static bool is_made_too_long(struct reading *r, const struct dns_name *name)
{
    const struct dns_reader *reader = r->reader;
    for (size_t i = 0; i < reader->record_count; i++) {
        const struct record *rec = &reader->records[i];
        const struct dns_name *owner = &reader->owners[rec->owner];
        struct dns_name target;
        if (rec->type == DNS_TYPE_DNAME && dname_covers(owner, name) &&
            read_data_name(r, rec, 0, &target) &&
            (size_t)name->len - owner->len + target.len > DNS_NAME_WIRE_MAX) {
            return true;
        }
    }
    return false;
}

/* RFC 2308 sections 2.1 and 2.2: what an answer without records of the type means. */
static enum dns_state judge_denial(struct reading *r)
{
    bool authoritative = (r->message.at[2] & 0x04U) != 0;
    if (r->rcode == DNS_RCODE_NXDOMAIN) {
        return DNS_NXDOMAIN;
    }
    if (r->has_ns && !r->has_soa && !authoritative) {
        return DNS_REFUSED;
    }
    if (r->out->cname_count >= DNS_CNAME_UNFINISHED && !r->has_soa) {
        return DNS_CNAME_LIMIT;
    }
    return DNS_NODATA;
}

static void forget_records(struct dns_answer *out)
{
    out->rr_count = 0;
    out->cname_count = 0;
    out->seen.truncated = false;
    out->seen.rrsig_present = false;
    out->seen.ttl = UINT32_MAX;
}

static enum dns_state message_judge(struct reading *r, const struct dns_name *name)
{
    switch (r->rcode) {
    case DNS_RCODE_NOERROR:
    case DNS_RCODE_NXDOMAIN:
    case DNS_RCODE_YXDOMAIN:
        break;
    case DNS_RCODE_SERVFAIL:
        return DNS_SERVFAIL;
    case DNS_RCODE_REFUSED:
        return DNS_REFUSED;
    default:
        return DNS_OTHER_RCODE;
    }
    struct dns_name here;
    enum dns_state state = follow(r, name, &here);
    if (r->rcode == DNS_RCODE_YXDOMAIN && state != DNS_MALFORMED) {
        if (!is_made_too_long(r, &here)) {
            forget_records(r->out);
            return DNS_OTHER_RCODE;
        }
        r->out->rr_count = 0;
        return DNS_NAME_INVALID;
    }
    if (state != DNS_NODATA) {
        return state;
    }
    state = judge_denial(r);
    if (r->has_soa) {
        note_ttl(r, r->soa_ttl);
    }
    return state;
}

void dns_message_read(struct dns_reader *reader, struct span message, const struct dns_name *name,
                      uint16_t type, struct dns_answer *out)
{
    reader->record_count = 0;
    reader->owner_count = 0;
    reader->text_len = 0;
    *out = (struct dns_answer){
        .seen = {.rcode = DNS_RCODE_NONE, .ede = -1, .ttl = UINT32_MAX},
        .rrs = reader->rrs,
        .cnames = reader->cnames,
    };
    struct reading r = {.reader = reader, .message = message, .type = type, .out = out};
    enum dns_state state = DNS_MALFORMED;
    if (message.len >= DNS_HEADER_LEN) {
        r.rcode = dns_message_rcode(message);
        if (read_sections(&r, name)) {
            state = message_judge(&r, name);
        }
        out->seen.rcode = (uint8_t)(r.rcode < DNS_RCODE_NONE ? r.rcode : DNS_RCODE_NONE - 1U);
        out->seen.ad = (message.at[3] & 0x20U) != 0; /* RFC 4035 section 3.2.3 */
    }
    if (state == DNS_MALFORMED) {
        forget_records(out);
    }
    out->seen.state = (uint8_t)state;
    out->seen.cname_count = (uint8_t)out->cname_count;
    if (out->seen.ttl == UINT32_MAX) {
        out->seen.ttl = 0;
    }
}
