#include "scanner/base/check.h"
#include "scanner/base/text.h"
#include "scanner/publish/changes_sheet.h"
#include "scanner/publish/figures.h"
#include "scanner/publish/medium.h"
#include "scanner/publish/report_facts.h"
#include "scanner/publish/sheet_writers.h"
#include "scanner/replay/results.h"
#include "scanner/shipped/shipped_report_style.h"

#define ROWS_SHOWN 26 /* of a table on the page; our own bound */

/* --- the head ---------------------------------------------------------------------------------- */

static const char *list_name(const struct report_facts *f)
{
    const char *slash = f->list != NULL ? strrchr(f->list, '/') : NULL;
    return f->list == NULL                     ? "standard input"
           : slash != NULL && slash[1] != '\0' ? slash + 1
                                               : f->list;
}

static void put_title(struct buf *b, const struct report_facts *f)
{
    buf_put_text(b, "Mail transport TLS: ");
    html_put_string(b, list_name(f));
    if (f->customer != NULL) {
        buf_put_text(b, ", ");
        html_put_string(b, f->customer[0] != '\0' ? f->customer : "(none)");
    }
}

static void put_minutes(struct buf *b, int64_t unix_ms)
{
    if (unix_ms == RESULTS_TIME_UNKNOWN) {
        buf_put_text(b, "at a time that is not known");
        return;
    }
    struct buf time = BUF_INIT(BUF_NO_LIMIT);
    text_put_time_s(&time, unix_ms / 1000);
    if (time.len >= 16) {
        buf_put(b, (struct span){time.at, 10});
        buf_put_char(b, ' ');
        buf_put(b, (struct span){time.at + 11, 5});
    }
    buf_deinit(&time);
}

static void put_facts(struct buf *b, const struct report_facts *f)
{
    buf_put_text(b, "<p class=\"facts\">Scanned ");
    put_minutes(b, f->started_unix_ms);
    if (f->ended_unix_ms != RESULTS_TIME_UNKNOWN) {
        buf_put_text(b, " to ");
        put_minutes(b, f->ended_unix_ms);
        buf_put_text(b, " UTC");
    }
    if (f->scanned_by != NULL) {
        buf_put_text(b, " with mxcensus ");
        html_put_string(b, f->scanned_by);
    }
    buf_putf(b, "; report by mxcensus %s", f->version);
    if (f->port != 0) {
        buf_putf(b, "; port %u", f->port);
    }
    buf_put_text(b, f->sample ? "; the list is a sample: intervals of 95 % (Wilson)" : "");
    buf_put_text(b, ".</p>\n");
    if (f->incomplete != NULL) {
        buf_putf(b, "<p class=\"warning\"><strong>Incomplete.</strong> %s</p>\n", f->incomplete);
    }
    if (f->shard[0] != '\0') {
        buf_putf(b,
                 "<p class=\"warning\"><strong>Not the whole list.</strong> Results of %s.</p>\n",
                 f->shard);
    }
    if (f->customer != NULL) {
        buf_put_text(b, "<p class=\"facts\">Only domains whose ");
        html_put_string(b, f->customer_column);
        buf_put_text(b, " is ");
        html_put_string(b, f->customer[0] != '\0' ? f->customer : "(none)");
        buf_put_text(b, "; ");
        number_put(b, f->survey->left_out);
        buf_put_text(b, " lines of others are left out.</p>\n");
    }
}

struct part_of_page {
    const char *id;
    const char *title;
};

#define PART_CHANGES "changed" /* only with an earlier scan */

static const struct part_of_page parts[] = {
    {"means", "What it means"},
    {"mend", "What to mend first"},
    {PART_CHANGES, "What changed"},
    {"operators", "Servers and operators"},
    {"senders", "Senders"},
    {"standards", "Adoption"},
    {"certificates", "Certificates"},
    {"policies", "Policies"},
    {"ranks", "By rank and TLD"},
    {"groups", "Groups of domains"},
    {"list", "The list"},
};

