#include "scanner/record/problem_tables.h"

#include <stdlib.h>

#include "scanner/base/codec.h"
#include "scanner/base/memory.h"
#include "scanner/index/scratch_database.h"
#include "scanner/record/cause_finder.h"
#include "scanner/record/cause_totals.h"
#include "scanner/report/outcome_sets.h"
#include "scanner/report/problem_rows.h"

#define CACHE_OCTETS (32U << 20) /* of the temporary database */
#define PLACE_BITS   15          /* of a place where a cause is met: line, problem, place */
#define PROBLEM_BITS 9

/* --- a domain, as the book has it --------------------------------------------------------------- */

struct told_host {
    struct span name;
    size_t first; /* place of its first endpoint */
    size_t count;
};

struct told_endpoint {
    size_t host;
    struct net_addr address;
    uint16_t port;
    struct span mx_operator;
};

struct told_problem {
    enum finding_code code;
    enum effect effect;
    enum severity severity;
    uint32_t place_count;
    uint32_t tested_count;
    uint32_t inferred_count;
    uint64_t senders;
    uint32_t first;
    const uint8_t *bits;
    struct span evidence;
};

struct told_domain {
    struct buf octets;
    uint64_t line;
    struct span name;
    struct told_host hosts[MX_MAX];
    size_t host_count;
    struct told_endpoint *endpoints; /* malloc */
    size_t endpoint_count;
    size_t capacity;
    struct told_problem problems[FINDING_COUNT];
    size_t problem_count;
    size_t place_total;
};

static void told_add_endpoint(struct told_domain *d, size_t host, struct span *in)
{
    if (d->endpoint_count == d->capacity) {
        d->capacity = d->capacity * 2 + 16;
        d->endpoints = memory_resize(d->endpoints, d->capacity, sizeof(*d->endpoints));
    }
    struct told_endpoint *e = &d->endpoints[d->endpoint_count++];
    e->host = host;
    e->address = codec_get_addr(in);
    e->port = codec_get_u16(in);
    e->mx_operator = codec_get_name(in);
}

static void told_get_problem(struct told_problem *p, size_t bit_octets, struct span *in)
{
    p->code = (enum finding_code)codec_get_u16(in);
    p->effect = (enum effect)codec_get_word(in);
    p->severity = (enum severity)codec_get_word(in);
    p->place_count = codec_get_u32(in);
    p->tested_count = codec_get_u32(in);
    p->inferred_count = codec_get_u32(in);
    p->senders = codec_get_u64(in);
    p->first = codec_get_u32(in);
    p->bits = codec_take(in, bit_octets).at;
    p->evidence = codec_get_span(in);
}

/* As facts_note_domain() puts it. */
static void told_read(struct told_domain *d)
{
    struct span in = buf_span(&d->octets);
    d->line = codec_get_u64(&in);
    d->name = codec_get_span(&in);
    d->host_count = codec_get_count(&in);
    CHECK(d->host_count <= MX_MAX);
    d->endpoint_count = 0;
    for (size_t i = 0; i < d->host_count; i++) {
        struct told_host *h = &d->hosts[i];
        h->name = codec_get_span(&in);
        h->first = d->endpoint_count;
        h->count = codec_get_count(&in);
        for (size_t k = 0; k < h->count; k++) {
            told_add_endpoint(d, i, &in);
        }
    }
    size_t bit_octets = codec_get_count(&in);
    d->place_total = bit_octets * 8;
    d->problem_count = codec_get_count(&in);
    CHECK(d->problem_count <= FINDING_COUNT);
    for (size_t i = 0; i < d->problem_count; i++) {
        told_get_problem(&d->problems[i], bit_octets, &in);
    }
}

static bool told_is_at(const struct told_problem *p, size_t place)
{
    return (p->bits[place / 8] >> (place % 8) & 1) != 0;
}

/* Where a problem is met: at the domain itself, at a host, or at an endpoint. */
static struct cause_place told_place(const struct told_domain *d, const struct told_problem *p,
                                     size_t place)
{
    struct cause_place at = {.domain = d->name};
    if (p->place_count == 0) {
        return at;
    }
    if (finding_info(p->code)->scope == SCOPE_HOST) {
        at.host = d->hosts[place].name;
        return at;
    }
    const struct told_endpoint *e = &d->endpoints[place];
    at.host = d->hosts[e->host].name;
    at.address = e->address;
    at.port = e->port;
    return at;
}

/* --- the way out ---------------------------------------------------------------------------------- */

