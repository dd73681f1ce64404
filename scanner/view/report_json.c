#include "output/json_writer.h"
#include "scanner/base/memory.h"
#include "scanner/view/report.h"

#define REPORT_SCHEMA 1 /* of the document around the rows */

/** Rows that were written already: the same one may be reached twice. */
struct row_set {
    const struct result_row **row;
    size_t count;
};

static bool add_once(struct row_set *set, const struct result_row *row)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->row[i] == row) {
            return false;
        }
    }
    set->row = memory_grow_list(set->row, set->count, sizeof(const struct result_row *));
    set->row[set->count++] = row;
    return true;
}

static void put_row(struct json_writer *w, struct row_set *set, const struct result_row *row)
{
    if (row != NULL && add_once(set, row)) {
        json_fragment(w, row->line);
    }
}

static void json_put_certificates(struct json_writer *w, struct row_set *set,
                                  const struct domain_view *v)
{
    for (size_t i = 0; i < v->chain_count; i++) {
        const struct facts *chain = &v->chain[i].facts;
        size_t count = facts_list_len(chain, CHAINS_CERTIFICATES);
        for (size_t k = 0; k < count; k++) {
            const char *fingerprint = facts_list_string(chain, CHAINS_CERTIFICATES, k);
            put_row(w, set, result_rows_find(v->rows, TABLE_CERTIFICATES, fingerprint));
        }
    }
}

/* The worst first, as they were written. */
static void json_put_problems(struct json_writer *w, const struct domain_view *v)
{
    const struct result_table *t = &v->rows->table[TABLE_PROBLEMS];
    uint64_t line = facts_uint(&v->domain, DOMAINS_INPUT_LINE, UINT64_MAX);
    for (size_t i = 0; v->row != NULL && i < t->count; i++) {
        if (facts_uint(&t->row[i].facts, PROBLEMS_INPUT_LINE, UINT64_MAX) == line) {
            json_fragment(w, t->row[i].line);
        }
    }
}

static void begin_table(struct json_writer *w, enum table_id table)
{
    json_key(w, table_name(table));
    json_array_begin(w);
}

static void put_rows(struct json_writer *w, const struct domain_view *v)
{
    struct row_set set = {0};
    begin_table(w, TABLE_DOMAINS);
    put_row(w, &set, v->row);
    json_array_end(w);
    begin_table(w, TABLE_HOSTS);
    for (size_t i = 0; i < v->host_count; i++) {
        put_row(w, &set, v->host[i]);
    }
    json_array_end(w);
    begin_table(w, TABLE_SERVICES);
    for (size_t i = 0; i < v->route_count; i++) {
        put_row(w, &set, v->route[i].service_row);
    }
    json_array_end(w);
    begin_table(w, TABLE_ENDPOINTS);
    for (size_t i = 0; i < v->route_count; i++) {
        put_row(w, &set, v->route[i].endpoint_row);
    }
    json_array_end(w);
    begin_table(w, TABLE_POLICIES);
    put_row(w, &set, v->policy);
    json_array_end(w);
    begin_table(w, TABLE_POLICY_BODIES);
    put_row(w, &set, v->policy_body);
    json_array_end(w);
    begin_table(w, TABLE_CHAINS);
    for (size_t i = 0; i < v->chain_count; i++) {
        put_row(w, &set, v->chain[i].chain);
    }
    json_array_end(w);
    begin_table(w, TABLE_ISSUERS); /* of this run: one may lead to the next */
    for (size_t i = 0; v->chain_count > 0 && i < v->rows->table[TABLE_ISSUERS].count; i++) {
        put_row(w, &set, &v->rows->table[TABLE_ISSUERS].row[i]);
    }
    json_array_end(w);
    begin_table(w, TABLE_COMPLETIONS);
    for (size_t i = 0; i < v->chain_count; i++) {
        put_row(w, &set, v->chain[i].completion);
    }
    json_array_end(w);
    begin_table(w, TABLE_CERTIFICATES);
    json_put_certificates(w, &set, v);
    json_array_end(w);
    begin_table(w, TABLE_PROBLEMS);
    json_put_problems(w, v);
    json_array_end(w);
    free(set.row);
}

static void put_as_if(struct json_writer *w, const char *const *host)
{
    if (host == NULL) {
        json_word(w, NULL);
        return;
    }
    json_array_begin(w);
    for (; *host != NULL; host++) {
        (void)json_text(w, span_of(*host));
    }
    json_array_end(w);
}

void report_put_json(struct buf *out, const struct domain_view *v)
{
    struct json_writer w = json_writer(out);
    struct buf headline = BUF_INIT(BUF_NO_LIMIT);
    headline_put(&headline, v);
    json_object_begin(&w);
    json_key(&w, "schema");
    json_uint(&w, REPORT_SCHEMA);
    json_key(&w, "domain");
    json_word(&w, facts_string(&v->domain, DOMAINS_DOMAIN));
    json_key(&w, "input");
    json_word(&w, facts_string(&v->domain, DOMAINS_INPUT));
    json_key(&w, "subject"); /* host or address, shown without a domain; null: a domain */
    json_word(&w, v->row == NULL ? v->setting.subject : NULL);
    json_key(&w, "domains"); /* how many of the results use it; null: a domain */
    if (v->row == NULL) {
        json_uint(&w, v->setting.user_count);
    } else {
        json_word(&w, NULL);
    }
    json_key(&w, "as_if"); /* MX hosts that were said instead of looked up; null: none */
    put_as_if(&w, v->setting.as_if);
    json_key(&w, "certificate"); /* file whose certificates are in the place of those presented */
    if (v->setting.certificate != NULL) {
        (void)json_text(&w, span_of(v->setting.certificate));
    } else {
        json_word(&w, NULL);
    }
    json_key(&w, "incomplete");
    json_bool(&w, v->setting.incomplete);
    json_key(&w, "summary");
    (void)json_text(&w, buf_span(&headline));
    json_key(&w, "codes"); /* distinct finding codes by severity, as the summary counts them */
    json_object_begin(&w);
    for (int s = SEVERITY_ERROR; s >= SEVERITY_INFO; s--) {
        json_key(&w, severity_word((enum severity)s));
        json_uint(&w, v->codes[s]);
    }
    json_object_end(&w);
    json_key(&w, "rows");
    json_object_begin(&w);
    put_rows(&w, v);
    json_object_end(&w);
    json_object_end(&w);
    buf_put_char(out, '\n');
    buf_deinit(&headline);
}
