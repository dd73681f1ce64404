#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "tests/lab/cases.h"
#include "tests/lab/counters.h"
#include "tests/lab/expect.h"
#include "tests/lab/json.h"
#include "tests/lab/mutations.h"
#include "tests/lab/policy_host.h"
#include "tests/lab/population.h"
#include "tests/lab/resolve.h"
#include "tests/lab/serve.h"

#define EXIT_USAGE      2
#define DAY             86400
#define PORTS_LISTED    4
#define DOMAINS_DEFAULT 10000

static const char help_text[] =
    "mxlab: a simulated mail internet on loopback\n"
    "\n"
    "  mxlab serve    --state DIR [WORLD] [SERVE]  name server and mail servers, until SIGTERM\n"
    "  mxlab domains  WORLD [LIST] [--format plain|tranco]    the input for a scan\n"
    "  mxlab expect   WORLD [LIST] [--ports 25,...] [--implicit-mx record|dial]\n"
    "                 [--greeting-timeout 30] [DOMAIN...]\n"
    "                                              what a scan should find, NDJSON\n"
    "  mxlab crowded  WORLD [--limit 500]          addresses with more host names than that\n"
    "  mxlab counters DIR [--address-limit 1] [--network-limit 8] [--min-gap-ms 450] [--list 50]\n"
    "                                              what clients did, JSON\n"
    "  mxlab policy   WORLD mta-sts.DOMAIN...      what such hosts serve, for a look\n"
    "  mxlab cases                                 the hand-made domains\n"
    "  mxlab mutations                             those that --mutate changes, and what changes, "
    "NDJSON\n"
    "  mxlab lookup   WORLD NAME TYPE              one answer of the name server, for a look\n"
    "\n"
    "WORLD is --state DIR of a world that was served, or (and for serve):\n"
    "  --preset NAME        tranco1m (default), gtld or perf\n"
    "  --params FILE        a parameter file instead; the format is in tests/lab/params.h\n"
    "  --seed N             1\n"
    "  --domains N          10000\n"
    "  --server-domains N   domains from here on use the servers of the first N: same servers,\n"
    "                       more domains (default: all)\n"
    "  --oversample F       rare features are F times as frequent, up to 20 %\n"
    "  --now YYYY-MM-DD     reference date of the certificates (default: today in UTC)\n"
    "  --time-scale F       of greeting delays (default 0.1; 1 is real)\n"
    "  --mutate NAME,...|all  the second day of these mutations (none); for a share of the random\n"
    "                       servers servers-no-starttls=0.1, servers-closed=, servers-tls12=\n"
    "  --max-delay-ms N     longest random greeting delay after scaling (5000)\n"
    "LIST is --cases-only, --no-cases, --first N (of the random domains)\n"
    "SERVE:\n"
    "  --processes N        of mail servers (2); one more is the name server\n"
    "  --latency-ms N       before every reaction (0)\n"
    "  --answer-ms N        of mail servers, before all but the greeting (0)\n"
    "  --base-port N|auto   seven ports from N on, or free ones; else the single ones:\n"
    "  --dns-port 5300 --smtp-port 2525 --smtps-port 2465 --submission-port 2587\n"
    "  --https-port 2443 --closed-port 2526 --silent-port 2527\n"
    "  --keys FILE          key pool; made when absent (DIR/keys.pem)\n"
    "  --device NAME        in a network namespace, at this interface: servers at the addresses "
    "of\n"
    "                       the records themselves, on their real ports, for software that cannot\n"
    "                       be told otherwise (routes are the caller's)\n"
    "  --with-parent        end when the process that started it ends\n"
    "\n"
    "serve writes DIR/options (what mxcensus needs, one option a line), DIR/roots.pem, and\n"
    "DIR/ready when it listens. Exit codes: 0 done, 1 failed, 2 usage.\n";

