#include "scanner/cli/option_table.h"

#include "scanner/base/check.h"
#include "scanner/cli/option_value.h"

/*
 * Readers. Those of flags, texts, numbers and times write to the field named in the row; the
 * others know theirs.
 */

#define FIELD(name)        offsetof(struct options, params.name)
#define OPTION_FIELD(name) offsetof(struct options, name)

static void *field_of(struct options *o, const struct option_row *row)
{
    return (char *)o + row->field;
}

/** Puts "'item' " in front of the reason that follows. */
static void option_put_item(struct buf *why, struct span item)
{
    buf_put_char(why, '\'');
    buf_put(why, item);
    buf_put_text(why, "' ");
}

static bool read_flag(struct options *o, const struct option_row *row, const char *text,
                      struct buf *why)
{
    (void)text;
    (void)why;
    *(bool *)field_of(o, row) = true;
    return true;
}

static bool option_read_text(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why)
{
    if (text[0] == '\0') {
        buf_put_text(why, "has an empty value");
        return false;
    }
    *(const char **)field_of(o, row) = text;
    return true;
}

static bool read_number_u64(struct options *o, const struct option_row *row, const char *text,
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

static bool read_number(struct options *o, const struct option_row *row, const char *text,
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

static bool read_seconds(struct options *o, const struct option_row *row, const char *text,
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

static bool read_address_rate(struct options *o, const struct option_row *row, const char *text,
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

static bool read_dns_rate(struct options *o, const struct option_row *row, const char *text,
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
    X(RESULT_BOTH, "both")
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
#define COLOR_WHENS(X)        \
    X(COLOR_AUTO, "auto")     \
    X(COLOR_ALWAYS, "always") \
    X(COLOR_NEVER, "never")
#define OFF(X) X(0, "off")

static const struct vocabulary formats = VOCABULARY_WORDS(FORMATS);
static const struct vocabulary codecs = VOCABULARY_WORDS(CODECS);
static const struct vocabulary record_or_dial = VOCABULARY_WORDS(RECORD_OR_DIAL);
static const struct vocabulary record_or_fetch = VOCABULARY_WORDS(RECORD_OR_FETCH);
static const struct vocabulary explain_formats = VOCABULARY_WORDS(EXPLAIN_FORMATS);
static const struct vocabulary color_whens = VOCABULARY_WORDS(COLOR_WHENS);
static const struct vocabulary off = VOCABULARY_WORDS(OFF);

/** The value of the word. @return false with the reason */
static bool read_choice(const char *text, const struct vocabulary *words, unsigned *value,
                        struct buf *why)
{
    if (vocabulary_find(words, span_of(text), value)) {
        return true;
    }
    option_put_item(why, span_of(text));
    buf_put_text(why, "is not known: use ");
    const char *between = "";
    for (unsigned i = 0; i < words->count; i++) {
        if (vocabulary_has_word(words, i)) {
            buf_put_text(why, between);
            buf_put_text(why, words->words[i].word);
            between = i + 2 < words->count ? ", " : " or ";
        }
    }
    return false;
}

static bool read_switch(const char *text, const struct vocabulary *words, bool *on, struct buf *why)
{
    unsigned value = *on;
    bool known = read_choice(text, words, &value, why);
    *on = value != 0;
    return known;
}

static bool read_format(struct options *o, const struct option_row *row, const char *text,
                        struct buf *why)
{
    unsigned format = o->params.format;
    bool known = read_choice(text, &formats, &format, why);
    (void)row;
    o->params.format = format;
    return known;
}

static bool read_compress(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    unsigned codec = o->params.compression;
    bool known = read_choice(text, &codecs, &codec, why);
    (void)row;
    o->params.compression = codec;
    return known;
}

static bool read_implicit_mx(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why)
{
    (void)row;
    return read_switch(text, &record_or_dial, &o->params.implicit_mx_dial, why);
}

static bool read_mta_sts(struct options *o, const struct option_row *row, const char *text,
                         struct buf *why)
{
    (void)row;
    return read_switch(text, &record_or_fetch, &o->params.fetch_policies, why);
}

static bool read_aia(struct options *o, const struct option_row *row, const char *text,
                     struct buf *why)
{
    (void)row;
    return read_switch(text, &record_or_fetch, &o->params.fetch_issuers, why);
}

static bool read_trust_ad(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    unsigned trust = o->params.trust_ad;
    bool known = read_choice(text, &trust_ad_vocabulary, &trust, why);
    (void)row;
    o->params.trust_ad = trust;
    return known;
}

/* RFC 9110 section 10.1.5: a comment behind the product; what would end it early is refused. */
static bool read_contact(struct options *o, const struct option_row *row, const char *text,
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
    return true;
}

static bool read_infer(struct options *o, const struct option_row *row, const char *text,
                       struct buf *why)
{
    (void)o;
    (void)row;
    if (strcmp(text, "listed") == 0 || strcmp(text, "all") == 0) {
        option_put_item(why, span_of(text));
        buf_put_text(why, "is not available in this version: every name is tested; use off");
        return false;
    }
    unsigned value;
    return read_choice(text, &off, &value, why);
}

enum probe {
    PROBE_SNI,
    PROBE_NO_SNI,
    PROBE_VERSIONS,
    PROBE_CIPHERS,
    PROBE_OTHER_KEY,
    PROBE_COUNT,
};

static const char *const probe_words[PROBE_COUNT] = {"sni", "no-sni", "versions", "ciphers",
                                                     "ecdsa-rsa"};

static bool read_probes(struct options *o, const struct option_row *row, const char *text,
                        struct buf *why)
{
    (void)row;
    bool asked[PROBE_COUNT] = {false};
    struct span list = span_of(text);
    struct span item;
    while (value_next_item(&list, &item)) {
        size_t i = 0;
        while (i < PROBE_COUNT && !span_eq(item, span_of(probe_words[i]))) {
            i++;
        }
        if (i == PROBE_COUNT) {
            bool later = span_eq(item, SPAN_LIT("no-sni-short"));
            option_put_item(why, item);
            buf_put_text(why, later ? "is not available in this version" : "is not a probe");
            buf_put_text(why,
                         ": use sni, no-sni, versions, ciphers and ecdsa-rsa, separated by commas");
            return false;
        }
        asked[i] = true;
    }
    if (asked[PROBE_OTHER_KEY] && !asked[PROBE_SNI]) {
        buf_put_text(why, "ecdsa-rsa needs the handshake of sni: use both");
        return false;
    }
    if ((asked[PROBE_VERSIONS] || asked[PROBE_CIPHERS]) && !asked[PROBE_SNI] &&
        !asked[PROBE_NO_SNI]) {
        buf_putf(why, "%s needs another handshake: use sni or no-sni as well",
                 probe_words[asked[PROBE_CIPHERS] ? PROBE_CIPHERS : PROBE_VERSIONS]);
        return false;
    }
    o->params.probe_sni = asked[PROBE_SNI];
    o->params.probe_no_sni = asked[PROBE_NO_SNI];
    o->params.probe_versions = asked[PROBE_VERSIONS] || asked[PROBE_CIPHERS];
    o->params.probe_ciphers = asked[PROBE_CIPHERS];
    o->params.probe_other_key = asked[PROBE_OTHER_KEY];
    return true;
}

static bool option_read_ports(struct options *o, const struct option_row *row, const char *text,
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

static bool is_full(size_t count, size_t max, struct buf *why)
{
    if (count == max) {
        buf_putf(why, "has more than %zu values", max);
    }
    return count == max;
}

#define DNS_PORT 53 /* RFC 1035 section 4.2 */

static bool read_name_servers(struct options *o, const struct option_row *row, const char *text,
                              struct buf *why)
{
    (void)row;
    struct span list = span_of(text);
    struct span item;
    while (value_next_item(&list, &item)) {
        size_t *count = &o->params.name_server_count;
        if (is_full(*count, NAME_SERVERS_MAX, why)) {
            return false;
        }
        if (!value_read_endpoint(item, DNS_PORT, &o->name_servers[*count])) {
            option_put_item(why, item);
            buf_put_text(
                why, "is not an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53");
            return false;
        }
        (*count)++;
    }
    return true;
}

static bool read_local_addrs(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why)
{
    (void)row;
    struct span list = span_of(text);
    struct span item;
    while (value_next_item(&list, &item)) {
        size_t *count = &o->params.local_addr_count;
        if (is_full(*count, LOCAL_ADDRS_MAX, why)) {
            return false;
        }
        if (!net_addr_parse(item, &o->local_addrs[*count])) {
            option_put_item(why, item);
            buf_put_text(why, "is not an IPv4 or IPv6 address");
            return false;
        }
        (*count)++;
    }
    return true;
}

static bool read_address_maps(struct options *o, const struct option_row *row, const char *text,
                              struct buf *why)
{
    (void)row;
    struct span list = span_of(text);
    struct span item;
    while (value_next_item(&list, &item)) {
        size_t *count = &o->params.address_map_count;
        if (is_full(*count, ADDRESS_MAPS_MAX, why)) {
            return false;
        }
        if (!value_read_address_map(item, &o->address_maps[*count])) {
            option_put_item(why, item);
            buf_put_text(why, "is not a mapping such as 198.51.0.0/16=127.5.0.0/16 or "
                              "2001:db8::/112=127.6.0.0/16:2525 (TO at least as large as FROM)");
            return false;
        }
        (*count)++;
    }
    return true;
}

static bool read_port_maps(struct options *o, const struct option_row *row, const char *text,
                           struct buf *why)
{
    (void)row;
    struct span list = span_of(text);
    struct span item;
    while (value_next_item(&list, &item)) {
        size_t *count = &o->params.port_map_count;
        if (is_full(*count, PORT_MAPS_MAX, why)) {
            return false;
        }
        if (!value_read_port_map(item, &o->port_maps[*count])) {
            option_put_item(why, item);
            buf_put_text(why, "is not a mapping such as 25=2525");
            return false;
        }
        (*count)++;
    }
    return true;
}

static bool read_ehlo_domain(struct options *o, const struct option_row *row, const char *text,
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

static bool read_ipv4_only(struct options *o, const struct option_row *row, const char *text,
                           struct buf *why)
{
    (void)row;
    (void)text;
    (void)why;
    o->params.use_ipv6 = false;
    return true;
}

static bool read_ipv6_only(struct options *o, const struct option_row *row, const char *text,
                           struct buf *why)
{
    (void)row;
    (void)text;
    (void)why;
    o->params.use_ipv4 = false;
    return true;
}

static bool read_explain_format(struct options *o, const struct option_row *row, const char *text,
                                struct buf *why)
{
    unsigned format = o->explain_format;
    bool known = read_choice(text, &explain_formats, &format, why);
    (void)row;
    o->explain_format = format;
    return known;
}

static bool read_color(struct options *o, const struct option_row *row, const char *text,
                       struct buf *why)
{
    unsigned when = o->color;
    bool known = read_choice(text, &color_whens, &when, why);
    (void)row;
    o->color = when;
    return known;
}

static bool read_fail_on(struct options *o, const struct option_row *row, const char *text,
                         struct buf *why)
{
    unsigned severity = o->fail_on;
    (void)row;
    o->fails = read_choice(text, &severity_vocabulary, &severity, why);
    o->fail_on = severity;
    return o->fails;
}

static bool read_root_cas(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    (void)row;
    struct root_cas store = {0};
    if (is_full(o->root_cas_count, TRUST_STORES_MAX, why)) {
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

static bool option_read_intermediates(struct options *o, const struct option_row *row,
                                      const char *text, struct buf *why)
{
    (void)row;
    if (text[0] == '\0') {
        buf_put_text(why, "has an empty value");
        return false;
    }
    if (is_full(o->intermediates_count, INTERMEDIATES_FILES_MAX, why)) {
        return false;
    }
    o->intermediates_path[o->intermediates_count++] = text;
    return true;
}

static bool read_at(struct options *o, const struct option_row *row, const char *text,
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

/*
 * The table. Ranges are our own bounds unless a source is named.
 */

#define THREADS_MAX     256
#define CONCURRENCY_MAX 1000000
#define LIMIT_MAX       1000000
#define TIMEOUT_MIN     50       /* ms */
#define TIMEOUT_MAX     3600000U /* ms: an hour */
#define NAMES_MAX       1000000000U

/* Which commands know an option. */
#define IN_SCAN    (1U << COMMAND_SCAN)
#define IN_CHECK   (1U << COMMAND_CHECK)
#define IN_ANALYZE (1U << COMMAND_ANALYZE)
#define IN_EXPLAIN (1U << COMMAND_EXPLAIN)
#define IN_ALL     (IN_SCAN | IN_CHECK | IN_ANALYZE | IN_EXPLAIN)

const struct option_row option_table[] = {
    {OPTION_GROUP_INPUT, IN_SCAN, 'f', "input-file", "FILE", "-", "stdin",
     "one domain per line, or CSV",
     "The file with the domains; '-' is standard input. One domain per line, or CSV (rank,domain "
     "as in the Tranco list). Comments after '#', blank lines, CRLF, a byte order mark, upper "
     "case, a trailing dot, internationalised names and user@domain are accepted. FILE can also be "
     "given without the option.",
     option_read_text, FIELD(input_path), 0, 0},
    {OPTION_GROUP_INPUT, IN_SCAN, 0, "column", "N|NAME", NULL, NULL,
     "CSV column that has the domain",
     "The column of CSV input that has the domain: its number, from 1, or its name in the first "
     "line. Without this option, the column is guessed.",
     option_read_text, FIELD(column), 0, 0},
    {OPTION_GROUP_INPUT, IN_SCAN, 0, "metadata-passthrough", NULL, NULL, NULL,
     "keep the other columns in the rows",
     "Keep the other columns of CSV input in the rows of the table domains.", read_flag,
     FIELD(metadata_passthrough), 0, 0},

    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE, 'o', "output", "DIR", NULL, NULL,
     "new directory (else NDJSON to stdout)",
     "The directory for the results: one file per table, summary.json and manifest.json. It must "
     "be empty or not exist. Without this option, the rows of all tables go to standard output as "
     "NDJSON; \"type\" is the table of a row.",
     option_read_text, FIELD(output_dir), 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE, 0, "format", "FORMAT", "ndjson", NULL,
     "ndjson, csv or both", "The format of the files in the directory: ndjson, csv or both.",
     read_format, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE, 0, "compress", "METHOD", "none", NULL,
     "none, gzip or zstd", "The compression of the files in the directory: none, gzip or zstd.",
     read_compress, 0, 0, 0},

    {OPTION_GROUP_RESULTS, IN_EXPLAIN, 0, "format", "FORMAT", "text", NULL, "text, csv or json",
     "The format of the catalogue: text, csv or json. csv and json give every field of every "
     "entry.",
     read_explain_format, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK, 0, "json", NULL, NULL, NULL, "one JSON document per domain",
     "Print one JSON document per domain, each on one line, instead of the report. It has the "
     "number of findings by severity, and all rows of the domain.",
     read_flag, OPTION_FIELD(json), 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK, 'v', "verbose", NULL, NULL, NULL,
     "also info findings, server replies",
     "Also show findings of severity info, and the replies of the servers.", read_flag,
     OPTION_FIELD(verbose), 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK, 0, "color", "WHEN", "auto", NULL, "auto, always or never",
     "Whether the report is coloured: auto does so on a terminal, unless the environment has "
     "NO_COLOR.",
     read_color, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_CHECK, 0, "fail-on", "SEVERITY", NULL, NULL,
     "exit code 10 at this severity or above",
     "Exit with code 10 if a finding has at least this severity: error, warning, notice or info. "
     "Without this option, findings do not change the exit code.",
     read_fail_on, 0, 0, 0},

    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE, 0, "root-cas", "[NAME=]FILE", NULL,
     "system's", "trusted roots; up to 8 times",
     "A PEM file of root certificates (a trust store); repeatable up to eight times. The first "
     "store decides statuses and findings; the verdicts of the others are also reported. NAME is "
     "the name of the store in the rows; the default is the name of the file. The word system "
     "instead of FILE means the CA bundle of this machine, which is also the default. The default "
     "of analyze is the copies in RESULTS.",
     read_root_cas, 0, 0, 0},
    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE, 0, "intermediates", "FILE", NULL, NULL,
     "known intermediate CAs; up to 8 times",
     "A PEM file of intermediate CA certificates, plain or gzip; repeatable up to eight times. A "
     "chain that lacks one of them, or one of the few bundled ones, gets the status "
     "missing_intermediate: it would be trusted with this certificate, but not as served. They are "
     "not trusted as roots. docs/verdicts.md explains how to make such a file of all public CAs. "
     "The default of analyze is the copies in RESULTS.",
     option_read_intermediates, 0, 0, 0},
    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE, 0, "trust-ad", "WHAT", "auto", NULL,
     "auto, yes or no: trust the AD bit",
     "Whether to trust the AD bit of the resolvers as DNSSEC validation. Without validation, DANE "
     "is not judged (RFC 7672 section 2.1.1). auto means yes if all resolvers have loopback "
     "addresses and answer the query for the NS records of the root with AD; for analyze, auto "
     "means the choice of the scan.",
     read_trust_ad, 0, 0, 0},
    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE, 0, "sender-profiles", "FILE", NULL,
     "bundled", "how senders behave",
     "A file of sender profiles (JSON) instead of the bundled ones; format: see "
     "datasets/sender-profiles/README.md. The default of analyze is the copy in RESULTS.",
     option_read_text, OPTION_FIELD(profiles_path), 0, 0},
    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE, 0, "at", "TIME", NULL, "start",
     "judge as of this time, in UTC",
     "The time at which certificates are judged, in UTC: 2026-01-31, 2026-01-31T12:00:00Z or "
     "@1769860800 (Unix seconds). The default is the start of the scan.",
     read_at, 0, 0, 0},

    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK, 0, "name-servers", "A[:P],...", NULL, "system's",
     "recursive resolvers",
     "The addresses of the recursive resolvers, each with a port if it is not 53. IPv6 addresses "
     "with a port go in brackets. The default is the resolvers of /etc/resolv.conf. A validating "
     "resolver on this machine is best.",
     read_name_servers, 0, 0, 0},
    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK, 0, "dns-rate-limit", "N", "5000", NULL,
     "queries per second, 0: no limit",
     "The number of DNS queries per second, to all resolvers together; 0 is no limit.",
     read_dns_rate, 0, 0, 0},
    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK, 0, "dns-timeout", "S", "3", NULL,
     "wait for an answer, first try",
     "Seconds to wait for an answer at the first try; later tries wait longer.", read_seconds,
     FIELD(dns_timeout_ms), TIMEOUT_MIN, 60000U},
    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK, 0, "dns-tries", "N", "3", NULL, "tries per resolver",
     "How many times each resolver is tried before the query times out.", read_number,
     FIELD(dns_tries), 1, 20},

    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK, 0, "ports", "LIST", "25", NULL,
     "25, 587 (STARTTLS), 465 (TLS)",
     "The ports to test on every MX host, at most four. Port 465 uses implicit TLS (RFC 8314 "
     "section 3.3), the others use STARTTLS.",
     option_read_ports, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK, 0, "probes", "LIST", "sni,no-sni", NULL,
     "handshakes to make",
     "The handshakes to make. sni: one per host name and address, with the host name as SNI. "
     "no-sni: one per address, without SNI. versions: also find out which TLS versions from 1.0 on "
     "each address accepts, by up to four connections that end with the answer to a ClientHello. "
     "ciphers: in addition to versions, also find out which cipher suites each address accepts in "
     "each of them, by up to 128 such connections or 10 minutes of them. "
     "ecdsa-rsa: one more handshake per host name and address, which accepts only a certificate "
     "with the other type of key, RSA or ECDSA.",
     read_probes, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN, 0, "infer", "WHICH", "off", NULL, "off: test every name",
     "Which names of one wildcard may share an observed chain. Only off is available in this "
     "version: every name is tested, up to --names-per-address.",
     read_infer, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN, 0, "names-per-address", "N", "500", NULL,
     "names tested per address, 0: all",
     "How many host names are tested at one address. The others get the outcome not_tested with "
     "the reason address_budget; a fixed hash chooses them. 0 tests all.",
     read_number, FIELD(names_per_address), 0, NAMES_MAX},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK, 0, "implicit-mx", "WHAT", "record", NULL,
     "record or dial",
     "What to do with a domain that has an address but no MX record (implicit MX, RFC 5321 section "
     "5.1): only record it, or also connect to it (dial). Half of such names are web hosts.",
     read_implicit_mx, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK, 0, "mta-sts", "WHAT", "fetch", NULL,
     "record or fetch",
     "MTA-STS: fetch the policies over HTTPS from the policy hosts of the domains that have a "
     "record (RFC 8461 section 3.3), or only record the DNS records.",
     read_mta_sts, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK, 0, "aia", "WHAT", "record", NULL, "record or fetch",
     "Issuer certificates that servers do not present: fetch them at the end of the scan from the "
     "http URLs in the certificates (caIssuers, RFC 5280 section 4.2.2.1), each URL once, or only "
     "record the URLs. Browsers fetch them, mail servers do not.",
     read_aia, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK, '4', "ipv4-only", NULL, NULL, NULL,
     "use IPv4 addresses only",
     "Connect to IPv4 addresses only; the others are recorded as not tested.", read_ipv4_only, 0, 0,
     0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK, '6', "ipv6-only", NULL, NULL, NULL,
     "use IPv6 addresses only",
     "Connect to IPv6 addresses only; the others are recorded as not tested.", read_ipv6_only, 0, 0,
     0},
    {OPTION_GROUP_PROBES, IN_SCAN, 0, "seed", "N", "1", NULL, "seed of random choices",
     "The seed for choosing the names that --names-per-address allows. The same seed gives the "
     "same choice.",
     read_number_u64, FIELD(seed), 0, UINT64_MAX},

    {OPTION_GROUP_IDENTITY, IN_SCAN | IN_CHECK, 0, "ehlo-domain", "NAME", NULL, "this host's",
     "the name in EHLO",
     "The name to send in EHLO, the same for the whole scan. It must be a fully qualified host "
     "name; it should resolve to the address of the scanner, and that address back to the name "
     "(RFC 5321 section 4.1.4). The default is the canonical name of this host.",
     read_ehlo_domain, 0, 0, 0},
    {OPTION_GROUP_IDENTITY, IN_SCAN | IN_CHECK, 0, "contact", "URL|MAILTO", NULL, NULL,
     "who scans (in User-Agent)",
     "Who scans and why, such as https://scan.example.org/ or mailto:scan@example.org. It is sent "
     "only in the User-Agent of HTTPS requests.",
     read_contact, 0, 0, 0},
    {OPTION_GROUP_IDENTITY, IN_SCAN | IN_CHECK, 0, "local-addr", "LIST", NULL, NULL,
     "source addresses, in turn",
     "Source addresses of connections, used in turn, for each address family.", read_local_addrs, 0,
     0, 0},

    {OPTION_GROUP_LIMITS, IN_SCAN, 0, "threads", "N", NULL, "cores", "worker threads",
     "The number of worker threads. The default is one for each processor that this process may "
     "use. It is lowered to --concurrency, with a message, if it is higher.",
     read_number, FIELD(threads), 1, THREADS_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK, 0, "concurrency", "N", "4000", NULL,
     "connections at once, in total",
     "How many connections are open at once, over all threads. It is lowered, with a message, if "
     "the limit of open files is too low.",
     read_number, FIELD(concurrency), 1, CONCURRENCY_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK, 0, "address-rate", "N/s", "2/s", NULL,
     "new connections to one address",
     "How many connections to one address are started per second; N/m is per minute, N/h per hour, "
     "0 is no limit.",
     read_address_rate, 0, 0, 0},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK, 0, "address-limit", "N", "1", NULL,
     "connections at once, one address", "How many connections to one address are open at once.",
     read_number, FIELD(address_limit), 1, LIMIT_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK, 0, "network-limit", "N", "8", NULL,
     "connections at once, one /24 or /48",
     "How many connections to one network (/24 of IPv4, /48 of IPv6) are open at once.",
     read_number, FIELD(network_limit), 1, LIMIT_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK, 0, "operator-limit", "N", "64", NULL,
     "connections at once, one operator",
     "How many connections to one MX operator (registrable domain of the MX name) are open at "
     "once.",
     read_number, FIELD(operator_limit), 1, LIMIT_MAX},

    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK, 0, "connect-timeout", "S", "10", NULL,
     "until connected", "Seconds until the TCP connection is established.", read_seconds,
     FIELD(connect_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK, 0, "greeting-timeout", "S", "30", NULL,
     "until the greeting",
     "Seconds until the greeting is complete. Some servers delay it on purpose; RFC 5321 section "
     "4.5.3.2.1 allows five minutes.",
     read_seconds, FIELD(greeting_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK, 0, "reply-timeout", "S", "20", NULL,
     "until each further reply", "Seconds until each further reply is complete.", read_seconds,
     FIELD(reply_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK, 0, "tls-timeout", "S", "20", NULL,
     "for the handshake", "Seconds for the TLS handshake.", read_seconds, FIELD(tls_timeout_ms),
     TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK, 0, "target-timeout", "S", "120", NULL,
     "for a whole session", "Seconds for a whole session. Waiting for a rate limit is not counted.",
     read_seconds, FIELD(target_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK, 0, "policy-timeout", "S", "60", NULL,
     "for an MTA-STS policy",
     "Seconds to fetch an MTA-STS policy, from the connection to the last octet; RFC 8461 section "
     "3.3 suggests 60. Waiting for a rate limit is not counted.",
     read_seconds, FIELD(policy_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},

    {OPTION_GROUP_SAFETY, IN_SCAN | IN_CHECK, 'b', "blocklist-file", "FILE", NULL, NULL,
     "domains and CIDRs not to scan",
     "Domains (with all names under them), *.suffixes, addresses and CIDR prefixes that are not "
     "scanned, one per line; '#' begins a comment. Applied to input, MX hosts, CNAME targets and "
     "addresses.",
     option_read_text, FIELD(blocklist_path), 0, 0},
    {OPTION_GROUP_SAFETY, IN_SCAN | IN_CHECK, 0, "allow-special-addresses", NULL, NULL, NULL,
     "connect to RFC 6890 space too",
     "Also connect to special-purpose addresses (RFC 6890: loopback, private, documentation, ...). "
     "Use this only in your own network.",
     read_flag, FIELD(allow_special_addresses), 0, 0},

    {OPTION_GROUP_LAB, IN_SCAN | IN_CHECK, 0, "address-map", "FROM=TO[:P]", NULL, NULL,
     "connect to TO instead of FROM",
     "Connect to the addresses of the prefix TO instead of those of FROM, with the same low bits, "
     "at port P if given. Rows and limits use the original address. Repeatable.",
     read_address_maps, 0, 0, 0},
    {OPTION_GROUP_LAB, IN_SCAN | IN_CHECK, 0, "port-map", "FROM=TO", NULL, NULL,
     "connect to port TO instead of FROM", "Connect to port TO instead of FROM. Repeatable.",
     read_port_maps, 0, 0, 0},

    {OPTION_GROUP_REPORTING, IN_SCAN | IN_CHECK, 'q', "quiet", NULL, NULL, NULL,
     "no progress and no summary",
     "No progress and no summary on standard error; errors are still reported.", read_flag,
     FIELD(quiet), 0, 0},
    {OPTION_GROUP_REPORTING, IN_SCAN, 'u', "status-updates-file", "FILE", NULL, NULL,
     "progress as CSV, every second", "Write a CSV line with the progress every second to FILE.",
     option_read_text, FIELD(status_path), 0, 0},
    {OPTION_GROUP_REPORTING, IN_SCAN, 0, "metrics-file", "FILE", NULL, NULL,
     "progress for Prometheus",
     "Keep the progress in FILE, in the text format of Prometheus; the file is replaced "
     "atomically.",
     option_read_text, FIELD(metrics_path), 0, 0},
    {OPTION_GROUP_REPORTING, IN_SCAN, 'l', "log-file", "FILE", NULL, "stderr", "log messages",
     "Append messages to FILE instead of standard error. Command-line errors still go to standard "
     "error.",
     option_read_text, FIELD(log_path), 0, 0},

    {OPTION_GROUP_OTHER, IN_ALL, 'h', "help", NULL, NULL, NULL, "show this help",
     "Show the options and exit.", NULL, 0, 0, 0},
    {OPTION_GROUP_OTHER, IN_ALL, 'V', "version", NULL, NULL, NULL, "show the version",
     "Show the version of mxcensus and exit.", NULL, 0, 0, 0},
};

const size_t option_table_count = sizeof(option_table) / sizeof(option_table[0]);

/* `check` looks at few names, for a person who waits: it asks more, and less at once. */
static const struct {
    const char *name;
    const char *value;
} check_presets[] = {
    {"implicit-mx", "dial"}, {"probes", "sni,no-sni,versions"}, {"concurrency", "32"},
    {"network-limit", "4"},  {"operator-limit", "8"},
};

bool option_is_of(const struct option_row *row, enum command c)
{
    return (row->commands & (1U << c)) != 0;
}

const char *option_preset(const struct option_row *row, enum command c)
{
    for (size_t i = 0; c == COMMAND_CHECK && i < sizeof(check_presets) / sizeof(check_presets[0]);
         i++) {
        if (strcmp(row->name, check_presets[i].name) == 0) {
            return check_presets[i].value;
        }
    }
    return row->preset;
}

const struct command_info *command_info(enum command c)
{
    static const struct command_info infos[] = {
#define X(name, word, arguments, help) [COMMAND_##name] = {word, arguments, help},
        COMMANDS(X)
#undef X
    };
    CHECK(c < COMMAND_COUNT);
    return &infos[c];
}

const char *option_group_title(enum option_group g)
{
    static const char *const titles[] = {
#define X(name, title) [OPTION_GROUP_##name] = (title),
        OPTION_GROUPS(X)
#undef X
    };
    CHECK(g < OPTION_GROUP_COUNT);
    return titles[g];
}
