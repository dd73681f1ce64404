#include "tests/unit/owners/stage.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/flow/message_check.h"

#define DATA_MAX 32 /* octets of a TLSA record */

struct buf *stage_rows;

/* --- values, by their words ----------------------------------------------------------------- */

static const struct {
    const char *word;
    uint16_t type;
} types[] = {{"MX", DNS_TYPE_MX},       {"TXT", DNS_TYPE_TXT},   {"NS", DNS_TYPE_NS},
             {"A", DNS_TYPE_A},         {"AAAA", DNS_TYPE_AAAA}, {"TLSA", DNS_TYPE_TLSA},
             {"CNAME", DNS_TYPE_CNAME}, {"PTR", DNS_TYPE_PTR}};

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

uint8_t stage_dns_state(const char *word)
{
    for (int s = 0; s < DNS_STATE_COUNT; s++) {
        if (strcmp(dns_state_word((enum dns_state)s), word) == 0) {
            return (uint8_t)s;
        }
    }
    cr_assert_fail("no state of DNS '%s'", word);
    return 0;
}

enum session_outcome stage_outcome(const char *word)
{
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        if (strcmp(outcome_info((enum session_outcome)o)->word, word) == 0) {
            return (enum session_outcome)o;
        }
    }
    cr_assert_fail("no outcome '%s'", word);
    return OUTCOME_NOT_TESTED;
}

struct net_addr stage_address(const char *text)
{
    struct net_addr a;
    cr_assert(net_addr_parse(span_of(text), &a), "no address '%s'", text);
    return a;
}

static const char *ending_word(enum account_class ending)
{
    static const char *const words[] = {
        [ACCOUNT_TESTED] = "tested",        [ACCOUNT_INVALID] = "invalid",
        [ACCOUNT_DUPLICATE] = "duplicate",  [ACCOUNT_BLOCKLISTED] = "blocklisted",
        [ACCOUNT_NO_MAIL] = "no mail",      [ACCOUNT_DNS_FAILED] = "dns failed",
        [ACCOUNT_NOT_TESTED] = "not tested"};
    bool known = (size_t)ending < sizeof(words) / sizeof(words[0]) && words[ending] != NULL;
    return known ? words[ending] : "other";
}

/* --- the stage ------------------------------------------------------------------------------ */

void stage_init(struct stage *s, void *owner, stage_answer_fn *answer)
{
    static const uint16_t ports[] = {25};
    *s = (struct stage){.owner = owner,
                        .answer = answer,
                        .blocklist = blocklist_new(),
                        .issuer_hosts = issuer_hosts_new(),
                        .book = fact_book_new(FACTS_NO_BOUND)};
    counts_init(&s->counts, ports, 1);
    s->budget.octets = 1U << 24;
    spool_init(&s->spool, &s->budget);
    row_sink_init(&s->rows, true, false, false);
    recorder_init(&s->recorder, &s->rows, &s->terms, &s->counts, s->issuer_hosts, s->book,
                  KEY_STORE_NO_BOUND);
    owner_out_init(&s->out);
    for (size_t i = 0; i < STAGE_WORKERS; i++) {
        s->to_worker[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    s->to_judge[0] = BUF_INIT(BUF_NO_LIMIT);
    s->to_policies = BUF_INIT(BUF_NO_LIMIT);
    s->state = BUF_INIT(BUF_NO_LIMIT);
    s->state_before = BUF_INIT(BUF_NO_LIMIT);
    s->out.division = (struct division){.parts = STAGE_WORKERS, .count = STAGE_WORKERS};
    s->out.judge_count = 1;
    s->out.to_worker = s->to_worker;
    s->out.to_judge = s->to_judge;
    s->out.to_policies = &s->to_policies;
    s->out.recorder = &s->recorder;
}

static void keep_rows(const struct row_sink_table *t)
{
    if (stage_rows != NULL) {
        buf_put(stage_rows, buf_span(&t->ndjson));
    }
}

void stage_deinit(struct stage *s)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        keep_rows(&s->rows.table[i]);
    }
    spool_deinit(&s->spool);
    owner_out_deinit(&s->out);
    recorder_deinit(&s->recorder);
    row_sink_deinit(&s->rows);
    counts_deinit(&s->counts);
    issuer_hosts_free(s->issuer_hosts);
    fact_book_free(s->book);
    for (size_t i = 0; i < STAGE_WORKERS; i++) {
        buf_deinit(&s->to_worker[i]);
    }
    buf_deinit(&s->to_judge[0]);
    buf_deinit(&s->to_policies);
    buf_deinit(&s->state);
    buf_deinit(&s->state_before);
    arena_pool_deinit(&s->arenas);
    blocklist_free(s->blocklist);
}

