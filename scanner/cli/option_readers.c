#include "scanner/cli/option_readers.h"

#include "scanner/base/check.h"
#include "scanner/cli/option_value.h"

static void *field_of(struct options *o, const struct option_row *row)
{
    return (char *)o + row->field;
}

bool option_read_flag(struct options *o, const struct option_row *row, const char *text,
                      struct buf *why)
{
    (void)text;
    (void)why;
    *(bool *)field_of(o, row) = true;
    return true;
}

bool option_read_text(struct options *o, const struct option_row *row, const char *text,
                      struct buf *why)
{
    if (text[0] == '\0') {
        buf_put_text(why, "has an empty value");
        return false;
    }
    *(const char **)field_of(o, row) = text;
    return true;
}

/* An empty value says something, too. */
bool option_read_any_text(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    (void)why;
    *(const char **)field_of(o, row) = text;
    return true;
}

bool option_read_config(struct options *o, const struct option_row *row, const char *text,
                        struct buf *why)
{
    if (o->config_path != NULL) {
        buf_putf(why, "names two files, '%s' and '%s'; give one", o->config_path, text);
        return false;
    }
    return option_read_text(o, row, text, why);
}

bool option_read_number_u64(struct options *o, const struct option_row *row, const char *text,
                            struct buf *why)
{
    if (!value_read_number(span_of(text), row->min, row->max, field_of(o, row))) {
        option_put_item(why, span_of(text));
        buf_put_text(why, "is not a whole number from ");
        buf_put_u64(why, row->min);
        buf_put_text(why, " to ");
        buf_put_u64(why, row->max);
        return false;
    }
    return true;
}

bool option_read_number(struct options *o, const struct option_row *row, const char *text,
                        struct buf *why)
{
    uint64_t n = 0;
    CHECK(row->max <= UINT32_MAX);
    if (!value_read_number(span_of(text), row->min, row->max, &n)) {
        option_put_item(why, span_of(text));
        buf_putf(why, "is not a whole number from %u to %u", (unsigned)row->min,
                 (unsigned)row->max);
        return false;
    }
    *(uint32_t *)field_of(o, row) = (uint32_t)n;
    return true;
}

bool option_read_seconds(struct options *o, const struct option_row *row, const char *text,
                         struct buf *why)
{
    if (!value_read_seconds(span_of(text), row->min, row->max, field_of(o, row))) {
        option_put_item(why, span_of(text));
        buf_putf(why, "is not a time from %g to %g seconds", (double)row->min / 1000,
                 (double)row->max / 1000);
        return false;
    }
    return true;
}

#define CONTACT_MAX      400   /* characters; our own bound */
#define ADDRESS_RATE_MAX 10000 /* session starts per second and address; only a lab needs more */

bool option_read_address_rate(struct options *o, const struct option_row *row, const char *text,
                              struct buf *why)
{
    (void)row;
    if (!value_read_rate(span_of(text), ADDRESS_RATE_MAX, &o->params.address_rate)) {
        option_put_item(why, span_of(text));
        buf_putf(why, "is not a rate such as 2/s, 30/m or 10/h, up to %d/s, or 0 for no limit",
                 ADDRESS_RATE_MAX);
        return false;
    }
    return true;
}

#define DNS_RATE_MAX 10000000 /* questions per second: more than any machine sends */

bool option_read_dns_rate(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    (void)row;
    double rate = 0;
    if (!value_read_rate(span_of(text), DNS_RATE_MAX, &rate) || (rate > 0 && rate < 1)) {
        option_put_item(why, span_of(text));
        buf_putf(why, "is not a rate from 1 to %d queries per second, or 0 for no limit",
                 DNS_RATE_MAX);
        return false;
    }
    o->params.dns_rate = (uint32_t)rate;
    return true;
}

/* --- choices -------------------------------------------------------------------------------- */