/** A cause that one domain or one host meets, each once. */
struct meeting {
    struct hash_key key;
    size_t place;
    uint32_t places;
};

struct table_work {
    const struct problem_tables *how;
    struct row_sink *sink;
    struct scratch_database *database;
    struct cause_totals *totals;
    struct cause_finder finder;
    struct told_domain domain;
    struct buf record;
    struct buf key;
    struct scratch_statement *put_line;
    struct scratch_statement *find_line;
    struct meeting *meetings; /* malloc */
    size_t meeting_count;
    size_t meeting_capacity;
    struct buf met; /* the keys of these, a NUL behind each */
};

static bool tables_are_halted(const struct table_work *w)
{
    return w->how->halted != NULL && *w->how->halted;
}

static void cause_with_evidence(struct table_work *w, const struct cause_place *at,
                                const struct told_problem *p, struct found_cause *found)
{
    cause_find(&w->finder, at, p->code, p->evidence, found);
    buf_reset(&w->key);
    cause_key_put(&w->key, found);
}

static void cause_key_of(struct table_work *w, const struct cause_place *at, enum finding_code code)
{
    struct found_cause found;
    cause_find_key(&w->finder, at, code, &found);
    buf_reset(&w->key);
    cause_key_put(&w->key, &found);
}

static void forget_meetings(struct table_work *w)
{
    w->meeting_count = 0;
    buf_reset(&w->met);
}

static void note_meeting(struct table_work *w, size_t place)
{
    struct hash_key key = hash_key_of(buf_span(&w->key));
    for (size_t i = 0; i < w->meeting_count; i++) {
        if (hash_key_eq(w->meetings[i].key, key)) {
            w->meetings[i].places++;
            return;
        }
    }
    if (w->meeting_count == w->meeting_capacity) {
        w->meeting_capacity = w->meeting_capacity * 2 + 16;
        w->meetings = memory_resize(w->meetings, w->meeting_capacity, sizeof(*w->meetings));
    }
    w->meetings[w->meeting_count++] = (struct meeting){.key = key, .place = place, .places = 1};
    buf_put(&w->met, buf_span(&w->key));
    buf_put_char(&w->met, '\0');
}

/* --- hosts: how many of them, and of their places, suffer ----------------------------------------- */

static void meet_codes(struct table_work *w, const struct cause_place *at, struct code_set codes)
{
    for (size_t i = 0; i < codes.count; i++) {
        cause_key_of(w, at, code_of_item(codes.items[i]));
        note_meeting(w, 0);
    }
}

/* With the same code at the endpoint and at its service it is one place. */
static void meet_service(struct table_work *w, const struct cause_place *at, struct code_set own,
                         struct code_set service)
{
    for (size_t i = 0; i < service.count; i++) {
        enum finding_code code = code_of_item(service.items[i]);
        if (!code_set_has(own, code)) {
            cause_key_of(w, at, code);
            note_meeting(w, 0);
        }
    }
}

static void count_host(struct table_work *w)
{
    struct span in = buf_span(&w->record);
    struct cause_place at = {.host = codec_get_span(&in)};
    size_t count = codec_get_count(&in);
    forget_meetings(w);
    meet_codes(w, &at, fact_book_find(w->how->book, FACT_HOST, at.host).codes);
    for (size_t i = 0; i < count; i++) {
        at.address = codec_get_addr(&in);
        at.port = codec_get_u16(&in);
        struct buf key = BUF_INIT(BUF_NO_LIMIT);
        endpoint_key_put(&key, at.host, &at.address, at.port);
        struct fact_entry own = fact_book_find(w->how->book, FACT_ENDPOINT, buf_span(&key));
        struct fact_entry service =
            fact_book_find(w->how->book, FACT_SERVICE, span_drop(buf_span(&key), at.host.len + 1));
        buf_deinit(&key);
        meet_codes(w, &at, own.codes);
        meet_service(w, &at, own.codes, service.codes);
    }
    for (size_t i = 0; i < w->meeting_count; i++) {
        const struct meeting *m = &w->meetings[i];
        const struct cause_total part = {
            .host_count = 1, .place_count = m->places, .first = CAUSE_NOWHERE};
        cause_totals_add(w->totals, (struct span){(const uint8_t *)&m->key, sizeof(m->key)}, &part);
    }
}

/* --- problems --------------------------------------------------------------------------------------- */

static uint64_t place_of_cause(uint64_t line, size_t problem, size_t place)
{
    size_t most = (1U << PLACE_BITS) - 1;
    return line << (PROBLEM_BITS + PLACE_BITS) | (uint64_t)problem << PLACE_BITS |
           (place < most ? place : most);
}