/* --- commands ------------------------------------------------------------------------------- */

static void say_questions(struct stage *s)
{
    struct owner_question q;
    for (struct span in = buf_span(&s->out.questions); owner_question_next(&in, &q);) {
        cr_assert_lt(s->asked_count, sizeof(s->asked) / sizeof(s->asked[0]));
        struct stage_question *a = &s->asked[s->asked_count++];
        a->type = q.type;
        a->tag = q.tag;
        (void)snprintf(a->name, sizeof(a->name), "%.*s", TEXT(q.name));
        say("  ask %s %s\n", type_word(q.type), a->name);
    }
    buf_reset(&s->out.questions);
}

/* @param port 0: none; 25 goes without saying */
static void say_address(const struct net_addr *a, uint16_t port)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(a, text);
    say(port != 0 && port != 25 ? "%s port %u" : "%s", text, port);
}

/* A message lies with the owner of its key. */
static void expect_owner(const struct buf *messages, const struct buf *owner)
{
    cr_expect_eq(messages, owner, "a message for another worker");
}

static void say_host_want(const struct stage *s, const struct buf *messages, struct span body)
{
    struct message_host_want m = message_get_host_want(body);
    expect_owner(messages, out_to_name(&s->out, m.host));
    say("  want %.*s for %.*s in %u, %s %u\n", TEXT(m.host), TEXT(m.domain), m.block,
        m.dial ? "dial" : "addresses alone, not", m.addresses_max);
}

static void say_policy_want(struct span body)
{
    struct message_policy_want m = message_get_policy_want(body);
    say("  fetch from %.*s for %.*s at", TEXT(m.policy_host), TEXT(m.domain));
    while (m.addresses.len > 0) {
        struct net_addr a = codec_get_addr(&m.addresses);
        say(" ");
        say_address(&a, 0);
    }
    say("\n");
}

static void say_address_want(const struct stage *s, const struct buf *messages, struct span body)
{
    struct message_address_want m = message_get_address_want(body);
    expect_owner(messages, out_to_address(&s->out, &m.address));
    say("  %s %.*s at ", m.ahead ? "ahead" : "dial", TEXT(m.host));
    say_address(&m.address, m.port);
    say(" in %u", m.block);
    if (m.tlsa_base.len > 0) {
        say(", TLSA of %.*s", TEXT(m.tlsa_base));
    }
    while (m.tlsas.len > 0) {
        struct seen_tlsa t = codec_get_tlsa(&m.tlsas);
        say(" %u %u %u", t.usage, t.selector, t.matching);
    }
    say("\n");
}

static void say_address_perhaps(const struct stage *s, const struct buf *messages, struct span body)
{
    struct message_address_perhaps m = message_get_address_perhaps(body);
    expect_owner(messages, out_to_address(&s->out, &m.address));
    say("  perhaps %.*s at ", TEXT(m.host));
    say_address(&m.address, m.port);
    say("\n");
}

static void say_host_late(const struct stage *s, const struct buf *messages, struct span body)
{
    struct message_host_late m = message_get_host_late(body);
    expect_owner(messages, out_to_name(&s->out, m.domain));
    say("  late %.*s for %.*s: in %u\n", TEXT(m.host), TEXT(m.domain), m.block);
}

static void say_host_resolved(const struct stage *s, const struct buf *messages, struct span body)
{
    struct message_host_resolved m = message_get_host_resolved(body);
    expect_owner(messages, out_to_name(&s->out, m.domain));
    say("  resolved %.*s for %.*s\n", TEXT(m.host), TEXT(m.domain));
}