#define FORMATS(X)             \
    X(RESULT_NDJSON, "ndjson") \
    X(RESULT_CSV, "csv")       \
    X(RESULT_BOTH, "both")     \
    X(RESULT_TEXT, "text")
#define CODECS(X)                \
    X(RESULT_CODEC_NONE, "none") \
    X(RESULT_CODEC_GZIP, "gzip") \
    X(RESULT_CODEC_ZSTD, "zstd")
#define RECORD_OR_DIAL(X)  X(false, "record") X(true, "dial")
#define RECORD_OR_FETCH(X) X(false, "record") X(true, "fetch")
#define EXPLAIN_FORMATS(X)  \
    X(EXPLAIN_TEXT, "text") \
    X(EXPLAIN_CSV, "csv")   \
    X(EXPLAIN_JSON, "json")
#define DIFF_FORMATS(X) X(DIFF_TEXT, "text") X(DIFF_NDJSON, "ndjson")
#define DIFF_FAIL_ONS(X)                   \
    X(DIFF_FAIL_ON_NOTHING, "")            \
    X(DIFF_FAIL_ON_NEW_ERROR, "new-error") \
    X(DIFF_FAIL_ON_NEW_WARNING, "new-warning")
#define COLOR_WHENS(X)        \
    X(COLOR_AUTO, "auto")     \
    X(COLOR_ALWAYS, "always") \
    X(COLOR_NEVER, "never")

static const struct vocabulary formats = VOCABULARY_WORDS(FORMATS);
static const struct vocabulary codecs = VOCABULARY_WORDS(CODECS);
static const struct vocabulary record_or_dial = VOCABULARY_WORDS(RECORD_OR_DIAL);
static const struct vocabulary record_or_fetch = VOCABULARY_WORDS(RECORD_OR_FETCH);
static const struct vocabulary explain_formats = VOCABULARY_WORDS(EXPLAIN_FORMATS);
static const struct vocabulary diff_formats = VOCABULARY_WORDS(DIFF_FORMATS);
static const struct vocabulary diff_fail_ons = VOCABULARY_WORDS(DIFF_FAIL_ONS);
static const struct vocabulary color_whens = VOCABULARY_WORDS(COLOR_WHENS);

/* "text, csv or json" */
static void put_words(struct buf *why, const struct vocabulary *words, const char *last)
{
    const char *between = "";
    for (unsigned i = 0; i < words->count; i++) {
        if (vocabulary_has_word(words, i)) {
            buf_put_text(why, between);
            buf_put_text(why, words->words[i].word);
            between = i + 2 < words->count ? ", " : last;
        }
    }
}

/** The value of the word. @return false with the reason */
static bool read_choice(const char *text, const struct vocabulary *words, unsigned *value,
                        struct buf *why)
{
    if (vocabulary_find(words, span_of(text), value)) {
        return true;
    }
    option_put_item(why, span_of(text));
    buf_put_text(why, "is not known: use ");
    put_words(why, words, " or ");
    return false;
}

static bool read_switch(const char *text, const struct vocabulary *words, bool *on, struct buf *why)
{
    unsigned value = *on;
    bool known = read_choice(text, words, &value, why);
    *on = value != 0;
    return known;
}

bool option_read_format(struct options *o, const struct option_row *row, const char *text,
                        struct buf *why)
{
    unsigned format = o->params.format;
    bool known = read_choice(text, &formats, &format, why);
    (void)row;
    o->params.format = format;
    return known;
}

bool option_read_compress(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    (void)row;
    struct span method = {(const uint8_t *)text, strcspn(text, ":")};
    bool has_level = text[method.len] == ':';
    unsigned codec = RESULT_CODEC_NONE;
    if (!vocabulary_find(&codecs, method, &codec)) {
        return read_choice(text, &codecs, &codec, why);
    }
    unsigned most = result_codec_max_level(codec);
    uint64_t level = 0;
    if (has_level && !value_read_number(span_of(text + method.len + 1), 1, most, &level)) {
        option_put_item(why, span_of(text));
        buf_putf(why,
                 most == 0 ? "has no level: use none, gzip:LEVEL or zstd:LEVEL"
                           : "has levels from 1 to %u",
                 most);
        return false;
    }
    o->params.compression = codec;
    o->params.compression_level = (unsigned)level;
    return true;
}

