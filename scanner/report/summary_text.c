#include <inttypes.h>

#include "scanner/analysis/smtp_reach.h"
#include "scanner/base/text.h"
#include "scanner/report/manifest.h"
#include "scanner/report/operator_summary.h"
#include "scanner/report/shares.h"
#include "scanner/report/summary.h"

#define TEXT_FINDINGS_MAX 8 /* lines of the most frequent errors */

static void put_account_text(struct buf *text, const struct scan_counts *c)
{
    const char *separator = " = ";
    buf_putf(text, "inputs %" PRIu64, c->inputs);
    for (unsigned i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        if (c->account[i] > 0) {
            buf_putf(text, "%s%s %" PRIu64, separator, account_class_word((enum account_class)i),
                     c->account[i]);
            separator = " + ";
        }
    }
    buf_put_char(text, '\n');
}

/* Nothing is said where all was observed. */
static void put_inferred_text(struct buf *text, const struct scan_counts *c)
{
    uint64_t lines = 0;
    for (unsigned i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        lines += c->account_inferred[i];
    }
    if (c->endpoint_basis[BASIS_INFERRED] > 0) {
        buf_putf(text,
                 "results of %" PRIu64 " endpoints are inferred from other names, %" PRIu64
                 " are observed; %" PRIu64 " inputs rest on inferred ones\n",
                 c->endpoint_basis[BASIS_INFERRED], c->endpoint_basis[BASIS_OBSERVED], lines);
    }
}

/* What becomes of mail, the worst first. */
static void put_effects_text(struct buf *text, const struct scan_counts *c)
{
    const char *before = "domains by the effect of their problems: ";
    for (unsigned e = EFFECT_NONE + 1; e < EFFECT_COUNT; e++) {
        if (c->effect[e] > 0) {
            buf_putf(text, "%s%s %" PRIu64, before, effect_word((enum effect)e), c->effect[e]);
            before = ", ";
        }
    }
    if (c->effect[EFFECT_NONE] > 0) {
        buf_putf(text, "%snone %" PRIu64, before, c->effect[EFFECT_NONE]);
        before = ", ";
    }
    buf_put_text(text, before[0] == ',' ? "\n" : "");
}

static void put_property_text(struct buf *text, const struct port_counts *port, enum property p)
{
    const struct tally *service = &port->service.property[p];
    const uint64_t *host = port->host.property[p];
    const uint64_t *domain = port->domain.property[p];
    uint64_t hosts = host[ROLLUP_ALL] + host[ROLLUP_SOME] + host[ROLLUP_NONE];
    uint64_t domains = domain[ROLLUP_ALL] + domain[ROLLUP_SOME] + domain[ROLLUP_NONE];
    buf_putf(text, "  %-18s", property_word(p));
    if (property_needs_host(p)) {
        buf_putf(text, "%5s%16s", "-", "");
    } else {
        put_percent(text, service->yes, service->yes + service->no);
        buf_putf(text, " of %-10" PRIu64, service->yes + service->no);
    }
    put_percent(text, host[ROLLUP_ALL], hosts);
    buf_putf(text, " of %-10" PRIu64, hosts);
    put_percent(text, domain[ROLLUP_ALL], domains);
    buf_putf(text, " of %" PRIu64 "\n", domains);
}

static void put_left_out_text(struct buf *text, const char *what, uint64_t services, uint64_t hosts,
                              uint64_t domains)
{
    buf_putf(text, "  %-18s%7" PRIu64 "%21" PRIu64 "%21" PRIu64 "\n", what, services, hosts,
             domains);
}