static bool is_compared_report(const struct report_facts *f)
{
    return sheets_find(f->sheets, CHANGES_SHEET) != NULL;
}

static void put_nav(struct buf *b, bool compared)
{
    buf_put_text(b, "<nav aria-label=\"Parts of the report\"><ul>");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (compared || strcmp(parts[i].id, PART_CHANGES) != 0) {
            buf_putf(b, "<li><a href=\"#%s\">%s</a></li>", parts[i].id, parts[i].title);
        }
    }
    buf_put_text(b, "</ul></nav>\n");
}

static void begin_part(struct buf *b, const char *id)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strcmp(parts[i].id, id) == 0) {
            buf_putf(b, "<h2 id=\"%s\">%s</h2>\n", id, parts[i].title);
            return;
        }
    }
    UNREACHABLE("unknown part of the page");
}

/* --- tables ------------------------------------------------------------------------------------- */

static void put_sheet(struct buf *b, const struct report_facts *f, const char *id)
{
    const struct sheet *t = sheets_find(f->sheets, id);
    CHECK(t != NULL);
    const struct sheet_look look = {.sample = f->sample, .rows_max = ROWS_SHOWN, .head_level = 3};
    sheet_put_html(b, t, &look);
}

static void put_list_of_sheets(struct buf *b, const struct report_facts *f, const char *const *ids,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_sheet(b, f, ids[i]);
    }
}

