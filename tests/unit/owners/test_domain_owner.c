/**
 * What happens to the owner of domains in domain_scenarios.txt (scenario.h tells the form):
 *
 *     block NAME | implicit dial  (before the first event) on the block list; --implicit-mx dial
 *     line N NAME [in BLOCK] | line N invalid WORD
 *     answer TYPE NAME STATE [DATA...]   DATA: "10 mx.test", an address, a text in double quotes, "alias NAME"
 *     resolved DOMAIN HOST | done DOMAIN HOST [STATE [ADDRESSES]]
 *     policy DOMAIN OUTCOME [list N]  | verdict N | give up
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/owners/domain_owner.h"
#include "tests/unit/owners/scenario.h"

#define WORKERS   2
#define QUESTIONS 64

struct world {
    struct public_suffixes *suffixes;
    struct blocklist *blocklist;
    struct judging_terms terms;
    struct scan_counts counts;
    struct issuer_hosts *issuer_hosts;
    struct row_sink rows;
    struct recorder recorder;
    struct arena_pool arenas;
    struct known_chains chains;
    struct owner_out out;
    struct buf to_worker[WORKERS];
    struct buf to_judge[1];
    struct buf to_policies;
    struct domain_owner owner;
    struct asked {
        char name[300];
        uint16_t type;
        uint64_t tag;
    } asked[QUESTIONS]; /* and not answered */
    size_t asked_count;
    uint64_t strays;
};

/* --- types, by their words ------------------------------------------------------------------ */

static const struct {
    const char *word;
    uint16_t type;
} types[] = {{"MX", DNS_TYPE_MX},
             {"TXT", DNS_TYPE_TXT},
             {"NS", DNS_TYPE_NS},
             {"A", DNS_TYPE_A},
             {"AAAA", DNS_TYPE_AAAA}};

static const char *type_word(uint16_t type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == type) {
            return types[i].word;
        }
    }
    return "?";
}

static uint16_t type_of(const char *word)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].word, word) == 0) {
            return types[i].type;
        }
    }
    cr_assert_fail("no type '%s'", word);
    return 0;
}

static uint8_t dns_state_of(const char *word)
{
    for (int s = 0; s < DNS_STATE_COUNT; s++) {
        if (strcmp(dns_state_word((enum dns_state)s), word) == 0) {
            return (uint8_t)s;
        }
    }
    cr_assert_fail("no state of DNS '%s'", word);
    return 0;
}

static enum policy_fetch fetch_of(const char *word)
{
    for (int f = 0; f < POLICY_FETCH_COUNT; f++) {
        if (strcmp(policy_fetch_word((enum policy_fetch)f), word) == 0) {
            return (enum policy_fetch)f;
        }
    }
    cr_assert_fail("no end of a fetch '%s'", word);
    return 0;
}

/* --- the world ------------------------------------------------------------------------------ */