enum option_id {
    OPT_STATE = 256,
    OPT_PRESET,
    OPT_PARAMS,
    OPT_SEED,
    OPT_DOMAINS,
    OPT_SERVER_DOMAINS,
    OPT_OVERSAMPLE,
    OPT_NOW,
    OPT_TIME_SCALE,
    OPT_MAX_DELAY,
    OPT_MUTATE,
    OPT_CASES_ONLY,
    OPT_NO_CASES,
    OPT_FIRST,
    OPT_FORMAT,
    OPT_PORTS,
    OPT_IMPLICIT,
    OPT_GREETING_TIMEOUT,
    OPT_LIMIT,
    OPT_ADDRESS_LIMIT,
    OPT_NETWORK_LIMIT,
    OPT_MIN_GAP,
    OPT_LIST,
    OPT_PROCESSES,
    OPT_LATENCY,
    OPT_ANSWER,
    OPT_BASE_PORT,
    OPT_DNS_PORT,
    OPT_SMTP_PORT,
    OPT_SMTPS_PORT,
    OPT_SUBMISSION_PORT,
    OPT_HTTPS_PORT,
    OPT_CLOSED_PORT,
    OPT_SILENT_PORT,
    OPT_KEYS,
    OPT_WITH_PARENT,
    OPT_DEVICE,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"state", required_argument, NULL, OPT_STATE},
    {"preset", required_argument, NULL, OPT_PRESET},
    {"params", required_argument, NULL, OPT_PARAMS},
    {"seed", required_argument, NULL, OPT_SEED},
    {"domains", required_argument, NULL, OPT_DOMAINS},
    {"server-domains", required_argument, NULL, OPT_SERVER_DOMAINS},
    {"oversample", required_argument, NULL, OPT_OVERSAMPLE},
    {"now", required_argument, NULL, OPT_NOW},
    {"time-scale", required_argument, NULL, OPT_TIME_SCALE},
    {"max-delay-ms", required_argument, NULL, OPT_MAX_DELAY},
    {"mutate", required_argument, NULL, OPT_MUTATE},
    {"cases-only", no_argument, NULL, OPT_CASES_ONLY},
    {"no-cases", no_argument, NULL, OPT_NO_CASES},
    {"first", required_argument, NULL, OPT_FIRST},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"ports", required_argument, NULL, OPT_PORTS},
    {"implicit-mx", required_argument, NULL, OPT_IMPLICIT},
    {"greeting-timeout", required_argument, NULL, OPT_GREETING_TIMEOUT},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"address-limit", required_argument, NULL, OPT_ADDRESS_LIMIT},
    {"network-limit", required_argument, NULL, OPT_NETWORK_LIMIT},
    {"min-gap-ms", required_argument, NULL, OPT_MIN_GAP},
    {"list", required_argument, NULL, OPT_LIST},
    {"processes", required_argument, NULL, OPT_PROCESSES},
    {"latency-ms", required_argument, NULL, OPT_LATENCY},
    {"answer-ms", required_argument, NULL, OPT_ANSWER},
    {"base-port", required_argument, NULL, OPT_BASE_PORT},
    {"dns-port", required_argument, NULL, OPT_DNS_PORT},
    {"smtp-port", required_argument, NULL, OPT_SMTP_PORT},
    {"smtps-port", required_argument, NULL, OPT_SMTPS_PORT},
    {"submission-port", required_argument, NULL, OPT_SUBMISSION_PORT},
    {"https-port", required_argument, NULL, OPT_HTTPS_PORT},
    {"closed-port", required_argument, NULL, OPT_CLOSED_PORT},
    {"silent-port", required_argument, NULL, OPT_SILENT_PORT},
    {"keys", required_argument, NULL, OPT_KEYS},
    {"with-parent", no_argument, NULL, OPT_WITH_PARENT},
    {"device", required_argument, NULL, OPT_DEVICE},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

struct command_line {
    const char *state;
    const char *preset;
    const char *params;
    struct world world;
    bool cases_only;
    bool no_cases;
    uint64_t first;
    bool tranco;
    uint16_t ports[PORTS_LISTED];
    size_t port_count;
    bool implicit_dial;
    double greeting_timeout_s;
    uint64_t limit;
    struct counter_limits limits;
    struct serve_options serve;
};

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "mxlab: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

static int usage(const char *what, const char *why)
{
    (void)fprintf(stderr, "mxlab: %s: %s (see mxlab --help)\n", what, why);
    return EXIT_USAGE;
}

/* ---- values ---- */

static bool read_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;
    if (!text_to_u64(span_of(text), &n) || n < min || n > max) {
        return false;
    }
    *out = n;
    return true;
}

static bool read_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t n = 0;
    bool ok = read_u64(text, min, max, &n);
    *out = ok ? (uint32_t)n : *out;
    return ok;
}