bool option_read_detail(struct options *o, const struct option_row *row, const char *text,
                        struct buf *why)
{
    (void)row;
    return read_choice(text, &row_detail_vocabulary, &o->detail, why);
}

bool option_read_implicit_mx(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why)
{
    (void)row;
    return read_switch(text, &record_or_dial, &o->params.implicit_mx_dial, why);
}

bool option_read_mta_sts(struct options *o, const struct option_row *row, const char *text,
                         struct buf *why)
{
    (void)row;
    return read_switch(text, &record_or_fetch, &o->params.fetch_policies, why);
}

bool option_read_aia(struct options *o, const struct option_row *row, const char *text,
                     struct buf *why)
{
    (void)row;
    return read_switch(text, &record_or_fetch, &o->params.fetch_issuers, why);
}

bool option_read_trust_ad(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    unsigned trust = o->params.trust_ad;
    bool known = read_choice(text, &trust_ad_vocabulary, &trust, why);
    (void)row;
    o->params.trust_ad = trust;
    return known;
}

/* RFC 9110 section 10.1.5: a comment behind the product; what would end it early is refused. */
bool option_read_contact(struct options *o, const struct option_row *row, const char *text,
                         struct buf *why)
{
    (void)row;
    struct span s = span_of(text);
    bool ok = strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0 ||
              strncmp(text, "mailto:", 7) == 0;
    for (size_t i = 0; i < s.len; i++) {
        ok = ok && s.at[i] > ' ' && s.at[i] < 0x7f && strchr("()\\\"", s.at[i]) == NULL;
    }
    if (!ok || s.len > CONTACT_MAX) {
        option_put_item(why, s);
        buf_putf(why, "is not an https:, http: or mailto: URI of at most %d characters",
                 CONTACT_MAX);
        return false;
    }
    (void)snprintf(o->user_agent, sizeof(o->user_agent), "mxcensus/" MXCENSUS_VERSION " (+%s)",
                   text);
    o->params.user_agent = o->user_agent;
    o->contact = text;
    return true;
}

bool option_read_infer(struct options *o, const struct option_row *row, const char *text,
                       struct buf *why)
{
    unsigned infer = o->params.infer;
    bool known = read_choice(text, &infer_vocabulary, &infer, why);
    (void)row;
    o->params.infer = infer;
    return known;
}

#define X(member, word, manual) {word, NULL},
static const struct vocabulary_word probe_words[] = {ASKED_PROBES(X)};
#undef X
#define X(member, word, manual) offsetof(struct asked_probes, member),
static const size_t probe_members[] = {ASKED_PROBES(X)};
#undef X

static const struct vocabulary probes = {.words = probe_words,
                                         .count = sizeof(probe_words) / sizeof(probe_words[0])};

/* What one needs of the others. */
static bool probes_fit_together(const struct asked_probes *asked, struct buf *why)
{
    if (asked->other_key && !asked->sni) {
        buf_put_text(why, "ecdsa-rsa needs the handshake of sni: use both");
        return false;
    }
    if (asked->no_sni_short && asked->no_sni) {
        buf_put_text(why, "no-sni-short is no-sni made short: use one of them");
        return false;
    }
    if (asked->no_sni_short && !asked->sni) {
        buf_put_text(why, "no-sni-short rests on the handshake of sni: use both");
        return false;
    }
    if (asked->wrong_sni && !asks_without_sni(asked)) {
        buf_put_text(why, "wrong-sni is compared with the handshake of no-sni: use both");
        return false;
    }
    if ((asked->versions || asked->ciphers) && !asked->sni && !asked->no_sni) {
        buf_putf(why, "%s needs another handshake: use sni or no-sni as well",
                 asked->ciphers ? "ciphers" : "versions");
        return false;
    }
    return true;
}

