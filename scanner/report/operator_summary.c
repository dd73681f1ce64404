#include "scanner/report/operator_summary.h"

#include <inttypes.h>

#include "scanner/report/shares.h"

#define TEXT_LINES_MAX 8

static void put_tallies(struct json_writer *w, const struct tally *tallies)
{
    for (size_t i = 0; i < OPERATOR_PROPERTY_COUNT; i++) {
        put_tally(w, property_word(operator_properties[i]), &tallies[i]);
    }
}

static void put_operator_counts(struct json_writer *w, const struct operator_counts *c)
{
    json_key_uint(w, "domains", c->domains);
    json_key_uint(w, "hosts", c->hosts);
    json_key_uint(w, "services", c->services);
    json_key_uint(w, "endpoints", c->endpoints);
    json_key_uint(w, "endpoints_inferred", c->endpoints_inferred);
    json_key(w, "domain_properties");
    json_object_begin(w);
    put_tallies(w, c->domain);
    put_tally(w, "mta_sts", &c->mta_sts);
    json_object_end(w);
    json_key(w, "endpoint_properties");
    json_object_begin(w);
    put_tallies(w, c->endpoint);
    json_object_end(w);
}

static void put_category(struct json_writer *w, const char *key, const struct operator_counts *c)
{
    json_key(w, key);
    json_object_begin(w);
    put_operator_counts(w, c);
    json_object_end(w);
}

void report_operators(struct json_writer *w, const struct operator_summary *s)
{
    json_object_begin(w);
    json_key_uint(w, "distinct", s->distinct);
    json_key(w, "whole");
    json_bool(w, s->whole);
    json_key(w, "first");
    json_array_begin(w);
    for (size_t i = 0; i < s->count; i++) {
        json_object_begin(w);
        json_key(w, "mx_operator");
        (void)json_text(w, span_of(s->lines[i].name));
        put_operator_counts(w, &s->lines[i].counts);
        json_object_end(w);
    }
    json_array_end(w);
    put_category(w, "other", &s->other);
    put_category(w, "several", &s->several);
    put_category(w, "unknown", &s->unknown);
    json_object_end(w);
}

/* --- for people --------------------------------------------------------------------------------- */

static uint64_t all_domains(const struct operator_summary *s)
{
    uint64_t sum = s->other.domains + s->several.domains + s->unknown.domains;
    for (size_t i = 0; i < s->count; i++) {
        sum += s->lines[i].counts.domains;
    }
    return sum;
}

static void put_share_column(struct buf *text, uint64_t part, uint64_t whole)
{
    if (whole == 0) {
        buf_put_text(text, "       -");
        return;
    }
    buf_put_char(text, ' ');
    put_percent(text, part, whole);
}

static const struct tally *domain_tally(const struct operator_counts *c, enum property p)
{
    size_t i = 0;
    while (operator_properties[i] != p) {
        i++;
    }
    return &c->domain[i];
}

static void put_operator_line(struct buf *text, const char *name, const struct operator_counts *c,
                              uint64_t all)
{
    const struct tally *starttls = domain_tally(c, PROPERTY_STARTTLS);
    const struct tally *acceptable = domain_tally(c, PROPERTY_ACCEPTABLE);
    buf_putf(text, "  %-34.60s %9" PRIu64, name, c->domains);
    put_share_column(text, c->domains, all);
    buf_put_text(text, "  ");
    put_share_column(text, starttls->yes, starttls->yes + starttls->no);
    buf_put_text(text, "  ");
    put_share_column(text, acceptable->yes, acceptable->yes + acceptable->no);
    buf_putf(text, "%10" PRIu64 "\n", acceptable->unknown);
}

void report_operators_text(struct buf *text, const struct operator_summary *s)
{
    uint64_t all = all_domains(s);
    if (s->count == 0 || s->lines[0].counts.domains == 0) {
        return;
    }
    buf_putf(text, "%-36s %9s%8s  %8s  %8s%10s\n", "operators of the mail servers", "domains",
             "share", "starttls", "accept.", "untested");
    for (size_t i = 0; i < s->count && i < TEXT_LINES_MAX && s->lines[i].counts.domains > 0; i++) {
        put_operator_line(text, s->lines[i].name, &s->lines[i].counts, all);
    }
}