static bool read_port(const char *text, uint16_t *out)
{
    uint64_t n = 0;
    bool ok = read_u64(text, 1, 65535, &n);
    *out = ok ? (uint16_t)n : *out;
    return ok;
}

static bool read_factor(const char *text, double *out)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end != '\0' || !(v >= 0 && v <= 1000)) {
        return false;
    }
    *out = v;
    return true;
}

static bool read_date(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (end == NULL || *end != '\0') {
        return false;
    }
    *out = (int64_t)timegm(&tm);
    return true;
}

static bool read_ports(const char *text, struct command_line *c)
{
    c->port_count = 0;
    while (*text != '\0' && c->port_count < PORTS_LISTED) {
        char one[8];
        size_t len = strcspn(text, ",");
        (void)snprintf(one, sizeof(one), "%.*s", (int)len, text);
        if (!read_port(one, &c->ports[c->port_count++])) {
            return false;
        }
        text += len + (text[len] == ',');
    }
    return *text == '\0' && c->port_count > 0;
}

static bool read_word(const char *text, const char *no, const char *yes, bool *out)
{
    *out = strcmp(text, yes) == 0;
    return *out || strcmp(text, no) == 0;
}

static bool take_world_option(struct command_line *c, int option, const char *value)
{
    struct world *w = &c->world;
    switch (option) {
    case OPT_STATE:
        c->state = value;
        return true;
    case OPT_PRESET:
        c->preset = value;
        return strchr(value, '/') == NULL;
    case OPT_PARAMS:
        c->params = value;
        return true;
    case OPT_SEED:
        return read_u64(value, 0, UINT64_MAX, &w->seed);
    case OPT_DOMAINS:
        return read_u64(value, 1, 999999999, &w->domains);
    case OPT_SERVER_DOMAINS:
        return read_u64(value, 1, LAB_DOMAINS_MAX, &w->server_domains);
    case OPT_OVERSAMPLE:
        return read_factor(value, &w->oversample) && w->oversample >= 1;
    case OPT_NOW:
        return read_date(value, &w->now);
    case OPT_TIME_SCALE:
        return read_factor(value, &w->time_scale);
    case OPT_MAX_DELAY:
        return read_u32(value, 0, 600000, &w->delay_max_ms);
    case OPT_MUTATE:
        (void)snprintf(w->mutate, sizeof(w->mutate), "%s", value);
        return strlen(value) < sizeof(w->mutate) && mutations_are_known(value);
    default:
        return false;
    }
}

static bool take_serve_option(struct command_line *c, int option, const char *value)
{
    struct serve_options *s = &c->serve;
    uint32_t n = 0;
    bool ok = true;
    switch (option) {
    case OPT_PROCESSES:
        ok = read_u32(value, 1, 64, &n);
        s->processes = n;
        return ok;
    case OPT_LATENCY:
        return read_u32(value, 0, 60000, &s->latency_ms);
    case OPT_ANSWER:
        return read_u32(value, 0, 60000, &s->answer_ms);
    case OPT_BASE_PORT:
        if (strcmp(value, "auto") == 0) {
            s->ports.dns = 0;
            return true;
        }
        ok = read_u32(value, 1, 65529, &n);
        serve_ports_from((uint16_t)n, &s->ports);
        return ok;
    case OPT_DNS_PORT:
        return read_port(value, &s->ports.dns);
    case OPT_SMTP_PORT:
        return read_port(value, &s->ports.smtp);
    case OPT_SMTPS_PORT:
        return read_port(value, &s->ports.smtps);
    case OPT_SUBMISSION_PORT:
        return read_port(value, &s->ports.submission);
    case OPT_HTTPS_PORT:
        return read_port(value, &s->ports.https);
    case OPT_CLOSED_PORT:
        return read_port(value, &s->ports.closed);
    case OPT_SILENT_PORT:
        return read_port(value, &s->ports.silent);
    case OPT_KEYS:
        s->keys_path = value;
        return true;
    case OPT_WITH_PARENT:
        s->with_parent = true;
        return true;
    case OPT_DEVICE:
        s->device = value;
        s->ports = (struct address_ports){
            .dns = 53, .smtp = 25, .smtps = 465, .submission = 587, .https = 443};
        return true;
    default:
        return false;
    }
}