bool option_read_probes(struct options *o, const struct option_row *row, const char *text,
                        struct buf *why)
{
    (void)row;
    struct asked_probes asked = {0};
    struct span list = span_of(text);
    struct span item;
    while (value_next_item(&list, &item)) {
        unsigned probe;
        if (!vocabulary_find(&probes, item, &probe)) {
            option_put_item(why, item);
            buf_put_text(why, "is not a probe: use ");
            put_words(why, &probes, " and ");
            buf_put_text(why, ", separated by commas");
            return false;
        }
        *(bool *)((char *)&asked + probe_members[probe]) = true;
    }
    if (!probes_fit_together(&asked, why)) {
        return false;
    }
    asked.versions = asked.versions || asked.ciphers;
    o->params.probes = asked;
    return true;
}

bool option_read_ports(struct options *o, const struct option_row *row, const char *text,
                       struct buf *why)
{
    (void)row;
    size_t count = 0;
    uint16_t ports[PORTS_MAX];
    struct span list = span_of(text);
    struct span item;
    while (value_next_item(&list, &item)) {
        uint64_t port = 0;
        if (!value_read_number(item, 1, UINT16_MAX, &port)) {
            option_put_item(why, item);
            buf_put_text(why, "is not a valid port (1 to 65535)");
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            if (ports[i] == port) {
                option_put_item(why, item);
                buf_put_text(why, "is repeated");
                return false;
            }
        }
        if (count == PORTS_MAX) {
            buf_putf(why, "has more than %d ports", PORTS_MAX);
            return false;
        }
        ports[count++] = (uint16_t)port;
    }
    memcpy(o->params.ports, ports, count * sizeof(ports[0]));
    o->params.port_count = count;
    return true;
}

bool option_read_ehlo_domain(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why)
{
    (void)row;
    if (!value_is_fqdn(span_of(text))) {
        option_put_item(why, span_of(text));
        buf_put_text(why, "is not a fully qualified host name such as scanner.example.org");
        return false;
    }
    o->params.ehlo_domain = text;
    return true;
}

bool option_read_ipv4_only(struct options *o, const struct option_row *row, const char *text,
                           struct buf *why)
{
    (void)row;
    (void)text;
    (void)why;
    o->params.use_ipv6 = false;
    return true;
}

bool option_read_ipv6_only(struct options *o, const struct option_row *row, const char *text,
                           struct buf *why)
{
    (void)row;
    (void)text;
    (void)why;
    o->params.use_ipv4 = false;
    return true;
}

bool option_read_self_test(struct options *o, const struct option_row *row, const char *text,
                           struct buf *why)
{
    (void)row;
    if (option_is_full(o->self_test_count, VANTAGE_HOSTS_MAX, why)) {
        return false;
    }
    char *host = o->self_test_host[o->self_test_count];
    uint16_t *port = &o->self_test_port[o->self_test_count];
    if (!value_read_host(span_of(text), SELF_TEST_PORT, host, port)) {
        option_put_item(why, span_of(text));
        buf_put_text(why,
                     "is not HOST or HOST:PORT, with a name of two labels at least or an address, "
                     "such as mail.example.org, 192.0.2.1:25 or [2001:db8::1]:25");
        return false;
    }
    if (*port == 465) {
        buf_put_text(why,
                     "cannot use port 465, where TLS begins before the greeting; use 25 or 587");
        return false;
    }
    o->self_test_count++;
    return true;
}

bool option_read_explain_format(struct options *o, const struct option_row *row, const char *text,
                                struct buf *why)
{
    unsigned format = o->explain_format;
    bool known = read_choice(text, &explain_formats, &format, why);
    (void)row;
    o->explain_format = format;
    return known;
}