static void world_init(void *world)
{
    struct world *w = world;
    static const uint16_t ports[] = {25};
    *w = (struct world){.suffixes = public_suffixes_load(NULL), .blocklist = blocklist_new()};
    w->issuer_hosts = issuer_hosts_new();
    counts_init(&w->counts, ports, 1);
    row_sink_init(&w->rows, true, false, false);
    recorder_init(&w->recorder, &w->rows, &w->terms, &w->counts, w->issuer_hosts);
    known_chains_init(&w->chains);
    owner_out_init(&w->out);
    for (size_t i = 0; i < WORKERS; i++) {
        w->to_worker[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    w->to_judge[0] = BUF_INIT(BUF_NO_LIMIT);
    w->to_policies = BUF_INIT(BUF_NO_LIMIT);
    w->out.worker_count = WORKERS;
    w->out.judge_count = 1;
    w->out.to_worker = w->to_worker;
    w->out.to_judge = w->to_judge;
    w->out.to_policies = &w->to_policies;
    w->out.recorder = &w->recorder;
    const struct domain_rules rules = {
        .suffixes = w->suffixes,
        .dial = {.blocklist = w->blocklist, .ipv4 = true, .ipv6 = true},
        .fetch_policies = true};
    domain_owner_init(&w->owner, &rules, &w->out, &w->chains, &w->arenas);
}

static void world_deinit(void *world)
{
    struct world *w = world;
    domain_owner_deinit(&w->owner);
    known_chains_deinit(&w->chains);
    owner_out_deinit(&w->out);
    recorder_deinit(&w->recorder);
    row_sink_deinit(&w->rows);
    counts_deinit(&w->counts);
    issuer_hosts_free(w->issuer_hosts);
    for (size_t i = 0; i < WORKERS; i++) {
        buf_deinit(&w->to_worker[i]);
    }
    buf_deinit(&w->to_judge[0]);
    buf_deinit(&w->to_policies);
    arena_pool_deinit(&w->arenas);
    blocklist_free(w->blocklist);
    public_suffixes_free(w->suffixes);
}

/* --- commands ------------------------------------------------------------------------------- */

static void say_questions(struct world *w)
{
    struct owner_question q;
    for (struct span in = buf_span(&w->out.questions); owner_question_next(&in, &q);) {
        cr_assert_lt(w->asked_count, QUESTIONS);
        struct asked *a = &w->asked[w->asked_count++];
        a->type = q.type;
        a->tag = q.tag;
        (void)snprintf(a->name, sizeof(a->name), "%.*s", TEXT(q.name));
        say("  ask %s %s\n", type_word(q.type), a->name);
    }
    buf_reset(&w->out.questions);
}

static void say_message(enum message_kind kind, struct span body)
{
    if (kind == MESSAGE_HOST_WANT) {
        struct message_host_want m = message_get_host_want(body);
        say("  want %.*s for %.*s in %u, %s %u\n", TEXT(m.host), TEXT(m.domain), m.block,
            m.dial ? "dial" : "addresses alone, not", m.addresses_max);
    } else if (kind == MESSAGE_POLICY_WANT) {
        struct message_policy_want m = message_get_policy_want(body);
        say("  fetch from %.*s for %.*s at", TEXT(m.policy_host), TEXT(m.domain));
        while (m.addresses.len > 0) {
            char text[NET_ADDR_TEXT_MAX];
            struct net_addr a = codec_get_addr(&m.addresses);
            (void)net_addr_format(&a, text);
            say(" %s", text);
        }
        say("\n");
    } else {
        cr_assert_eq(kind, MESSAGE_CHAIN_NEW);
        say("  judge list %u\n", message_get_chain_new(body).chain_id.at[0]);
    }
}

static void say_messages(struct buf *messages)
{
    struct span in = buf_span(messages);
    enum message_kind kind;
    for (struct span body; message_next(&in, &kind, &body);) {
        say_message(kind, body);
    }
    buf_reset(messages);
}

static const char *ending_word(enum account_class ending)
{
    static const char *const words[] = {
        [ACCOUNT_TESTED] = "tested",       [ACCOUNT_INVALID] = "invalid",
        [ACCOUNT_DUPLICATE] = "duplicate", [ACCOUNT_BLOCKLISTED] = "blocklisted",
        [ACCOUNT_NO_MAIL] = "no mail",     [ACCOUNT_DNS_FAILED] = "dns failed"};
    bool known = (size_t)ending < sizeof(words) / sizeof(words[0]) && words[ending] != NULL;
    return known ? words[ending] : "other";
}

static void say_commands(struct world *w)
{
    for (size_t i = 0; i < WORKERS; i++) {
        say_messages(&w->to_worker[i]);
    }
    say_messages(&w->to_policies);
    say_messages(&w->to_judge[0]);
    say_questions(w);
    for (struct span in = buf_span(&w->out.settled); in.len > 0;) {
        say("  settled in %u\n", codec_get_u32(&in));
    }
    for (struct span in = buf_span(&w->out.finished); in.len > 0;) {
        struct finished_line line;
        codec_get_octets(&in, &line, sizeof(line));
        say("  row of line %llu: %s\n", (unsigned long long)line.input_line,
            ending_word(line.ending));
    }
    buf_reset(&w->out.settled);
    buf_reset(&w->out.finished);
    uint64_t strays = w->owner.strays + w->chains.strays;
    if (strays > w->strays) {
        say("  stray\n");
        w->strays = strays;
    }
}

/* --- events --------------------------------------------------------------------------------- */

static void line_event(struct world *w, char *const *word, size_t count)
{
    struct message_domain m = {.input_line = (uint64_t)atoll(word[1]), .input = span_of(word[2])};
    if (strcmp(word[2], "invalid") == 0) {
        m.invalid = span_of(word[3]);
    } else {
        m.domain = span_of(word[2]);
        m.block = count > 4 ? (uint32_t)atoi(word[4]) : 0;
    }
    domain_on_line(&w->owner, &m);
}

static uint64_t take_question(struct world *w, uint16_t type, const char *name)
{
    for (size_t i = 0; i < w->asked_count; i++) {
        if (w->asked[i].type == type && strcmp(w->asked[i].name, name) == 0) {
            uint64_t tag = w->asked[i].tag;
            w->asked[i] = w->asked[--w->asked_count];
            return tag;
        }
    }
    cr_assert_fail("nobody asked %s %s", type_word(type), name);
    return 0;
}

/* One field of an answer, of up to two words. @return how many */
static size_t add_data(char *const *word, uint16_t type, struct dns_rr *rr)
{
    *rr = (struct dns_rr){.type = type};
    switch (type) {
    case DNS_TYPE_MX:
        rr->mx.preference = (uint16_t)atoi(word[0]);
        rr->mx.exchange = span_of(word[1]);
        return 2;
    case DNS_TYPE_TXT:
        rr->text = span_of(word[0]);
        return 1;
    case DNS_TYPE_NS:
        rr->name = span_of(word[0]);
        return 1;
    default:
        cr_assert(net_addr_parse(span_of(word[0]), &rr->address), "no address '%s'", word[0]);
        return 1;
    }
}

static void answer_event(struct world *w, char *const *word, size_t count)
{
    struct dns_rr rr[SCENARIO_WORDS_MAX];
    struct span cname[SCENARIO_WORDS_MAX];
    uint16_t type = type_of(word[1]);
    struct dns_answer answer = {
        .seen = {.state = dns_state_of(word[3])}, .rrs = rr, .cnames = cname, .asked = 1};
    for (size_t i = 4; i < count;) {
        if (strcmp(word[i], "alias") == 0) {
            cname[answer.cname_count++] = span_of(word[i + 1]);
            i += 2;
        } else {
            i += add_data(&word[i], type, &rr[answer.rr_count++]);
        }
    }
    domain_on_answer(&w->owner, take_question(w, type, word[2]), &answer);
}

static void host_event(struct world *w, char *const *word, size_t count)
{
    if (strcmp(word[0], "resolved") == 0) {
        struct message_host_resolved m = {.domain = span_of(word[1]), .host = span_of(word[2])};
        domain_on_host_resolved(&w->owner, &m);
        return;
    }
    uint8_t state = count > 3 ? dns_state_of(word[3]) : DNS_DATA;
    struct message_host_done m = {.domain = span_of(word[1]), .host = span_of(word[2])};
    m.result.a_state = state;
    m.result.aaaa_state = state == DNS_DATA ? DNS_NODATA : state;
    m.result.address_count = count > 4 ? (uint16_t)atoi(word[4]) : state == DNS_DATA;
    domain_on_host_done(&w->owner, &m);
}

static void policy_event(struct world *w, char *const *word, size_t count)
{
    struct seen_policy seen = {.outcome = fetch_of(word[2]), .tls_ms = -1, .total_ms = -1};
    struct buf fetched = BUF_INIT(BUF_NO_LIMIT);
    if (count > 4) {
        seen.tls_attempted = true;
        seen.tls.cert_count = 1;
        seen.tls.chain_id[0] = (uint8_t)atoi(word[4]);
        seen.tls.list = SPAN_LIT("list");
    }
    policy_fetched_put(&fetched, &seen);
    struct message_policy_done m = {.domain = span_of(word[1]), .fetched = buf_span(&fetched)};
    domain_on_policy_done(&w->owner, &m);
    buf_deinit(&fetched);
}

static void verdict_event(struct world *w, char *const *word)
{
    uint8_t id[32] = {(uint8_t)atoi(word[1])};
    struct message_chain_known m = {.chain_id = {id, sizeof(id)},
                                    .brief = {.status = CHAIN_TRUSTED}};
    const struct chain_waiter *waiters = NULL;
    struct chain_brief verdict;
    uint32_t count = known_chains_take(&w->chains, &m, &waiters, &verdict);
    for (uint32_t i = 0; i < count; i++) {
        domain_on_verdict(&w->owner, waiters[i].index, verdict);
    }
}

static void on_given_up(void *arg, struct span policy_host)
{
    (void)arg;
    say("  given up: %.*s\n", TEXT(policy_host));
}

static void run_event(void *world, char *const *word, size_t count)
{
    struct world *w = world;
    if (strcmp(word[0], "block") == 0) {
        cr_assert_null(blocklist_add_line(w->blocklist, span_of(word[1])));
    } else if (strcmp(word[0], "implicit") == 0) {
        w->owner.rules.implicit_mx_dial = true;
    } else if (strcmp(word[0], "line") == 0) {
        line_event(w, word, count);
    } else if (strcmp(word[0], "answer") == 0) {
        answer_event(w, word, count);
    } else if (strcmp(word[0], "resolved") == 0 || strcmp(word[0], "done") == 0) {
        host_event(w, word, count);
    } else if (strcmp(word[0], "policy") == 0) {
        policy_event(w, word, count);
    } else if (strcmp(word[0], "verdict") == 0) {
        verdict_event(w, word);
    } else {
        cr_assert_str_eq(word[0], "give", "no event");
        domain_give_up_policies(&w->owner, on_given_up, w);
    }
    say_commands(w);
}

static const struct scenario_form form = {
    .file = "domain_scenarios.txt", .init = world_init, .deinit = world_deinit, .event = run_event};

Test(domain_owner, scenarios)
{
    static struct world w;
    hash_secret_init();
    size_t count = scenarios_run(&form, &w);
    cr_assert_geq(count, 20, "%zu scenarios were read", count);
}