static bool take_list_option(struct command_line *c, int option, const char *value)
{
    uint64_t n = 0;
    bool ok = true;
    switch (option) {
    case OPT_CASES_ONLY:
        c->cases_only = true;
        return true;
    case OPT_NO_CASES:
        c->no_cases = true;
        return true;
    case OPT_FIRST:
        return read_u64(value, 0, UINT64_MAX, &c->first);
    case OPT_FORMAT:
        return read_word(value, "plain", "tranco", &c->tranco);
    case OPT_PORTS:
        return read_ports(value, c);
    case OPT_IMPLICIT:
        return read_word(value, "record", "dial", &c->implicit_dial);
    case OPT_GREETING_TIMEOUT:
        return read_factor(value, &c->greeting_timeout_s);
    case OPT_LIMIT:
        return read_u64(value, 0, UINT64_MAX, &c->limit);
    case OPT_ADDRESS_LIMIT:
        return read_u32(value, 0, UINT32_MAX, &c->limits.address);
    case OPT_NETWORK_LIMIT:
        return read_u32(value, 0, UINT32_MAX, &c->limits.network);
    case OPT_MIN_GAP:
        return read_u32(value, 0, UINT32_MAX, &c->limits.gap_ms);
    case OPT_LIST:
        ok = read_u64(value, 0, 100000, &n);
        c->limits.list_max = (size_t)n;
        return ok;
    default:
        return false;
    }
}

static struct command_line defaults(void)
{
    int64_t now = (int64_t)time(NULL);
    return (struct command_line){
        .preset = "tranco1m",
        .world = {.seed = 1,
                  .domains = DOMAINS_DEFAULT,
                  .oversample = 1,
                  .now = now - now % DAY,
                  .time_scale = 0.1,
                  .delay_max_ms = 5000},
        .first = UINT64_MAX,
        .ports = {25},
        .port_count = 1,
        .greeting_timeout_s = 30,
        .limit = 500,
        .limits = {.address = 1, .network = 8, .gap_ms = 450, .list_max = 50},
        .serve = {.ports = {.dns = 5300,
                            .smtp = 2525,
                            .smtps = 2465,
                            .submission = 2587,
                            .https = 2443,
                            .closed = 2526,
                            .silent = 2527},
                  .processes = 2},
    };
}

/* @return 0, or an exit code. */
static int read_options(int argc, char **argv, struct command_line *c)
{
    int option;
    int place = 0;
    *c = defaults();
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", long_options, &place)) != -1) {
        if (option == OPT_HELP) {
            (void)fputs(help_text, stdout);
            exit(EXIT_SUCCESS);
        }
        if (option == '?') {
            return usage(argv[optind - 1], "unknown option, or its value is missing");
        }
        if (!take_world_option(c, option, optarg) && !take_serve_option(c, option, optarg) &&
            !take_list_option(c, option, optarg)) {
            return usage(long_options[place].name, "not a value for this option");
        }
    }
    return 0;
}

/* ---- the world ---- */

static int make_world(struct command_line *c, bool from_state)
{
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    struct world *w = &c->world;
    bool ok;
    if (from_state) {
        ok = world_load(w, c->state, &error);
    } else {
        char path[512];
        (void)snprintf(path, sizeof(path), MXLAB_PRESETS "/%s.params", c->preset);
        char *full = realpath(c->params != NULL ? c->params : path, NULL);
        (void)snprintf(w->params_path, sizeof(w->params_path), "%s",
                       full != NULL ? full : (c->params != NULL ? c->params : path));
        free(full);
        if (w->server_domains == 0 || w->server_domains > w->domains) {
            w->server_domains = w->domains;
        }
        ok = params_read(w->params_path, &w->params, &error);
        if (ok && w->server_domains > LAB_DOMAINS_MAX) {
            buf_putf(&error, "more than %u domains need --server-domains", LAB_DOMAINS_MAX);
            ok = false;
        }
    }
    if (!ok) {
        (void)fprintf(stderr, "mxlab: %.*s\n", (int)error.len, (const char *)error.at);
        buf_deinit(&error);
        return EXIT_FAILURE;
    }
    world_finish(w);
    return 0;
}

/* ---- commands ---- */

typedef void (*domain_fn)(void *arg, const char *domain, const char *case_name);

