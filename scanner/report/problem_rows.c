#include "scanner/report/problem_rows.h"

#include "scanner/base/text.h"

static void put_places(struct list *l, const struct problem_places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        const struct problem_place *at = &places->at[i];
        struct object *o = list_object(l);
        bool told = object_is_lean(o) && i > 0 && span_eq(at->host, places->at[i - 1].host);
        object_name(o, PROBLEM_PLACE_HOST, told ? (struct span){0} : at->host);
        if (at->address.family != 0) {
            object_address(o, PROBLEM_PLACE_ADDRESS, &at->address);
            object_uint(o, PROBLEM_PLACE_PORT, at->port);
        }
        object_close(o);
    }
    list_close(l);
}

static void put_problem_senders(struct list *l, uint64_t senders,
                                const struct sender_profiles *profiles)
{
    for (size_t i = 0; profiles != NULL && i < profiles->count; i++) {
        if ((senders >> i & 1U) != 0) {
            list_text(l, span_of(profiles->items[i].id));
        }
    }
    list_close(l);
}

static bool is_one_cause(struct span causes)
{
    (void)text_take_until(&causes, '\0');
    return causes.len == 0;
}

static void put_problem_causes(struct list *l, struct span causes)
{
    while (causes.len > 0) {
        list_text(l, text_take_until(&causes, '\0'));
    }
    list_close(l);
}

static void put_problem_row(struct row_sink *sink, const struct problem_facts *p)
{
    const struct finding_info *info = finding_info(p->code);
    struct row *r = row_sink_begin(sink, TABLE_PROBLEMS);
    row_uint(r, PROBLEMS_INPUT_LINE, p->line);
    row_text(r, PROBLEMS_DOMAIN, p->domain);
    row_word(r, PROBLEMS_CODE, info->code);
    row_word(r, PROBLEMS_EFFECT, effect_word(p->effect));
    row_word(r, PROBLEMS_SEVERITY, severity_word(p->severity));
    row_uint(r, PROBLEMS_PLACE_COUNT, p->place_count);
    row_uint(r, PROBLEMS_TESTED_COUNT, p->tested_count);
    row_uint(r, PROBLEMS_INFERRED_COUNT, p->inferred_count);
    put_places(row_list(r, PROBLEMS_PLACES), p->places);
    put_problem_senders(row_list(r, PROBLEMS_SENDERS), p->senders, p->profiles);
    row_name(r, PROBLEMS_EVIDENCE, p->evidence);
    row_text(r, PROBLEMS_CAUSE, p->cause);
    if (!row_is_lean(r) || !is_one_cause(p->causes)) {
        put_problem_causes(row_list(r, PROBLEMS_CAUSES), p->causes);
    }
    row_text(r, PROBLEMS_FIX, span_of(info->fix));
    row_sink_end(sink, TABLE_PROBLEMS);
}

void report_problem(struct row_sink *sink, const struct problem_facts *p)
{
    if (row_sink_wants(sink, TABLE_PROBLEMS)) {
        put_problem_row(sink, p);
    }
}

static void put_row_of_cause(struct row_sink *sink, const struct cause_facts *c)
{
    const struct finding_info *info = finding_info(c->code);
    struct row *r = row_sink_begin(sink, TABLE_CAUSES);
    row_text(r, CAUSES_CAUSE, c->cause);
    row_word(r, CAUSES_CODE, info->code);
    row_word(r, CAUSES_KIND, cause_kind_word(c->kind));
    row_text(r, CAUSES_THING, c->thing);
    row_name(r, CAUSES_NAME, c->name);
    row_word(r, CAUSES_EFFECT, effect_word(c->effect));
    row_word(r, CAUSES_SEVERITY, severity_word(c->severity));
    row_uint(r, CAUSES_DOMAIN_COUNT, c->domain_count);
    row_uint(r, CAUSES_HOST_COUNT, c->host_count);
    row_uint(r, CAUSES_PLACE_COUNT, c->place_count);
    row_name(r, CAUSES_MX_OPERATOR, c->mx_operator);
    row_text(r, CAUSES_EXAMPLE_DOMAIN, c->example_domain);
    row_name(r, CAUSES_EVIDENCE, c->evidence);
    row_text(r, CAUSES_FIX, span_of(info->fix));
    row_sink_end(sink, TABLE_CAUSES);
}

void report_cause(struct row_sink *sink, const struct cause_facts *c)
{
    if (row_sink_wants(sink, TABLE_CAUSES)) {
        put_row_of_cause(sink, c);
    }
}