#define PUT_SHEETS(b, f, ...)                                        \
    put_list_of_sheets((b), (f), (const char *const[]){__VA_ARGS__}, \
                       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* --- figures ------------------------------------------------------------------------------------ */

static void put_measure_figure(struct buf *b, const struct report_facts *f)
{
    static const enum measure shown[] = {
        MEASURE_STARTTLS_ALL, MEASURE_TLS1_2_ALL, MEASURE_ACCEPTABLE_ALL, MEASURE_STS_IN_USE,
        MEASURE_DANE_SOME,    MEASURE_TLS_RPT,    MEASURE_IPV6,           MEASURE_DNSSEC};
    enum {
        SHOWN = sizeof(shown) / sizeof(shown[0])
    };
    struct figure_bar bars[SHOWN];
    struct buf notes[SHOWN];
    for (size_t i = 0; i < SHOWN; i++) {
        struct share s = measures_share(f->survey->whole[MAIL_EXPLICIT], shown[i]);
        notes[i] = BUF_INIT(BUF_NO_LIMIT);
        percent_put(&notes[i], s.numerator, s.denominator);
        buf_put_char(&notes[i], '\0');
        bars[i] = (struct figure_bar){
            .label = measure_info(shown[i])->title,
            .note = (const char *)notes[i].at,
            .part = {{"yes", s.numerator},
                     {"no", s.denominator - s.numerator},
                     {"unknown", s.untested}},
            .part_count = 3,
        };
    }
    static const struct figure_key keys[] = {{"yes", "yes"}, {"no", "no"}, {"unknown", "untested"}};
    figure_put_stacked(
        b, "figure-measures", "What the domains have, in shares of all domains with MX records",
        "One bar for each measure: yes, no, untested. The percentage is of those where it is "
        "known. The numbers are in the table below.",
        bars, SHOWN);
    figure_put_legend(b, keys, 3);
    for (size_t i = 0; i < SHOWN; i++) {
        buf_deinit(&notes[i]);
    }
}

#define PROFILES_SHOWN 32

static void put_sender_figure(struct buf *b, const struct report_facts *f)
{
    static const struct figure_key keys[] = {{"best", "authenticated"}, {"yes", "encrypted"},
                                             {"clear", "cleartext"},    {"defer", "deferred"},
                                             {"lost", "undeliverable"}, {"unknown", "not known"}};
    const struct groups *g = &f->survey->profile;
    struct figure_bar bars[PROFILES_SHOWN];
    size_t count = 0;
    for (uint32_t i = 0; i < groups_count(g) && count < PROFILES_SHOWN; i++) {
        const uint32_t *worst = groups_at(g, i) + DELIVERY_COUNT;
        bars[count++] = (struct figure_bar){
            .label = groups_name(g, i),
            .part = {{"best", worst[DELIVERY_AUTHENTICATED]},
                     {"yes", worst[DELIVERY_ENCRYPTED]},
                     {"clear", worst[DELIVERY_PLAINTEXT]},
                     {"defer", worst[DELIVERY_DEFERRED]},
                     {"lost", worst[DELIVERY_UNDELIVERABLE]},
                     {"unknown", worst[DELIVERY_UNKNOWN]}},
            .part_count = 6,
        };
    }
    if (count > 0) {
        figure_put_legend(b, keys, 6);
        figure_put_stacked(
            b, "figure-senders", "Predicted outcome of mail to the domains, by sender profile",
            "One bar for each sender profile: the worst outcome of mail to each domain with MX "
            "records. The numbers are in the table below.",
            bars, count);
    }
}

/* The first day of each week from the judgement on, "12-24"; its number where nobody knows when that was. */
static void make_week_labels(int64_t at, char labels[WEEKS][8])
{
    for (unsigned w = 0; w < WEEKS; w++) {
        if (at == RESULTS_TIME_UNKNOWN) {
            (void)snprintf(labels[w], sizeof(labels[w]), "%u", w + 1);
            continue;
        }
        struct buf date = BUF_INIT(BUF_NO_LIMIT);
        text_put_time_s(&date, at + (int64_t)w * 7 * 86400);
        size_t len = date.len >= 10 ? 5 : 0;
        memcpy(labels[w], len > 0 ? date.at + 5 : date.at, len);
        labels[w][len] = '\0';
        buf_deinit(&date);
    }
}

static void put_break_figure(struct buf *b, const struct report_facts *f)
{
    struct figure_column weeks[WEEKS];
    char labels[WEEKS][8];
    make_week_labels(f->at, labels);
    for (unsigned w = 0; w < WEEKS; w++) {
        weeks[w] =
            (struct figure_column){labels[w], f->survey->break_week[w], w < 2 ? "defer" : "yes"};
    }
    if (f->survey->break_known > 0) {
        figure_put_columns(b, "figure-break",
                           "Domains whose mail will suffer if nobody does anything, week by week",
                           "One column for each of the 26 weeks from the judgement: of how many "
                           "domains the earliest known date falls into it on which something worse "
                           "becomes of their mail than today. The table below also counts those of "
                           "which the same or worse is true today.",
                           weeks, WEEKS, 5);
    }
}

static void put_expiry_figures(struct buf *b, const struct report_facts *f)
{
    const struct survey *s = f->survey;
    struct figure_column weeks[WEEKS];
    char labels[WEEKS][8];
    make_week_labels(f->at, labels);
    for (unsigned w = 0; w < WEEKS; w++) {
        weeks[w] = (struct figure_column){labels[w], s->week[w][0], w < 2 ? "defer" : "yes"};
    }
    figure_put_columns(
        b, "figure-expiry", "Leaf certificates that expire, week by week",
        "One column for each of the 26 weeks from the judgement: how many leaf certificates expire "
        "in it. The numbers are in the table below.",
        weeks, WEEKS, 5);
    struct figure_column bins[DAYS_BIN_COUNT];
    for (unsigned i = 0; i < DAYS_BIN_COUNT; i++) {
        bins[i] = (struct figure_column){survey_days_title(i), s->days_left[i][0],
                                         i == 0 ? "defer" : "yes"};
    }
    figure_put_columns(
        b, "figure-days", "Days left of leaf certificates",
        "One column for each range of days until notAfter: how many leaf certificates. The "
        "numbers are in the table below.",
        bins, DAYS_BIN_COUNT, 1);
}

static void put_rank_figure(struct buf *b, const struct report_facts *f)
{
    static const struct figure_line lines[] = {
        {"STARTTLS everywhere", "yes", MEASURE_STARTTLS_ALL},
        {"certificate passes everywhere", "best", MEASURE_ACCEPTABLE_ALL},
        {"MTA-STS in use", "clear", MEASURE_STS_IN_USE},
        {"DANE somewhere", "lost", MEASURE_DANE_SOME}};
    if (f->survey->ranked == 0) {
        return;
    }
    figure_put_cumulative(b, f->survey, lines, 4);
    buf_put_text(b, "<ul class=\"legend\">");
    for (size_t i = 0; i < 4; i++) {
        buf_putf(b,
                 "<li><svg width=\"34\" height=\"12\" aria-hidden=\"true\"><line class=\"line %s\" "
                 "x1=\"2\" "
                 "x2=\"32\" y1=\"6\" y2=\"6\"/></svg> %s</li>",
                 lines[i].class, lines[i].label);
    }
    buf_put_text(b, "</ul>\n");
}

/* --- the parts ---------------------------------------------------------------------------------- */

static void put_means(struct buf *b, const struct report_facts *f)
{
    struct buf sentences[SENTENCES_MAX];
    size_t count = report_sentences(f, sentences);
    begin_part(b, "means");
    buf_put_text(b, "<ol class=\"means\">\n");
    for (size_t i = 0; i < count; i++) {
        buf_put_text(b, "<li>");
        html_put(b, buf_span(&sentences[i]));
        buf_put_text(b, "</li>\n");
    }
    buf_put_text(b, "</ol>\n");
    for (size_t i = 0; i < SENTENCES_MAX; i++) {
        buf_deinit(&sentences[i]);
    }
}

/* --- what to mend -------------------------------------------------------------------------------- */

#define CAUSES_SHOWN 12 /* of each effect on the page; our own bound */

static const enum effect effects_shown[] = {EFFECT_MAIL_LOST,   EFFECT_CLEARTEXT,   EFFECT_UNKNOWN,
                                            EFFECT_POLICY_RISK, EFFECT_STRICT_RISK, EFFECT_HYGIENE,
                                            EFFECT_NO_MAIL};

static void put_effect_figure(struct buf *b, const struct report_facts *f)
{
    static const struct figure_key keys[] = {{"lost", "mail is lost"},
                                             {"clear", "cleartext"},
                                             {"unknown", "not known"},
                                             {"defer", "at risk under own policies"},
                                             {"strict", "at risk for strict senders"},
                                             {"no", "hygiene"},
                                             {"best", "no problem"}};
    const uint64_t *e = f->survey->effect[MAIL_EXPLICIT];
    const struct figure_bar bar = {
        .label = "By the worst effect of their problems",
        .part = {{"lost", e[EFFECT_MAIL_LOST]},
                 {"clear", e[EFFECT_CLEARTEXT]},
                 {"unknown", e[EFFECT_UNKNOWN]},
                 {"defer", e[EFFECT_POLICY_RISK]},
                 {"strict", e[EFFECT_STRICT_RISK]},
                 {"no", e[EFFECT_HYGIENE] + e[EFFECT_NO_MAIL]},
                 {"best", e[EFFECT_NONE]}},
        .part_count = 7,
    };
    figure_put_stacked(
        b, "figure-effects", "What problems do to the mail of the domains with MX records",
        "One bar: how many domains by the worst effect of their problems. The numbers are in the "
        "table below.",
        &bar, 1);
    figure_put_legend(b, keys, 7);
}

/* The first domains behind a cause, and how many there are. */
static void put_domains_of_cause(struct buf *b, const struct cause_entry *c)
{
    buf_put_text(b, "<td class=\"domains\"><b>");
    number_put(b, c->domains);
    buf_put_text(b, "</b> <span>");
    for (size_t i = 0; i < c->first_count; i++) {
        buf_put_text(b, i > 0 ? ", " : "");
        html_put(b, c->first[i]);
    }
    buf_put_text(b, c->first_count < c->domains && c->first_count > 0 ? ", …</span></td>"
                                                                      : "</span></td>");
}

static void put_cause_row(struct buf *b, const struct cause_entry *c)
{
    buf_put_text(b, "<tr><th scope=\"row\">");
    html_put(b, c->symptom);
    buf_put_text(b, "<span class=\"code\">");
    html_put(b, c->code);
    buf_put_text(b, "</span></th><td class=\"name\">");
    html_put(b, cause_name(c));
    buf_put_text(b, "<span>");
    html_put(b, c->kind);
    if (c->thing.len < SHA256_DIGITS && !span_eq(c->name, c->thing)) {
        buf_put_char(b, ' ');
        html_put(b, c->thing);
    }
    if (c->operator.len> 0) {
        buf_put_text(b, ", ");
        html_put(b, c->operator);
    }
    buf_put_text(b, "</span></td>");
    put_domains_of_cause(b, c);
    buf_put_text(b, "<td class=\"words\">");
    html_put(b, c->fix);
    buf_put_text(b, "</td></tr>\n");
}

static void put_causes_of(struct buf *b, const struct report_facts *f, enum effect e)
{
    const struct cause_list *list = &f->problems->list[e];
    buf_putf(b, "<section class=\"sheet\" id=\"causes-%s\">\n<h3>", effect_word(e));
    const char *title = effect_title(e);
    html_put_string(b, title);
    buf_put_text(b, "</h3>\n<p class=\"more\">");
    const char *meaning = effect_vocabulary.words[e].meaning;
    buf_put_char(
        b, (char)(meaning[0] >= 'a' && meaning[0] <= 'z' ? meaning[0] - 'a' + 'A' : meaning[0]));
    html_put_string(b, meaning + 1);
    buf_put_text(b, ".</p>\n");
    if (list->count == 0) {
        buf_put_text(b, "<p class=\"missing\">None.</p>\n</section>\n");
        return;
    }
    buf_putf(
        b,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table "
        "class=\"causes\">\n<thead><tr><th scope=\"col\">problem</th><th scope=\"col\">at</th><th "
        "scope=\"col\">domains</th><th scope=\"col\">fix</th></tr></thead>\n<tbody>\n",
        title);
    for (size_t i = 0; i < list->count && i < CAUSES_SHOWN; i++) {
        put_cause_row(b, &list->entry[i]);
    }
    buf_put_text(b, "</tbody></table></div>\n");
    if (list->all > CAUSES_SHOWN) {
        buf_put_text(b, "<p class=\"more\">");
        number_put(b, list->all - CAUSES_SHOWN);
        buf_putf(b, " more causes, with fewer domains; in table causes-%s of --tables.</p>\n",
                 effect_word(e));
    }
    buf_put_text(b, "</section>\n");
}

static void put_affected(struct buf *b, const struct report_facts *f)
{
    if (f->affected_file == NULL) {
        buf_put_text(b, f->output_is_written_through
                            ? "<p>No CSV file with every problem of every domain is written beside "
                              "what is not a regular file; --tables DIR has it.</p>\n"
                            : "<p>With -o or --tables every problem of every domain is listed in a "
                              "CSV file.</p>\n");
        return;
    }
    const char *slash = strrchr(f->affected_file, '/');
    buf_put_text(b, "<p>Every problem of every domain, with its fix: <strong>");
    html_put_string(b, slash != NULL ? slash + 1 : f->affected_file);
    buf_put_text(b, "</strong>, beside this page (");
    number_put(b, f->problems->problems);
    buf_put_text(b, " lines).</p>\n");
}

static void put_mend(struct buf *b, const struct report_facts *f)
{
    begin_part(b, "mend");
    if (!f->problems->present) {
        PUT_SHEETS(b, f, "effects");
        return;
    }
    buf_put_text(b, "<p>A cause is one thing that is to be mended: a server, a certificate, a "
                    "chain, a policy, a zone. "
                    "Those with most domains come first, by what they do to mail.</p>\n");
    put_affected(b, f);
    put_effect_figure(b, f);
    PUT_SHEETS(b, f, "effects");
    for (size_t i = 0; i < sizeof(effects_shown) / sizeof(effects_shown[0]); i++) {
        put_causes_of(b, f, effects_shown[i]);
    }
    put_break_figure(b, f);
    PUT_SHEETS(b, f, "will-break");
}

/* --- adoption and certificates -------------------------------------------------------------------- */

static void put_standards(struct buf *b, const struct report_facts *f)
{
    begin_part(b, "standards");
    put_measure_figure(b, f);
    PUT_SHEETS(b, f, "adoption", "T2", "T2-starttls", "T2-outcome", "T4",
               "T4-versions-by-weighting", "T4-accepted", "T4-suites", "T4-suites-accepted",
               "T4-groups", "T16-sni", "T16-families", "T16-addresses");
}

static void put_certificates(struct buf *b, const struct report_facts *f)
{
    begin_part(b, "certificates");
    put_expiry_figures(b, f);
    PUT_SHEETS(b, f, "T5-days-left", "T5-expiry", "T2-chain", "T2-name", "T5", "T5-issuers",
               "T5-keys", "T5-signatures", "T5-lifetimes", "T5-reuse");
}

static void put_main(struct buf *b, const struct report_facts *f)
{
    buf_put_text(b, "<main>\n");
    put_means(b, f);
    put_mend(b, f);
    if (is_compared_report(f)) {
        begin_part(b, PART_CHANGES);
        PUT_SHEETS(b, f, CHANGES_TERMS_SHEET, CHANGES_SHEET);
    }
    begin_part(b, "operators");
    PUT_SHEETS(b, f, "T3", "T12");
    begin_part(b, "senders");
    put_sender_figure(b, f);
    PUT_SHEETS(b, f, "T16-senders");
    put_standards(b, f);
    put_certificates(b, f);
    begin_part(b, "policies");
    PUT_SHEETS(b, f, "T6", "T6-fetch", "T7", "T8", "T9", "T15", "T11", "T11-hosts", "T11-endpoints",
               "T11-dnssec", "T13", "T13-rollover", "T14");
    begin_part(b, "ranks");
    put_rank_figure(b, f);
    PUT_SHEETS(b, f, "T10", "T10-cumulative", "T1");
    begin_part(b, "groups");
    PUT_SHEETS(b, f, "customers", "T17");
    begin_part(b, "list");
    PUT_SHEETS(b, f, "account", "mx-kind");
    buf_put_text(b, "</main>\n");
}

void report_put_html(struct buf *b, const struct report_facts *f)
{
    buf_put_text(
        b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           /* Nothing is fetched, whatever got into the page. */
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
           "'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    put_title(b, f);
    buf_put_text(b, "</title>\n<style>\n");
    buf_put(b, shipped_report_style());
    buf_put_text(b, "</style>\n</head>\n<body>\n<header>\n<h1>");
    put_title(b, f);
    buf_put_text(b, "</h1>\n");
    put_facts(b, f);
    buf_put_text(b, "</header>\n");
    put_nav(b, is_compared_report(f));
    put_main(b, f);
    buf_put_text(
        b,
        "<footer><p>Shares are of what is known; untested is in no denominator. Domains with MX "
        "records and those with an implicit MX are never added together. Versions, suites and "
        "groups are those negotiated with the scanner, unless a table says accepted.</p></footer>\n"
        "</body>\n</html>\n");
}