static void for_each_domain(const struct command_line *c, domain_fn fn, void *arg)
{
    char name[LAB_NAME_MAX];
    for (size_t i = 0; !c->no_cases && i < cases_count(); i++) {
        case_domain(i, name);
        fn(arg, name, case_table[i].name);
    }
    uint64_t count = c->world.domains < c->first ? c->world.domains : c->first;
    for (uint64_t i = 0; !c->cases_only && i < count; i++) {
        population_name(&c->world, i, name);
        fn(arg, name, NULL);
    }
}

struct listing {
    bool tranco;
    uint64_t rank;
};

static void list_domain(void *arg, const char *domain, const char *case_name)
{
    struct listing *l = arg;
    (void)case_name;
    if (l->tranco) {
        (void)printf("%" PRIu64 ",%s\n", ++l->rank, domain);
    } else {
        (void)puts(domain);
    }
}

static int run_domains(const struct command_line *c)
{
    struct listing l = {.tranco = c->tranco};
    for_each_domain(c, list_domain, &l);
    return 0;
}

struct expecting {
    const struct world *world;
    struct expect_options options;
    struct buf line;
};

static void expect_one(void *arg, const char *domain, const char *case_name)
{
    struct expecting *e = arg;
    buf_reset(&e->line);
    expect_domain(e->world, &e->options, domain, case_name, &e->line);
    (void)fwrite(e->line.at, 1, e->line.len, stdout);
}

static int run_expect(const struct command_line *c, char **names, int count)
{
    struct crowd crowd;
    crowd_count(&c->world, &crowd);
    struct expecting e = {
        .world = &c->world,
        .options = {.ports = c->ports,
                    .port_count = c->port_count,
                    .implicit_dial = c->implicit_dial,
                    .greeting_timeout_ms = (uint32_t)(c->greeting_timeout_s * 1000),
                    .crowd = &crowd},
        .line = BUF_INIT(BUF_NO_LIMIT),
    };
    for (int i = 0; i < count; i++) {
        size_t index;
        bool is_case = case_find(span_of(names[i]), &index);
        expect_one(&e, names[i], is_case ? case_table[index].name : NULL);
    }
    if (count == 0) {
        for_each_domain(c, expect_one, &e);
    }
    buf_deinit(&e.line);
    crowd_deinit(&crowd);
    return 0;
}

static int run_crowded(const struct command_line *c)
{
    struct crowd crowd;
    crowd_count(&c->world, &crowd);
    crowd_print(&crowd, c->limit, stdout);
    crowd_deinit(&crowd);
    return 0;
}

static int run_counters(const struct command_line *c, const char *dir)
{
    struct counters *counters = counters_open(dir);
    if (counters == NULL) {
        return fail(dir, "no counters of this version there");
    }
    counters_print(counters, dir, &c->limits, stdout);
    counters_close(counters);
    return 0;
}

static int run_cases(void)
{
    char domain[LAB_NAME_MAX];
    for (size_t i = 0; i < cases_count(); i++) {
        case_domain(i, domain);
        (void)printf("%-40s %s\n", domain, case_table[i].about);
    }
    return 0;
}

static int run_mutations(void)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < mutation_count; i++) {
        const char *rest = mutations[i].changes;
        buf_reset(&line);
        buf_putf(&line, "{\"domain\":\"case-" MUTATION_PREFIX "%s." CASE_ZONE "\",\"changes\":[",
                 mutations[i].name);
        while (*rest != '\0') {
            size_t len = strcspn(rest, " ");
            json_separate(&line);
            json_put_text(&line, (struct span){(const uint8_t *)rest, len});
            rest += len + (rest[len] == ' ');
        }
        (void)printf("%.*s]}\n", (int)line.len, (const char *)line.at);
    }
    buf_deinit(&line);
    return 0;
}