static void say_host_done(const struct stage *s, const struct buf *messages, struct span body)
{
    struct message_host_done m = message_get_host_done(body);
    expect_owner(messages, out_to_name(&s->out, m.domain));
    struct host_result *r = &m.result;
    say("  done %.*s for %.*s: a %s, aaaa %s, addresses %u%s%s", TEXT(m.host), TEXT(m.domain),
        dns_state_word((enum dns_state)r->a_state), dns_state_word((enum dns_state)r->aaaa_state),
        r->address_count, r->blocklisted ? ", blocklisted" : "", r->truncated ? ", truncated" : "");
    if (r->dane_host != DANE_HOST_UNKNOWN) {
        say(", dane %s", dane_host_word((enum dane_host)r->dane_host));
    }
    for (size_t i = 0; i < r->endpoint_count; i++) {
        struct endpoint_brief b = codec_get_brief(&r->endpoints);
        say("; ");
        say_address(&b.address, b.port);
        say(" %s%s",
            b.outcome == OUTCOME_NOT_TESTED ? not_tested_word((enum not_tested_reason)b.not_tested)
                                            : outcome_info((enum session_outcome)b.outcome)->word,
            b.mapped ? " mapped" : "");
    }
    say("\n");
}

static void say_name_checked(const struct stage *s, const struct buf *messages, struct span body)
{
    struct message_name_checked m = message_get_name_checked(body);
    expect_owner(messages, out_to_address(&s->out, &m.address));
    say("  checked %.*s at ", TEXT(m.name));
    say_address(&m.address, 0);
    say(": %s%s\n", dns_state_word((enum dns_state)m.state), m.confirmed ? ", confirmed" : "");
}

static void say_endpoint_done(const struct stage *s, const struct buf *messages, struct span body)
{
    char text[NET_ADDR_TEXT_MAX];
    struct message_endpoint_done m = message_get_endpoint_done(body);
    expect_owner(messages, out_to_name(&s->out, m.host));
    (void)net_addr_format(&m.brief.address, text);
    say("  tell %.*s of %s|%u: %s", TEXT(m.host), text, m.brief.port,
        outcome_info((enum session_outcome)m.brief.outcome)->word);
    say("%s%s\n", m.brief.inherited ? ", inherited" : "",
        m.brief.not_tested == NOT_TESTED_ADDRESS_BUDGET ? ", over budget" : "");
}

static void say_name_check(const struct stage *s, const struct buf *messages, struct span body)
{
    char text[NET_ADDR_TEXT_MAX];
    struct message_name_check m = message_get_name_check(body);
    expect_owner(messages, out_to_name(&s->out, m.name));
    (void)net_addr_format(&m.address, text);
    say("  check %.*s for %s\n", TEXT(m.name), text);
}

/* Each message has the same words in the scenarios of all owners. */
static void say_message(const struct stage *s, const struct buf *messages, enum message_kind kind,
                        struct span body)
{
    if (kind == MESSAGE_HOST_WANT) {
        say_host_want(s, messages, body);
    } else if (kind == MESSAGE_HOST_LATE) {
        say_host_late(s, messages, body);
    } else if (kind == MESSAGE_HOST_RESOLVED) {
        say_host_resolved(s, messages, body);
    } else if (kind == MESSAGE_HOST_DONE) {
        say_host_done(s, messages, body);
    } else if (kind == MESSAGE_ADDRESS_WANT) {
        say_address_want(s, messages, body);
    } else if (kind == MESSAGE_ADDRESS_PERHAPS) {
        say_address_perhaps(s, messages, body);
    } else if (kind == MESSAGE_NAME_CHECKED) {
        say_name_checked(s, messages, body);
    } else if (kind == MESSAGE_POLICY_WANT) {
        say_policy_want(body);
    } else if (kind == MESSAGE_ENDPOINT_DONE) {
        say_endpoint_done(s, messages, body);
    } else if (kind == MESSAGE_NAME_CHECK) {
        say_name_check(s, messages, body);
    } else if (kind == MESSAGE_PERMIT_GRANT) {
        say("  permit %llu\n", (unsigned long long)message_get_permit_grant(body).fetch);
    } else {
        cr_assert_eq(kind, MESSAGE_CHAIN_NEW, "no words for message %d", (int)kind);
        say("  judge list %u\n", message_get_chain_new(body).chain_id.at[0]);
    }
}

