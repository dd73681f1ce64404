#include "scanner/report/row_parts.h"

/* The endpoint of a host at the service of a group. */
static struct span endpoint_of_group(const struct seen_group *g, struct span host, struct buf *key)
{
    buf_reset(key);
    endpoint_key_put(key, host, &g->address, g->port);
    return buf_span(key);
}

static void put_speaker(struct row *r, const struct seen_group *g, struct buf *key)
{
    if (g->speaks.len > 0) {
        row_text(r, GROUPS_SPEAKS, endpoint_of_group(g, g->speaks, key));
        row_sha256(r, GROUPS_CHAIN_ID, g->chain_id);
    }
}

void report_group(struct row_sink *sink, const struct seen_group *g)
{
    if (!row_sink_wants(sink, TABLE_GROUPS)) {
        return;
    }
    buf_reset(&sink->key);
    group_key_put(&sink->key, g->parent, &g->address, g->port);
    struct span key = buf_span(&sink->key);
    struct span wildcard = span_drop(key, key.len - g->parent.len - strlen("*."));
    struct row *r = row_sink_begin(sink, TABLE_GROUPS);
    row_text(r, GROUPS_GROUP, key);
    row_text(r, GROUPS_SERVICE, span_take(key, key.len - wildcard.len - 1));
    row_text(r, GROUPS_WILDCARD, wildcard);
    row_bool(r, GROUPS_LISTED, g->listed);
    row_word(r, GROUPS_STATE, group_state_word(g->state));
    row_uint(r, GROUPS_MEMBERS, g->names_dialled + g->names_inferred);
    row_uint(r, GROUPS_NAMES_DIALLED, g->names_dialled);
    row_uint(r, GROUPS_NAMES_INFERRED, g->names_inferred);
    row_uint(r, GROUPS_AGREEMENTS, g->agreements);
    row_uint(r, GROUPS_INCONCLUSIVE, g->inconclusive);
    row_uint(r, GROUPS_CHECKS, g->checks);
    row_uint(r, GROUPS_CONTRADICTIONS, g->contradictions);
    struct list *by = row_list(r, GROUPS_CONTRADICTED_BY);
    for (size_t i = 0; i < g->contradictions && i < CONTRADICTIONS_KEPT; i++) {
        list_text(by, endpoint_of_group(g, g->contradicted_by[i], &sink->key));
    }
    list_close(by);
    put_speaker(r, g, &sink->key);
    row_sink_end(sink, TABLE_GROUPS);
}