static int run_lookup(const struct command_line *c, const char *name, const char *type_word)
{
    static const struct {
        const char *word;
        uint16_t type;
    } types[] = {{"A", LAB_TYPE_A},       {"AAAA", LAB_TYPE_AAAA},  {"MX", LAB_TYPE_MX},
                 {"TXT", LAB_TYPE_TXT},   {"NS", LAB_TYPE_NS},      {"PTR", LAB_TYPE_PTR},
                 {"TLSA", LAB_TYPE_TLSA}, {"CNAME", LAB_TYPE_CNAME}};
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        if (strcmp(types[t].word, type_word) != 0) {
            continue;
        }
        struct resolve_context context;
        resolve_init(&context, &c->world);
        struct resolved r = resolve(&context, span_of(name), types[t].type);
        (void)printf("%s ad=%d cnames=%u\n", dns_state_word(r.state), r.ad, r.cnames);
        for (size_t i = 0; i < r.answer->count; i++) {
            const struct zone_rr *rr = &r.answer->rr[i];
            struct span data = zone_rr_span(r.answer, rr);
            char text[NET_ADDR_TEXT_MAX] = "";
            if (rr->address.family != 0) {
                net_addr_format(&rr->address, text);
            }
            (void)printf("%u %s%.*s\n", rr->preference, text, (int)data.len,
                         data.len > 0 ? (const char *)data.at : "");
        }
        resolve_deinit(&context);
        return 0;
    }
    return usage(type_word, "not a type: A, AAAA, MX, TXT, NS, PTR, TLSA, CNAME");
}

static int run_policy(const struct command_line *c, char **names, int count)
{
    struct policy_host *h = memory_new(1, sizeof(*h));
    struct buf body = BUF_INIT(BUF_NO_LIMIT);
    for (int i = 0; i < count; i++) {
        if (!world_policy(&c->world, span_of(names[i]), h)) {
            (void)printf("# %s is no policy host\n", names[i]);
            continue;
        }
        buf_reset(&body);
        world_policy_body(&c->world, h, &body);
        (void)printf("# %s: hosting %s, DNS %s, certificate %s for %s, HTTP %s %u, framing %s, "
                     "fault %s, patterns %s\n",
                     h->name, lab_policy_hosting_word(h->hosting), lab_policy_dns_word(h->dns),
                     lab_cert_class_word(h->server.plain.class), h->server.plain.names,
                     lab_http_word(h->http), h->status, lab_framing_word(h->framing),
                     lab_policy_fault_word(h->text.fault), lab_pattern_word(h->text.patterns));
        (void)fwrite(body.at, 1, body.len, stdout);
    }
    buf_deinit(&body);
    free(h);
    return 0;
}

static int run(int argc, char **argv)
{
    struct command_line c;
    const char *command = argc > 1 ? argv[1] : "--help";
    if (strcmp(command, "--help") == 0 || strcmp(command, "help") == 0) {
        (void)fputs(help_text, argc > 1 ? stdout : stderr);
        return argc > 1 ? 0 : EXIT_USAGE;
    }
    int code = read_options(argc - 1, argv + 1, &c);
    char **rest = argv + 1 + optind;
    int count = argc - 1 - optind;
    if (code != 0) {
        return code;
    }
    if (strcmp(command, "cases") == 0) {
        return run_cases();
    }
    if (strcmp(command, "mutations") == 0) {
        return run_mutations();
    }
    if (strcmp(command, "counters") == 0) {
        return count == 1 || c.state != NULL ? run_counters(&c, count == 1 ? rest[0] : c.state)
                                             : usage(command, "which DIR?");
    }
    bool is_serve = strcmp(command, "serve") == 0;
    if (is_serve && c.state == NULL) {
        return usage(command, "--state DIR is needed");
    }
    code = make_world(&c, !is_serve && c.state != NULL);
    if (code != 0) {
        return code;
    }
    if (is_serve) {
        c.serve.dir = c.state;
        code = serve(&c.world, &c.serve);
    } else if (strcmp(command, "domains") == 0) {
        code = run_domains(&c);
    } else if (strcmp(command, "expect") == 0) {
        code = run_expect(&c, rest, count);
    } else if (strcmp(command, "crowded") == 0) {
        code = run_crowded(&c);
    } else if (strcmp(command, "policy") == 0 && count > 0) {
        code = run_policy(&c, rest, count);
    } else if (strcmp(command, "lookup") == 0 && count == 2) {
        code = run_lookup(&c, rest[0], rest[1]);
    } else {
        code = usage(command, "not a command, or not so");
    }
    world_deinit(&c.world);
    return code;
}

int main(int argc, char **argv)
{
    hash_secret_init();
    int code = run(argc, argv);
    if (fflush(stdout) != 0 && code == 0) {
        return fail("standard output", strerror(errno));
    }
    return code;
}