static void put_port_text(struct buf *text, const struct port_counts *port)
{
    buf_putf(text, "port %-15u%-21s%-21s%s\n", port->port, "services", "MX hosts (all)",
             "domains (all)");
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        put_property_text(text, port, (enum property)p);
    }
    put_left_out_text(text, "not tested", port->service.not_tested, port->host.not_tested,
                      port->domain.not_tested);
    if (port->host.inferred > 0) {
        buf_putf(text, "  %-18s%7s%21" PRIu64 "%21" PRIu64 "\n", "partly inferred", "-",
                 port->host.inferred, port->domain.inferred);
    }
    put_left_out_text(text, "inconclusive", port->service.inconclusive, port->host.inconclusive,
                      port->domain.inconclusive);
}

/* The most frequent errors, by repeated search: there are few codes. */
static void put_errors_text(struct buf *text, const struct scan_counts *c)
{
    bool told[FINDING_COUNT] = {false};
    for (unsigned line = 0; line < TEXT_FINDINGS_MAX; line++) {
        unsigned best = FINDING_COUNT;
        for (unsigned code = 0; code < FINDING_COUNT; code++) {
            uint64_t rows = c->finding[code][SEVERITY_ERROR];
            if (!told[code] && rows > 0 &&
                (best == FINDING_COUNT || rows > c->finding[best][SEVERITY_ERROR])) {
                best = code;
            }
        }
        if (best == FINDING_COUNT) {
            return;
        }
        if (line == 0) {
            buf_put_text(text, "most frequent errors (rows)\n");
        }
        told[best] = true;
        buf_putf(text, "  %-35s %" PRIu64 "\n", finding_info((enum finding_code)best)->code,
                 c->finding[best][SEVERITY_ERROR]);
    }
}

static void put_smtp_reach_text(struct buf *text, const struct summary_facts *facts)
{
    struct smtp_reach reach = smtp_reach_of(facts->counts);
    if (smtp_reach_says_nothing(&reach, facts->port_25_is_open)) {
        smtp_reach_put_text(text, &reach);
        buf_put_char(text, '\n');
    }
}

static void put_memory_text(struct buf *text, const struct manifest_memory *m)
{
    uint64_t addresses = m->turned_away.addresses;
    uint64_t operators = m->turned_away.operators;
    if (addresses > 0) { /* an operator has some */
        buf_putf(text,
                 "turned away by %" PRIu64 " address%s and %" PRIu64
                 " operator%s: slower there next time (--memory)\n",
                 addresses, addresses == 1 ? "" : "es", operators, operators == 1 ? "" : "s");
    }
    if (m->dropped > 0) {
        buf_putf(text,
                 "memory: %" PRIu64 " entries were too many, and those met longest ago are gone\n",
                 m->dropped);
    }
}

/* What analyze did: the time that the scan took is not its own. */
static void put_judged_text(struct buf *text, const struct summary_facts *facts)
{
    uint64_t rows = 0;
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        rows += facts->rows[t];
    }
    buf_putf(text, "judged %s again%s as of ", facts->judged,
             facts->complete ? "" : ", which is not complete,");
    text_put_time_s(text, facts->judged_at);
    buf_putf(text, ": %" PRIu64 " rows %s%s\n", rows,
             facts->output != NULL ? "written to " : "made for standard output",
             facts->output != NULL ? facts->output : "");
}

void report_summary_text(struct buf *text, const struct summary_facts *facts)
{
    const struct scan_counts *c = facts->counts;
    put_account_text(text, c);
    put_inferred_text(text, c);
    put_effects_text(text, c);
    for (size_t i = 0; i < c->port_count; i++) {
        put_port_text(text, &c->port[i]);
    }
    if (facts->operators != NULL) {
        report_operators_text(text, facts->operators);
    }
    put_errors_text(text, c);
    put_smtp_reach_text(text, facts);
    if (facts->memory != NULL) {
        put_memory_text(text, facts->memory);
    }
    if (facts->judged != NULL) {
        put_judged_text(text, facts);
        return;
    }
    int64_t ms = facts->ended_unix_ms - facts->started_unix_ms;
    buf_putf(text, "%s after %" PRId64 ".%" PRId64 " s\n",
             facts->complete ? "complete" : "not complete", ms / 1000, ms % 1000 / 100);
}