bool option_read_schema_format(struct options *o, const struct option_row *row, const char *text,
                               struct buf *why)
{
    unsigned format = o->schema_format;
    bool known = read_choice(text, &schema_format_vocabulary, &format, why);
    (void)row;
    o->schema_format = format;
    return known;
}

bool option_read_report_format(struct options *o, const struct option_row *row, const char *text,
                               struct buf *why)
{
    unsigned format = o->report.format;
    bool known = read_choice(text, &report_format_vocabulary, &format, why);
    (void)row;
    o->report.format = format;
    return known;
}

bool option_read_diff_format(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why)
{
    unsigned format = o->diff_format;
    bool known = read_choice(text, &diff_formats, &format, why);
    (void)row;
    o->diff_format = format;
    return known;
}

bool option_read_diff_fail_on(struct options *o, const struct option_row *row, const char *text,
                              struct buf *why)
{
    unsigned severity = o->diff_fail_on;
    bool known = read_choice(text, &diff_fail_ons, &severity, why);
    (void)row;
    o->diff_fail_on = severity;
    return known;
}

bool option_read_color(struct options *o, const struct option_row *row, const char *text,
                       struct buf *why)
{
    unsigned when = o->color;
    bool known = read_choice(text, &color_whens, &when, why);
    (void)row;
    o->color = when;
    return known;
}

bool option_read_root_cas(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    (void)row;
    struct root_cas store = {0};
    if (option_is_full(o->root_cas_count, TRUST_STORES_MAX, why)) {
        return false;
    }
    if (!value_read_root_cas(text, &store)) {
        option_put_item(why, span_of(text));
        buf_put_text(why, "is not FILE or NAME=FILE, with a name of at most 63 letters, digits, "
                          "'-', '_' and '.'");
        return false;
    }
    for (size_t i = 0; i < o->root_cas_count; i++) {
        if (strcmp(o->root_cas[i].name, store.name) == 0) {
            buf_putf(why, "has two trust stores named '%s'; rename one: OTHER=%s", store.name,
                     store.path);
            return false;
        }
    }
    o->root_cas[o->root_cas_count++] = store;
    return true;
}

bool option_read_intermediates(struct options *o, const struct option_row *row, const char *text,
                               struct buf *why)
{
    (void)row;
    if (text[0] == '\0') {
        buf_put_text(why, "has an empty value");
        return false;
    }
    if (option_is_full(o->intermediates_count, INTERMEDIATES_FILES_MAX, why)) {
        return false;
    }
    o->intermediates_path[o->intermediates_count++] = text;
    return true;
}

bool option_read_at(struct options *o, const struct option_row *row, const char *text,
                    struct buf *why)
{
    (void)row;
    if (!value_read_time(span_of(text), &o->params.terms.at)) {
        option_put_item(why, span_of(text));
        buf_put_text(why, "is not a time in UTC such as 2026-01-31, 2026-01-31T12:00:00Z or "
                          "@1769860800");
        return false;
    }
    o->at_given = true;
    return true;
}

/* --- for completions ------------------------------------------------------------------------ */

const struct vocabulary *option_words(const struct option_row *row)
{
    static const struct {
        option_reader *read;
        const struct vocabulary *words;
    } known[] = {
        {option_read_format, &formats},
        {option_read_compress, &codecs},
        {option_read_detail, &row_detail_vocabulary},
        {option_read_implicit_mx, &record_or_dial},
        {option_read_mta_sts, &record_or_fetch},
        {option_read_aia, &record_or_fetch},
        {option_read_trust_ad, &trust_ad_vocabulary},
        {option_read_infer, &infer_vocabulary},
        {option_read_probes, &probes},
        {option_read_explain_format, &explain_formats},
        {option_read_schema_format, &schema_format_vocabulary},
        {option_read_report_format, &report_format_vocabulary},
        {option_read_diff_format, &diff_formats},
        {option_read_diff_fail_on, &diff_fail_ons},
        {option_read_color, &color_whens},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].read == row->read) {
            return known[i].words;
        }
    }
    return NULL;
}
