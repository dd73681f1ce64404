#include "scanner/record/cause_finder.h"

#include "scanner/report/report.h"

#define POLICY_HOST_PREFIX "mta-sts."

void cause_finder_init(struct cause_finder *f, struct fact_book *book)
{
    f->book = book;
    f->key = BUF_INIT(BUF_NO_LIMIT);
    f->thing = BUF_INIT(BUF_NO_LIMIT);
    fact_record_init(&f->host);
    fact_record_init(&f->own);
    fact_record_init(&f->list);
    fact_record_init(&f->service);
    fact_record_init(&f->completion);
}

void cause_finder_deinit(struct cause_finder *f)
{
    buf_deinit(&f->key);
    buf_deinit(&f->thing);
    fact_record_deinit(&f->host);
    fact_record_deinit(&f->own);
    fact_record_deinit(&f->list);
    fact_record_deinit(&f->service);
    fact_record_deinit(&f->completion);
}

static void finder_read(struct cause_finder *f, enum fact_kind kind, struct span key,
                        struct fact_record *out)
{
    (void)fact_record_read(f->book, fact_book_find(f->book, kind, key).place, out);
}

static void finder_look_at(struct cause_finder *f, const struct cause_place *at)
{
    buf_reset(&f->thing);
    endpoint_key_put(&f->thing, at->host, &at->address, at->port);
    if (!span_eq(buf_span(&f->thing), buf_span(&f->key))) {
        buf_reset(&f->key);
        buf_put(&f->key, buf_span(&f->thing));
        f->has_own = false;
        f->has_list = false;
        f->has_service = false;
    }
}

static void finder_read_own(struct cause_finder *f)
{
    if (!f->has_own) {
        f->has_own = true;
        finder_read(f, FACT_ENDPOINT, buf_span(&f->key), &f->own);
    }
}

static void finder_read_list(struct cause_finder *f)
{
    finder_read_own(f);
    if (!f->has_list) {
        f->has_list = true;
        f->list.count = 0;
        f->completion.count = 0;
        if (fact_record_read(f->book, f->own.list, &f->list)) {
            finder_read(f, FACT_COMPLETION, f->list.key, &f->completion);
        }
    }
}

static void read_service_facts(struct cause_finder *f, const struct cause_place *at)
{
    if (!f->has_service) {
        f->has_service = true;
        finder_read(f, FACT_SERVICE, span_drop(buf_span(&f->key), at->host.len + 1), &f->service);
    }
}

static void set_thing(struct cause_finder *f, struct found_cause *out, struct span thing)
{
    buf_reset(&f->thing);
    if (out->kind == CAUSE_CHAIN || out->kind == CAUSE_CERTIFICATE) {
        buf_put_hex(&f->thing, thing);
    } else {
        buf_put(&f->thing, thing);
    }
    out->thing = buf_span(&f->thing);
}

static void find_at_domain(struct cause_finder *f, const struct cause_place *at,
                           struct found_cause *out)
{
    buf_reset(&f->thing);
    buf_put_text(&f->thing, out->kind == CAUSE_POLICY ? POLICY_HOST_PREFIX : "");
    buf_put(&f->thing, at->domain);
    out->thing = buf_span(&f->thing);
    out->name = out->thing;
}

static void find_at_host(struct cause_finder *f, const struct cause_place *at, bool evidence,
                         struct found_cause *out)
{
    if (evidence) {
        finder_read(f, FACT_HOST, at->host, &f->host);
        const struct fact_item *item = fact_record_find(&f->host, out->code);
        out->evidence = item != NULL ? item->evidence : (struct span){0};
    }
    set_thing(f, out, at->host);
    out->name = at->host;
}

/* The list, or one of its certificates. @return false: it is not about these */
static bool find_in_list(struct cause_finder *f, struct found_cause *out)
{
    if (out->kind != CAUSE_CHAIN && out->kind != CAUSE_CERTIFICATE) {
        return false;
    }
    finder_read_list(f);
    const struct fact_item *item = fact_record_find(&f->list, out->code);
    if (item == NULL && out->code == FINDING_CHAIN_MISSING_INTERMEDIATE) {
        out->code = FINDING_CHAIN_ISSUER_UNKNOWN;
        item = fact_record_find(&f->list, out->code);
    }
    if (item == NULL) {
        return false;
    }
    bool of_list = item->certificate.len == 0;
    out->latest = out->code;
    out->evidence = item->evidence;
    out->kind = of_list ? CAUSE_CHAIN : CAUSE_CERTIFICATE;
    set_thing(f, out, of_list ? f->list.key : item->certificate);
    out->name = of_list ? f->list.name : item->name;
    if (out->code == FINDING_CHAIN_ISSUER_UNKNOWN && f->completion.count > 0) {
        out->latest = f->completion.items[0].code;
        out->evidence = f->completion.items[0].evidence;
    }
    return true;
}

static void find_at_endpoint(struct cause_finder *f, const struct cause_place *at, bool evidence,
                             struct found_cause *out)
{
    finder_look_at(f, at);
    if (find_in_list(f, out)) {
        return;
    }
    if (evidence) {
        finder_read_own(f);
        const struct fact_item *item = fact_record_find(&f->own, out->code);
        if (item == NULL) {
            read_service_facts(f, at);
            item = fact_record_find(&f->service, out->code);
        }
        out->evidence = item != NULL ? item->evidence : (struct span){0};
    }
    struct span service = span_drop(buf_span(&f->key), at->host.len + 1);
    set_thing(f, out, out->kind == CAUSE_HOST ? at->host : service);
    out->name = at->host;
}

static void find_cause(struct cause_finder *f, const struct cause_place *at, bool evidence,
                       struct found_cause *out)
{
    if (at->host.len == 0) {
        find_at_domain(f, at, out);
    } else if (at->address.family == 0) {
        find_at_host(f, at, evidence, out);
    } else {
        find_at_endpoint(f, at, evidence, out);
    }
}

void cause_find(struct cause_finder *f, const struct cause_place *at, enum finding_code code,
                struct span evidence, struct found_cause *out)
{
    *out = (struct found_cause){
        .code = code, .latest = code, .kind = problem_cause_kind(code), .evidence = evidence};
    find_cause(f, at, true, out);
}

void cause_find_key(struct cause_finder *f, const struct cause_place *at, enum finding_code code,
                    struct found_cause *out)
{
    *out = (struct found_cause){.code = code, .latest = code, .kind = problem_cause_kind(code)};
    find_cause(f, at, false, out);
}

void cause_key_put(struct buf *key, const struct found_cause *c)
{
    buf_putf(key, "%s|%s|", finding_info(c->code)->code, cause_kind_word(c->kind));
    buf_put(key, c->thing);
}