/* Of a host the row tells its name: what it comes to is in HOST_DONE. */
static void say_host_rows(struct stage *s)
{
    static const char key[] = "\"host\":\"";
    struct row_sink_table *t = &s->rows.table[TABLE_HOSTS];
    buf_put(&t->ndjson, (struct span){(const uint8_t *)"", 1});
    const char *at = (const char *)t->ndjson.at;
    keep_rows(t);
    for (uint64_t i = 0; i < t->rows; i++) {
        at = strstr(at, key);
        cr_assert_not_null(at);
        at += strlen(key);
        say("  row of host %.*s\n", (int)strcspn(at, "\""), at);
    }
    buf_reset(&t->ndjson);
    t->rows = 0;
}

static void say_messages(const struct stage *s, struct buf *messages)
{
    struct span in = buf_span(messages);
    enum message_kind kind;
    for (struct span body; message_next(&in, &kind, &body);) {
        say_message(s, messages, kind, body);
    }
    buf_reset(messages);
}

/* --- state of a fleet ----------------------------------------------------------------------- */

static void say_known_name(struct span body)
{
    struct message_known_name m = message_get_known_name(body);
    say("  state name %.*s at ", TEXT(m.host));
    say_address(&m.address, m.port);
    say(" in %u\n", m.block);
}

static void say_known_place(const char *what, const struct net_addr *address, uint16_t port)
{
    say("  state %s ", what);
    say_address(address, port);
    say("\n");
}

static void say_state(enum message_kind kind, struct span body)
{
    if (kind == MESSAGE_KNOWN_DOMAIN) {
        struct message_known_domain m = message_get_known_domain(body);
        say("  state line %llu%s%.*s\n", (unsigned long long)m.input_line,
            m.domain.len > 0 ? " " : "", TEXT(m.domain));
    } else if (kind == MESSAGE_KNOWN_RESOLVED) {
        struct message_known_resolved m = message_get_known_resolved(body);
        say("  state resolved %.*s in %u\n", TEXT(m.host), m.block);
    } else if (kind == MESSAGE_KNOWN_HOST) {
        say("  state host %.*s\n", TEXT(message_get_known_host(body).host));
    } else if (kind == MESSAGE_KNOWN_SERVICE) {
        struct message_known_service m = message_get_known_service(body);
        say_known_place("service", &m.address, m.port);
    } else if (kind == MESSAGE_KNOWN_SPEAKER) {
        struct message_known_speaker m = message_get_known_speaker(body);
        say_known_place("speaker at", &m.address, m.port);
    } else {
        cr_assert_eq(kind, MESSAGE_KNOWN_NAME, "no state: %d", (int)kind);
        say_known_name(body);
    }
}

static void say_states(struct stage *s)
{
    struct span in = buf_span(&s->state);
    enum message_kind kind;
    for (struct span body; stage_next_state(&in, &kind, &body);) {
        say_state(kind, body);
    }
    buf_put(&s->state_before, buf_span(&s->state));
    buf_reset(&s->state);
}

bool stage_next_state(struct span *in, enum message_kind *kind, struct span *body)
{
    struct span before = *in;
    if (!message_next(in, kind, body)) {
        return false;
    }
    struct span whole = {before.at, before.len - in->len};
    cr_assert_eq(message_check(whole, kind, body), MESSAGE_SOUND, "%d", (int)*kind);
    return true;
}

void stage_take_over(struct stage *s)
{
    for (size_t i = 0; i < STAGE_WORKERS; i++) {
        buf_reset(&s->to_worker[i]);
    }
    s->asked_count = 0;
    s->strays = 0;
}

/* -------------------------------------------------------------------------------------------- */