/* Each cause of the problem, at whichever place. */
static void meet_problem(struct table_work *w, const struct told_problem *p)
{
    const struct told_domain *d = &w->domain;
    forget_meetings(w);
    if (p->place_count == 0) {
        struct cause_place at = told_place(d, p, 0);
        cause_key_of(w, &at, p->code);
        note_meeting(w, 0);
    }
    for (size_t place = p->first; p->place_count > 0 && place < d->place_total; place++) {
        if (told_is_at(p, place)) {
            struct cause_place at = told_place(d, p, place);
            cause_key_of(w, &at, p->code);
            note_meeting(w, place);
        }
    }
}

/* After meet_problem(). */
static void count_problem(struct table_work *w, size_t number)
{
    const struct told_domain *d = &w->domain;
    const struct told_problem *p = &d->problems[number];
    for (size_t i = 0; i < w->meeting_count; i++) {
        const struct meeting *m = &w->meetings[i];
        const struct cause_total part = {.domain_count = 1,
                                         .first = place_of_cause(d->line, number, m->place),
                                         .effect = (uint8_t)p->effect,
                                         .severity = (uint8_t)p->severity};
        cause_totals_add(w->totals, (struct span){(const uint8_t *)&m->key, sizeof(m->key)}, &part);
    }
}

/* The latest of what is known of any place: an issuer that turned up is what would mend it. */
static enum finding_code latest_code(struct table_work *w, const struct told_problem *p)
{
    struct found_cause found;
    for (size_t place = 0; p->code == FINDING_CHAIN_ISSUER_UNKNOWN && place < w->domain.place_total;
         place++) {
        if (told_is_at(p, place)) {
            struct cause_place at = told_place(&w->domain, p, place);
            cause_find(&w->finder, &at, p->code, p->evidence, &found);
            if (found.latest != p->code) {
                return found.latest;
            }
        }
    }
    return p->code;
}

/* After meet_problem(). */
static void report_one_problem(struct table_work *w, const struct told_problem *p)
{
    const struct told_domain *d = &w->domain;
    struct problem_places places = {.count = 0};
    struct found_cause found;
    for (size_t place = p->first;
         p->place_count > 0 && place < d->place_total && places.count < PROBLEM_PLACES_SHOWN;
         place++) {
        if (told_is_at(p, place)) {
            struct cause_place at = told_place(d, p, place);
            places.at[places.count++] =
                (struct problem_place){.host = at.host, .address = at.address, .port = at.port};
        }
    }
    struct problem_facts facts = {.line = d->line,
                                  .domain = d->name,
                                  .code = latest_code(w, p),
                                  .effect = p->effect,
                                  .severity = p->severity,
                                  .place_count = p->place_count,
                                  .tested_count = p->tested_count,
                                  .inferred_count = p->inferred_count,
                                  .places = &places,
                                  .senders = p->senders,
                                  .profiles = w->how->profiles};
    struct cause_place at = told_place(d, p, p->first);
    cause_with_evidence(w, &at, p, &found);
    facts.evidence = found.evidence;
    facts.cause = buf_span(&w->key);
    facts.causes = buf_span(&w->met);
    report_problem(w->sink, &facts);
    w->how->on_row(w->how->arg);
}

static bool read_domain_at(struct table_work *w, uint64_t place)
{
    enum fact_kind kind;
    if (!fact_book_read(w->how->book, place, &kind, &w->domain.octets)) {
        return false;
    }
    told_read(&w->domain);
    return true;
}

static void report_problems(struct table_work *w)
{
    struct scratch_statement *lines =
        scratch_statement_new(w->database, "SELECT place FROM lines ORDER BY line");
    while (!tables_are_halted(w) && scratch_next_row(lines)) {
        if (!read_domain_at(w, scratch_uint(lines, 0))) {
            break;
        }
        for (size_t i = 0; i < w->domain.problem_count && !tables_are_halted(w); i++) {
            meet_problem(w, &w->domain.problems[i]);
            report_one_problem(w, &w->domain.problems[i]);
            count_problem(w, i);
        }
    }
    scratch_leave(lines);
}

/* --- causes ----------------------------------------------------------------------------------------- */

