#include "output/json_writer.h"
#include "output/tables.h"
#include "scanner/compare/diff_output.h"
#include "scanner/replay/results.h"

#define DIFF_SCHEMA 1

static void put_compared_scan(struct json_writer *w, const struct compared_scan *s)
{
    json_object_begin(w);
    json_key(w, "path");
    json_word(w, s->path);
    json_key(w, "version");
    json_word(w, s->version);
    json_key(w, "started");
    if (s->started_unix_ms != RESULTS_TIME_UNKNOWN) {
        json_time_ms(w, s->started_unix_ms);
    } else {
        json_null_value(w);
    }
    json_key(w, "judged_at");
    if (s->judged_unix_s != INT64_MIN) {
        json_time_s(w, s->judged_unix_s);
    } else {
        json_null_value(w);
    }
    json_key(w, "incomplete");
    json_bool(w, s->incomplete);
    json_key_uint(w, "domains", s->domains);
    json_object_end(w);
}

static void put_comparison_line(struct json_writer *w, const struct comparison *c)
{
    const struct comparison_counts *n = comparison_counts(c);
    json_object_begin(w);
    json_key(w, "type");
    json_word(w, "comparison");
    json_key_uint(w, "schema", DIFF_SCHEMA);
    json_key(w, "old");
    put_compared_scan(w, comparison_scan(c, false));
    json_key(w, "new");
    put_compared_scan(w, comparison_scan(c, true));
    json_key(w, "notes");
    json_array_begin(w);
    for (size_t i = 0; i < comparison_note_count(c); i++) {
        json_word(w, comparison_note(c, i));
    }
    json_array_end(w);
    json_key_uint(w, "in_both", n->in_both);
    json_key_uint(w, "not_compared", n->gaps[GAP_DOMAIN]);
    json_key(w, "not_compared_by_kind");
    json_object_begin(w);
    for (unsigned i = 0; i < GAP_KIND_COUNT; i++) {
        json_key_uint(w, gap_kind_word((enum gap_kind)i), n->gaps[i]);
    }
    json_object_end(w);
    json_key_uint(w, "changed", n->changed);
    json_key_uint(w, "only_old", n->only_old);
    json_key_uint(w, "only_new", n->only_new);
    json_key_uint(w, "changes", n->changes);
    json_object_end(w);
}

static void put_text_or_null(struct json_writer *w, const char *key, struct span text)
{
    json_key(w, key);
    if (text.len > 0) {
        (void)json_text(w, text);
    } else {
        json_null_value(w);
    }
}

static void put_change_senders(struct json_writer *w, struct span senders)
{
    json_key(w, "senders");
    if (senders.len == 0) {
        json_null_value(w);
        return;
    }
    json_array_begin(w);
    for (size_t from = 0, i = 0; i <= senders.len; i++) {
        if (i == senders.len || senders.at[i] == ',') {
            (void)json_text(w, (struct span){senders.at + from, i - from});
            from = i + 2;
        }
    }
    json_array_end(w);
}

static void put_change_domains(struct json_writer *w, struct comparison *c, uint64_t domains)
{
    struct span domain;
    json_key(w, "domains");
    json_array_begin(w);
    for (uint64_t i = 0; i < domains && comparison_next_domain(c, &domain); i++) {
        (void)json_text(w, domain);
    }
    json_array_end(w);
    comparison_leave(c);
}

static void put_change_line(struct json_writer *w, struct comparison *c,
                            const struct compared_change *change, uint64_t domains)
{
    const struct change *it = &change->change;
    json_object_begin(w);
    json_key(w, "type");
    json_word(w, "change");
    json_key_uint(w, "schema", DIFF_SCHEMA);
    json_key(w, "kind");
    json_word(w, change_kind_word(it->kind));
    json_key(w, "direction");
    json_word(w, change_direction_word(change_kind_direction(it->kind)));
    json_key(w, "place");
    json_word(w, change_place_word(it->place));
    put_text_or_null(w, "key", it->key);
    put_text_or_null(w, "code", it->code);
    json_key(w, "severity");
    json_word(w, it->code.len > 0 ? severity_word(it->severity) : NULL);
    put_text_or_null(w, "before", it->before);
    put_text_or_null(w, "after", it->after);
    put_change_senders(w, it->senders);
    json_key_uint(w, "domain_count", change->domain_count);
    put_change_domains(w, c, domains);
    json_object_end(w);
}

bool diff_put_ndjson(struct comparison *c, uint64_t domains, const struct diff_sink *to)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    struct json_writer w = json_writer(&line);
    struct compared_change change;
    put_comparison_line(&w, c);
    buf_put_char(&line, '\n');
    bool taken = to->take(to->arg, &line);
    while (taken && comparison_next_change(c, &change)) {
        struct json_writer row = json_writer(&line);
        put_change_line(&row, c, &change, domains);
        buf_put_char(&line, '\n');
        taken = to->take(to->arg, &line);
    }
    buf_deinit(&line);
    return taken && comparison_error(c) == NULL;
}