void stage_say_commands(struct stage *s, uint64_t strays)
{
    say_states(s);
    for (size_t i = 0; i < STAGE_WORKERS; i++) {
        say_messages(s, &s->to_worker[i]);
    }
    say_messages(s, &s->to_policies);
    say_messages(s, &s->to_judge[0]);
    say_questions(s);
    for (struct span in = buf_span(&s->out.settled); in.len > 0;) {
        say("  settled in %u\n", codec_get_u32(&in));
    }
    for (struct span in = buf_span(&s->out.holds); in.len > 0;) {
        struct block_hold hold;
        codec_get_octets(&in, &hold, sizeof(hold));
        say("  %s %u\n", hold.ends ? "releases" : "holds", hold.block);
    }
    for (struct span in = buf_span(&s->out.finished); in.len > 0;) {
        struct finished_line line;
        codec_get_octets(&in, &line, sizeof(line));
        say("  row of line %llu: %s\n", (unsigned long long)line.input_line,
            ending_word(line.ending));
    }
    buf_reset(&s->out.settled);
    buf_reset(&s->out.holds);
    buf_reset(&s->out.finished);
    say_host_rows(s);
    if (strays > s->strays) {
        say("  stray\n");
        s->strays = strays;
    }
}

/* --- answers of DNS ------------------------------------------------------------------------- */

static size_t find_question(const struct stage *s, uint16_t type, const char *name)
{
    size_t i = 0;
    while (i < s->asked_count &&
           (s->asked[i].type != type || strcmp(s->asked[i].name, name) != 0)) {
        i++;
    }
    cr_assert_lt(i, s->asked_count, "nobody asked %s %s", type_word(type), name);
    return i;
}

uint64_t stage_question_of(const struct stage *s, const char *type, const char *name)
{
    return s->asked[find_question(s, type_of(type), name)].tag;
}

static uint64_t take_question(struct stage *s, uint16_t type, const char *name)
{
    size_t i = find_question(s, type, name);
    uint64_t tag = s->asked[i].tag;
    s->asked[i] = s->asked[--s->asked_count];
    return tag;
}

static struct span tlsa_data(const char *hex, uint8_t octets[DATA_MAX])
{
    size_t len = strlen(hex) / 2;
    cr_assert_leq(len, DATA_MAX);
    for (size_t i = 0; i < len; i++) {
        char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        octets[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return (struct span){octets, len};
}

/* One field of an answer. @return of how many words */
static size_t add_data(char *const *word, uint16_t type, struct dns_rr *rr,
                       uint8_t octets[DATA_MAX])
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
    case DNS_TYPE_TLSA:
        rr->tlsa.usage = (uint8_t)atoi(word[0]);
        rr->tlsa.selector = (uint8_t)atoi(word[1]);
        rr->tlsa.matching = (uint8_t)atoi(word[2]);
        rr->tlsa.data = tlsa_data(word[3], octets);
        return 4;
    case DNS_TYPE_NS:
    case DNS_TYPE_CNAME:
    case DNS_TYPE_PTR:
        rr->name = span_of(word[0]);
        return 1;
    default:
        rr->address = stage_address(word[0]);
        return 1;
    }
}

static void answer_event(struct stage *s, char *const *word, size_t count)
{
    struct dns_rr rr[SCENARIO_WORDS_MAX];
    uint8_t octets[SCENARIO_WORDS_MAX][DATA_MAX];
    struct span cname[SCENARIO_WORDS_MAX];
    uint16_t type = type_of(word[1]);
    struct dns_answer answer = {
        .seen = {.state = stage_dns_state(word[3])}, .rrs = rr, .cnames = cname, .asked = 1};
    for (size_t i = 4; i < count;) {
        if (strcmp(word[i], "secure") == 0) {
            answer.seen.ad = true;
            i++;
        } else if (strcmp(word[i], "alias") == 0) {
            cname[answer.cname_count++] = span_of(word[i + 1]);
            i += 2;
        } else {
            size_t at = answer.rr_count++;
            i += add_data(&word[i], type, &rr[at], octets[at]);
        }
    }
    s->answer(s->owner, take_question(s, type, word[2]), &answer);
}

bool stage_event(struct stage *s, char *const *word, size_t count)
{
    if (strcmp(word[0], "block") == 0) {
        cr_assert_null(blocklist_add_line(s->blocklist, span_of(word[1])));
        return true;
    }
    if (strcmp(word[0], "fleet") == 0) {
        s->out.state = &s->state;
        return true;
    }
    if (strcmp(word[0], "answer") == 0) {
        answer_event(s, word, count);
        return true;
    }
    return false;
}