/* What it is shows where it is met first. */
static bool report_one_cause(struct table_work *w, const struct cause_total *total)
{
    size_t place = (size_t)(total->first & ((1U << PLACE_BITS) - 1));
    size_t number = (size_t)(total->first >> PLACE_BITS & ((1U << PROBLEM_BITS) - 1));
    scratch_put_uint(w->find_line, total->first >> (PROBLEM_BITS + PLACE_BITS));
    uint64_t record = scratch_next_row(w->find_line) ? scratch_uint(w->find_line, 0) : FACT_NOWHERE;
    scratch_leave(w->find_line);
    if (!read_domain_at(w, record)) {
        return false;
    }
    const struct told_problem *p = &w->domain.problems[number];
    struct cause_place at = told_place(&w->domain, p, place);
    struct found_cause found;
    cause_with_evidence(w, &at, p, &found);
    bool has_server = at.address.family != 0;
    struct cause_facts facts = {.cause = buf_span(&w->key),
                                .code = found.latest,
                                .kind = found.kind,
                                .thing = found.thing,
                                .name = found.name,
                                .effect = (enum effect)total->effect,
                                .severity = (enum severity)total->severity,
                                .domain_count = total->domain_count,
                                .host_count = total->host_count,
                                .place_count = total->place_count,
                                .mx_operator = has_server ? w->domain.endpoints[place].mx_operator
                                                          : (struct span){0},
                                .example_domain = w->domain.name,
                                .evidence = found.evidence};
    report_cause(w->sink, &facts);
    w->how->on_row(w->how->arg);
    return true;
}

static void report_causes(struct table_work *w)
{
    struct cause_total total;
    w->find_line = scratch_statement_new(w->database, "SELECT place FROM lines WHERE line = ?");
    while (!tables_are_halted(w) && cause_totals_next(w->totals, &total)) {
        if (!report_one_cause(w, &total)) {
            return;
        }
    }
}

/* --- all of it -------------------------------------------------------------------------------------- */

/* Two threads may have put it down; the book knows one of them. */
static void report_set(struct table_work *w, uint64_t place)
{
    struct span set = buf_span(&w->record);
    if (!tables_are_halted(w) && w->how->profiles != NULL &&
        fact_book_find(w->how->book, FACT_OUTCOME_SET, set).place == place) {
        report_outcome_set(w->sink, set, w->how->profiles);
        w->how->on_row(w->how->arg);
    }
}

static void sort_records(struct table_work *w)
{
    struct fact_walk walk = {FACT_NOWHERE};
    uint64_t place;
    enum fact_kind kind;
    while (fact_book_next(w->how->book, &walk, &place, &kind, &w->record)) {
        struct span in = buf_span(&w->record);
        if (kind == FACT_PROBLEMS_OF_DOMAIN) {
            scratch_put_uint(w->put_line, codec_get_u64(&in));
            scratch_put_uint(w->put_line, place);
            scratch_do(w->put_line);
        } else if (kind == FACT_ENDPOINTS_OF_HOST) {
            count_host(w);
        } else if (kind == FACT_OUTCOME_SET) {
            report_set(w, place);
        }
    }
}

bool report_problem_tables(struct row_sink *sink, const struct problem_tables *t, struct buf *why)
{
    struct table_work *w = memory_new(1, sizeof(*w));
    *w = (struct table_work){.how = t,
                             .sink = sink,
                             .database = scratch_database_open(CACHE_OCTETS),
                             .record = BUF_INIT(BUF_NO_LIMIT),
                             .key = BUF_INIT(BUF_NO_LIMIT),
                             .met = BUF_INIT(BUF_NO_LIMIT)};
    w->domain.octets = BUF_INIT(BUF_NO_LIMIT);
    cause_finder_init(&w->finder, t->book);
    w->totals = cause_totals_new(w->database, CAUSES_IN_MEMORY);
    scratch_database_run(w->database,
                         "CREATE TABLE lines (line INTEGER PRIMARY KEY, place INTEGER)");
    w->put_line = scratch_statement_new(w->database, "INSERT OR REPLACE INTO lines VALUES (?, ?)");
    sort_records(w);
    report_problems(w);
    report_causes(w);
    const char *error = fact_book_error(t->book);
    error = error != NULL ? error : scratch_database_error(w->database);
    buf_put_text(why, error != NULL ? error : "");
    cause_totals_free(w->totals);
    cause_finder_deinit(&w->finder);
    scratch_database_close(w->database);
    buf_deinit(&w->domain.octets);
    buf_deinit(&w->record);
    buf_deinit(&w->key);
    buf_deinit(&w->met);
    free(w->domain.endpoints);
    free(w->meetings);
    free(w);
    return error == NULL;
}
