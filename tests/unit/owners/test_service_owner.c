/**
 * What happens to the owner of services in service_scenarios.txt (scenario.h and stage.h tell the form):
 *
 *     rule NAME VALUE           (before the first event) rate, address, network, operator, sessions, line, names: limits;
 *                               retries; retry_pause and tempfail_pause in milliseconds;
 *                               no_sni, short, sni, versions, ciphers, other_key: 0 or 1. At first no_sni and sni
 *     rule remembered ADDRESS SLOWER
 *                               it turned us away on an earlier night
 *     want HOST at ADDRESS [port N] [in BLOCK] [base NAME] [ahead 1]
 *     perhaps HOST at ADDRESS   it may be wanted when its block closes
 *     ahead BLOCK more N        of its names and those before it all are here but N
 *     close BLOCK
 *     checked ADDRESS NAME yes|no
 *     queued N                  the lease that was asked for with the number has to wait
 *     grant N | grant foreign   it comes
 *     end N OUTCOME [leaf N] [list N] [suite N] [inside CODE]
 *                               of the session that was dialled as number N; leaf: its certificate; list: a
 *                               chain, the leaf's number if not given; suite: chosen in answer to a hello;
 *                               inside: of the reply to EHLO inside TLS, 250 if not given
 *     verdict LIST              of the judges
 *     fetch N at ADDRESS | fetched N at ADDRESS
 *                               a permit is asked for, and returned
 *     give up fetches           the policy thread does not answer
 *     lose IPV                  4 or 6: our own network does not come back
 *     place ADDRESS [idle N] | given ADDRESS
 *                               wanted for a session beside; N visits there hold one without a connection; and back
 *     anew N                    session N is to begin anew
 *     connects N [MS]           the connect() of session N, now and not when it was dialled, by a clock MS ahead
 *     pass MS                   time
 *     lost                      of a fleet: somebody else takes over, with the state that was said
 *     known service ADDRESS OUTCOME | known visit ADDRESS OUTCOME [again] | known name HOST at ADDRESS in BLOCK
 *                               of a scan that goes on: they have their rows
 *     night                     it is over: says the lines of --memory, without times
 *     waits                     how long what waits there takes
 *     stop
 *
 * Commands, beside those of stage.h: "dial N ADDRESS|PORT [HOST] [short]", "row ADDRESS|PORT OUTCOME of N", the service's
 * and how many names lead there; "row HOST ADDRESS|PORT OUTCOME of N", an endpoint's and its attempts, "inferred"
 * where another name speaks for it.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/owners/night.h"
#include "scanner/owners/service_owner.h"
#include "scanner/owners/waiting_time.h"
#include "tests/unit/owners/stage.h"

#define SESSIONS 64
#define START_MS 1000000

static uint32_t names_max; /* that wait, in memory */

/* Of "rule infer listed" and "rule infer all". */
static const char operators_csv[] = "wildcard,operator,source,date\n"
                                    "*.shared.test,one,https://shared.test/,2026-11-29\n";

struct service_world {
    struct stage stage;
    struct shared_operators operators;
    struct public_suffixes *suffixes;
    struct known_chains chains;
    struct wheel wheel;
    struct service_rules rules;
    struct buf memory; /* the text; empty: nothing is remembered */
    struct remembered remembered;
    bool begun; /* the rules are read */
    struct service_owner owner;
    struct owner_dial dialled[SESSIONS + 1]; /* from 1 */
    size_t dialled_count;
    struct lease leases[SESSIONS + 1]; /* from 1, as asked for */
    size_t lease_count;
};

static void answer_service(void *owner, uint64_t tag, const struct dns_answer *answer)
{
    service_on_answer(owner, tag, answer);
}

static void service_world_init(void *world)
{
    struct service_world *w = world;
    *w = (struct service_world){.suffixes = public_suffixes_load(NULL),
                                .memory = BUF_INIT(BUF_NO_LIMIT)};
    stage_init(&w->stage, &w->owner, answer_service);
    known_chains_init(&w->chains);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(shared_operators_parse(&w->operators, SPAN_LIT(operators_csv), "list", &why));
    wheel_init(&w->wheel, START_MS, 1);
    w->rules = (struct service_rules){.suffixes = w->suffixes,
                                      .first_port = 25,
                                      .shared_operators = &w->operators,
                                      .probes = {.sni = true, .no_sni = true},
                                      .sessions_max = SESSIONS,
                                      .names_max = names_max,
                                      .line_max = UINT32_MAX};
}

static void service_world_deinit(void *world)
{
    struct service_world *w = world;
    service_owner_deinit(&w->owner);
    remembered_deinit(&w->remembered);
    buf_deinit(&w->memory);
    known_chains_deinit(&w->chains);
    shared_operators_deinit(&w->operators);
    stage_deinit(&w->stage);
    public_suffixes_free(w->suffixes);
}

static void begin(struct service_world *w)
{
    if (!w->begun) {
        w->begun = true;
        if (w->memory.len > 0) {
            struct buf why = BUF_INIT(BUF_NO_LIMIT);
            size_t dropped = 0;
            cr_assert(
                remembered_parse(&w->remembered, buf_span(&w->memory), "memory", &dropped, &why));
            w->rules.remembered = &w->remembered;
        }
        service_owner_init(&w->owner, &w->rules, &w->stage.out, &w->chains, &w->stage.arenas,
                           &w->stage.spool, &w->wheel);
        w->owner.now_ms = START_MS;
    }
}

/* --- commands ------------------------------------------------------------------------------- */

static void say_dials(struct service_world *w)
{
    for (struct span in = buf_span(&w->stage.out.dials); in.len > 0;) {
        struct owner_dial d;
        char text[NET_ADDR_TEXT_MAX];
        codec_get_octets(&in, &d, sizeof(d));
        cr_assert_lt(w->dialled_count, SESSIONS);
        w->dialled[++w->dialled_count] = d;
        (void)net_addr_format(&d.address, text);
        say("  dial %zu %s|%u", w->dialled_count, text, d.port);
        if (d.sni.len > 0) {
            say(" %.*s", TEXT(d.sni));
        }
        if (d.short_handshake) {
            say(" short");
        }
        if (d.hello_max_version != 0) {
            say(" hello %x", d.hello_max_version);
        }
        if (d.hello_suites.count > 0) {
            say(" suites");
        }
        if (d.key != HANDSHAKE_KEY_ANY) {
            say(" key %s", d.key == HANDSHAKE_KEY_RSA ? "rsa" : "ecdsa");
        }
        say("\n");
    }
    buf_reset(&w->stage.out.dials);
}

/* Takes them out of the outbox, which the stage says. */
static void say_leases(struct service_world *w)
{
    for (size_t i = 0; i < STAGE_WORKERS; i++) {
        struct buf others = BUF_INIT(BUF_NO_LIMIT);
        struct span in = buf_span(&w->stage.to_worker[i]);
        enum message_kind kind;
        struct span body;
        for (struct span at = in; message_next(&in, &kind, &body); at = in) {
            if (kind == MESSAGE_LEASE_WANT) {
                struct lease lease = message_get_lease_want(body).lease;
                cr_assert_lt(w->lease_count, SESSIONS);
                say("  lease %zu of %.*s\n", ++w->lease_count, TEXT(lease.operator_name));
                lease.operator_name = SPAN_LIT("mx.test"); /* of all scenarios with a limit */
                w->leases[w->lease_count] = lease;
            } else if (kind == MESSAGE_LEASE_RETURN) {
                struct lease lease = message_get_lease_return(body).lease;
                size_t n = w->lease_count;
                while (n > 0 && w->leases[n].session != lease.session) {
                    n--;
                }
                say("  lease %zu back\n", n);
            } else {
                buf_put(&others, (struct span){at.at, (size_t)(in.at - at.at)});
            }
        }
        buf_deinit(&w->stage.to_worker[i]);
        w->stage.to_worker[i] = others;
    }
}

static struct span member(struct span row, const char *name)
{
    const char *at = memmem(row.at, row.len, name, strlen(name));
    cr_assert_not_null(at, "%s", name);
    at += strlen(name);
    return (struct span){(const uint8_t *)at, strcspn(at, "\",")};
}

static size_t count_text(struct span in, const char *text)
{
    size_t count = 0;
    const uint8_t *end = in.at + in.len;
    for (const uint8_t *at = in.at;
         (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL; at++) {
        count++;
    }
    return count;
}

static void say_rows(struct service_world *w, enum table_id table)
{
    struct row_sink_table *rows = &w->stage.rows.table[table];
    buf_put_char(&rows->ndjson, '\0');
    for (struct span in = {rows->ndjson.at, rows->ndjson.len - 1}; in.len > 0;) {
        struct span row = {in.at, (size_t)((const uint8_t *)memchr(in.at, '\n', in.len) - in.at)};
        in = (struct span){row.at + row.len + 1, in.len - row.len - 1};
        if (table == TABLE_SERVICES) {
            say("  row %.*s %.*s of %.*s\n", TEXT(member(row, "\"service\":\"")),
                TEXT(member(row, "\"outcome\":\"")), TEXT(member(row, "\"names_total\":")));
        } else {
            say("  row %.*s %.*s|25 %.*s of %zu%s%s\n", TEXT(member(row, "\"host\":\"")),
                TEXT(member(row, "\"address\":\"")), TEXT(member(row, "\"outcome\":\"")),
                count_text(row, "\"started\":"),
                count_text(row, "\"basis\":\"inferred\"") > 0 ? " inferred" : "",
                count_text(row, "\"unstable\":true") > 0 ? " unstable" : "");
        }
    }
    buf_reset(&rows->ndjson);
}

static void say_all(struct service_world *w)
{
    for (bool more = true; more;) {
        more = w->begun && service_go_on(&w->owner);
    }
    say_rows(w, TABLE_SERVICES);
    say_rows(w, TABLE_ENDPOINTS);
    say_leases(w);
    stage_say_commands(&w->stage, w->owner.strays + w->chains.strays);
    say_dials(w);
}

/* --- events --------------------------------------------------------------------------------- */

static void rule_event(struct service_world *w, char *const *word)
{
    struct service_rules *r = &w->rules;
    const struct {
        const char *name;
        uint32_t *limit;
        bool *probe;
    } rules[] = {{"address", &r->address_limit, NULL},
                 {"network", &r->network_limit, NULL},
                 {"operator", &r->operator_limit, NULL},
                 {"sessions", &r->sessions_max, NULL},
                 {"line", &r->line_max, NULL},
                 {"names", &r->names_per_address, NULL},
                 {"retries", &r->retries, NULL},
                 {"retry_pause", &r->retry_pause_ms, NULL},
                 {"tempfail_pause", &r->tempfail_pause_ms, NULL},
                 {"no_sni", NULL, &r->probes.no_sni},
                 {"short", NULL, &r->probes.no_sni_short},
                 {"sni", NULL, &r->probes.sni},
                 {"versions", NULL, &r->probes.versions},
                 {"wrong_sni", NULL, &r->probes.wrong_sni},
                 {"ciphers", NULL, &r->probes.ciphers},
                 {"other_key", NULL, &r->probes.other_key}};
    if (strcmp(word[1], "infer") == 0) {
        unsigned infer = INFER_OFF;
        cr_assert(vocabulary_find(&infer_vocabulary, span_of(word[2]), &infer));
        r->infer = infer;
        return;
    }
    if (strcmp(word[1], "remembered") == 0) {
        buf_put_text(&w->memory, w->memory.len == 0 ? "mxcensus-memory 1\n" : "");
        buf_putf(&w->memory, "address %s %s 1 2026-11-28T22:00:00Z 2026-11-28T22:00:00Z tempfail\n",
                 word[2], word[3]);
        return;
    }
    if (strcmp(word[1], "rate") == 0) {
        r->address_rate = atoi(word[2]);
        return;
    }
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (strcmp(rules[i].name, word[1]) == 0) {
            if (rules[i].limit != NULL) {
                *rules[i].limit = (uint32_t)atoi(word[2]);
            } else {
                *rules[i].probe = atoi(word[2]) != 0;
            }
            return;
        }
    }
    cr_assert_fail("no rule '%s'", word[1]);
}

static const char *value_of(char *const *word, size_t count, const char *name)
{
    for (size_t i = 1; i + 1 < count; i++) {
        if (strcmp(word[i], name) == 0) {
            return word[i + 1];
        }
    }
    return NULL;
}

static uint32_t number_of(char *const *word, size_t count, const char *name, uint32_t otherwise)
{
    const char *value = value_of(word, count, name);
    return value != NULL ? (uint32_t)atoi(value) : otherwise;
}

static void want_event(struct service_world *w, char *const *word, size_t count)
{
    const char *base = value_of(word, count, "base");
    struct message_address_want m = {.block = number_of(word, count, "in", 0),
                                     .ahead = number_of(word, count, "ahead", 0) != 0,
                                     .host = span_of(word[1]),
                                     .address = stage_address(word[3]),
                                     .port = (uint16_t)number_of(word, count, "port", 25),
                                     .tlsa_base = base != NULL ? span_of(base) : (struct span){0}};
    service_on_address_want(&w->owner, &m);
}

static void add_handshake(struct seen_session *seen, uint32_t leaf, uint32_t list)
{
    static uint8_t octets[] = {0, 0, 1, 0};
    octets[3] = (uint8_t)leaf;
    seen->tls_attempted = true;
    seen->tls.completed = true;
    seen->tls.version = 0x0304;
    seen->tls.cipher = 0x1301;
    seen->tls.signature_scheme = 0x0804; /* rsa_pss_rsae_sha256 */
    seen->tls.list = (struct span){octets, sizeof(octets)};
    seen->tls.cert_count = 1;
    seen->tls.chain_id[0] = (uint8_t)list;
    seen->tls.leaf_sha256[0] = (uint8_t)leaf;
}

static void end_event(struct service_world *w, char *const *word, size_t count)
{
    size_t n = (size_t)atoi(word[1]);
    cr_assert(n > 0 && n <= w->dialled_count, "session %zu was not dialled", n);
    const struct owner_dial *d = &w->dialled[n];
    struct seen_session seen = {.outcome = stage_outcome(word[2]), .sni = d->sni.len > 0};
    seen.started_unix_ms = 1;
    uint32_t leaf = number_of(word, count, "leaf", 0);
    uint32_t suite = number_of(word, count, "suite", 0);
    if (leaf > 0) {
        add_handshake(&seen, leaf, number_of(word, count, "list", leaf));
        seen.tls.short_flight = d->short_handshake;
        seen.smtp.reply[SMTP_STEP_EHLO_TLS].code =
            d->short_handshake ? 0 : (uint16_t)number_of(word, count, "inside", 250);
    }
    seen.tls_attempted |= d->hello_max_version == 0 && seen.outcome >= OUTCOME_TLS_TIMEOUT;
    if (d->hello_max_version != 0) {
        bool reached = seen.outcome == OUTCOME_ESTABLISHED || seen.outcome == OUTCOME_TLS_ALERT ||
                       seen.outcome == OUTCOME_TLS_NO_SHARED_VERSION ||
                       seen.outcome == OUTCOME_TLS_NO_SHARED_CIPHER;
        seen.hello = (struct seen_hello){.attempted = true,
                                         .max_version = d->hello_max_version,
                                         .answer = suite > 0 ? HELLO_ACCEPTED
                                                   : reached ? HELLO_REFUSED
                                                             : HELLO_NONE,
                                         .version = suite > 0 ? d->hello_max_version : 0,
                                         .cipher = (uint16_t)suite,
                                         .alert = suite > 0 ? -1 : 40};
    }
    service_on_session_end(&w->owner, d->visit, &seen);
}

static void verdict_event(struct service_world *w, char *const *word)
{
    uint8_t id[32] = {(uint8_t)atoi(word[1])};
    struct message_chain_known m = {.chain_id = {id, sizeof(id)},
                                    .brief = {.status = CHAIN_TRUSTED}};
    const struct chain_waiter *waiters = NULL;
    struct chain_brief verdict;
    uint32_t count = known_chains_take(&w->chains, &m, &waiters, &verdict);
    for (uint32_t i = 0; i < count; i++) {
        service_on_verdict(&w->owner, waiters[i].index, m.chain_id, verdict);
    }
}

static void grant_event(struct service_world *w, char *const *word)
{
    struct message_lease_grant m = {w->leases[atoi(word[1])]};
    if (strcmp(word[1], "foreign") == 0) {
        m.lease = (struct lease){.address = stage_address("192.0.2.1"),
                                 .port = 25,
                                 .session = 1ULL << 40,
                                 .operator_name = SPAN_LIT("mx.test")};
    }
    service_on_lease_grant(&w->owner, &m);
}

static void pass_event(struct service_world *w, char *const *word)
{
    struct wheel_timer *due = NULL;
    w->owner.now_ms += (uint64_t)atoi(word[1]);
    while ((due = wheel_turn(&w->wheel, w->owner.now_ms)) != NULL) {
        due->on_due(due);
    }
}

static bool has_word(char *const *word, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word[i], what) == 0) {
            return true;
        }
    }
    return false;
}

static void known_service(struct service_world *w, char *const *word, size_t count)
{
    struct buf session = BUF_INIT(BUF_NO_LIMIT);
    codec_put_session(&session, (struct seen_session){.outcome = stage_outcome(word[3])});
    struct message_known_service m = {.address = stage_address(word[2]),
                                      .port = 25,
                                      .ptr_state = DNS_NXDOMAIN,
                                      .session = buf_span(&session),
                                      .again = has_word(word, count, "again")};
    service_on_known(&w->owner, &m);
    buf_deinit(&session);
}

static void known_name(struct service_world *w, char *const *word, size_t count)
{
    struct seen_session session = {.outcome = stage_outcome(word[7])};
    uint32_t leaf = number_of(word, count, "leaf", 0);
    if (leaf > 0) {
        add_handshake(&session, leaf, leaf);
    }
    struct seen_endpoint seen = {.result = &session};
    struct group_result result = group_result_of(&seen, true);
    struct message_known_name m = {.address = stage_address(word[4]),
                                   .port = 25,
                                   .host = span_of(word[2]),
                                   .block = (uint32_t)atoi(word[6]),
                                   .turn = has_word(word, count, "inferred")    ? KNOWN_INFERRED
                                           : has_word(word, count, "inherited") ? KNOWN_INHERITED
                                           : session.outcome == OUTCOME_NOT_TESTED
                                               ? KNOWN_NOT_TESTED
                                               : KNOWN_DIALLED,
                                   .outcome = (uint8_t)session.outcome,
                                   .again = has_word(word, count, "again"),
                                   .has_chain = result.has_chain,
                                   .by_wildcard = result.by_wildcard,
                                   .tls_version = result.facts.tls_version,
                                   .chain_id = {result.facts.chain_id, 32},
                                   .facts = result.facts.facts};
    service_on_known_name(&w->owner, &m);
}

static void known_speaker(struct service_world *w, char *const *word, size_t count)
{
    struct buf attempts = BUF_INIT(BUF_NO_LIMIT);
    struct seen_session session = {.outcome = OUTCOME_ESTABLISHED, .started_unix_ms = 1};
    uint32_t leaf = number_of(word, count, "leaf", 1);
    for (int i = atoi(word[6]); i > 1; i--) {
        codec_put_session(&attempts, (struct seen_session){.outcome = OUTCOME_CONNECT_TIMEOUT,
                                                           .started_unix_ms = 1});
    }
    add_handshake(&session, leaf, leaf);
    codec_put_session(&attempts, session);
    struct message_known_speaker m = {.address = stage_address(word[4]),
                                      .port = 25,
                                      .host = span_of(word[2]),
                                      .attempt = (uint8_t)(atoi(word[6]) - 1),
                                      .attempts = buf_span(&attempts),
                                      .chain = {.status = CHAIN_TRUSTED}};
    service_on_known_speaker(&w->owner, &m);
    buf_deinit(&attempts);
}

/* Of a scan that goes on. */
static void known_event(struct service_world *w, char *const *word, size_t count)
{
    if (strcmp(word[1], "service") == 0) {
        known_service(w, word, count);
    } else if (strcmp(word[1], "name") == 0) {
        known_name(w, word, count);
    } else {
        known_speaker(w, word, count);
    }
}

static void hear_state(struct service_world *w)
{
    enum message_kind kind;
    struct span in = buf_span(&w->stage.state_before);
    for (struct span body; stage_next_state(&in, &kind, &body);) {
        if (kind == MESSAGE_KNOWN_SERVICE) {
            struct message_known_service m = message_get_known_service(body);
            service_on_known(&w->owner, &m);
        } else if (kind == MESSAGE_KNOWN_SPEAKER) {
            struct message_known_speaker m = message_get_known_speaker(body);
            service_on_known_speaker(&w->owner, &m);
        } else {
            struct message_known_name m = message_get_known_name(body);
            service_on_known_name(&w->owner, &m);
        }
    }
}

static void take_over(struct service_world *w)
{
    uint64_t now_ms = w->owner.now_ms;
    service_owner_deinit(&w->owner);
    known_chains_deinit(&w->chains);
    known_chains_init(&w->chains);
    wheel_init(&w->wheel, now_ms, 1);
    w->begun = false;
    begin(w);
    w->owner.now_ms = now_ms;
    stage_take_over(&w->stage);
    hear_state(w);
}

static void say_groups(struct service_world *w)
{
    service_finish_groups(&w->owner);
    for (uint32_t i = 0; i < w->owner.groups->count; i++) {
        struct seen_group g;
        bool has_row = certificate_group_see(w->owner.groups, i, &g);
        say("  group *.%.*s %s: dialled %u inferred %u", TEXT(g.parent), group_state_word(g.state),
            (unsigned)g.names_dialled, (unsigned)g.names_inferred);
        if (g.speaks.len > 0) {
            say(" by %.*s", TEXT(g.speaks));
        }
        for (uint64_t k = 0; k < g.contradictions && k < CONTRADICTIONS_KEPT; k++) {
            say(" but %.*s", TEXT(g.contradicted_by[k]));
        }
        say("%s\n", has_row ? "" : ", no row");
    }
}

static void night_event(struct service_world *w)
{
    struct remembered after;
    struct remembered_news news;
    const struct night *const nights[] = {w->owner.night};
    const int64_t began_s = 1795910400; /* 2026-11-29 */
    night_learn(&w->remembered, nights, 1, began_s, &after, &news);
    for (size_t i = 0; i < after.count; i++) {
        const struct remembered_entry *e = &after.entries[i];
        if (e->kind == REMEMBERED_ADDRESS) {
            char address[NET_ADDR_TEXT_MAX];
            (void)net_addr_format(&e->address, address);
            say("  remembered %s %u %s\n", address, 1U << e->halvings,
                reception_word((enum reception)e->why));
        } else {
            say("  remembered %.*s %u\n", TEXT(e->name), 1U << e->halvings);
        }
    }
    remembered_deinit(&after);
}

static void run_event(struct service_world *w, char *const *word, size_t count)
{
    if (strcmp(word[0], "want") == 0) {
        want_event(w, word, count);
    } else if (strcmp(word[0], "known") == 0) {
        known_event(w, word, count);
    } else if (strcmp(word[0], "lost") == 0) {
        take_over(w);
    } else if (strcmp(word[0], "groups") == 0) {
        say_groups(w);
    } else if (strcmp(word[0], "perhaps") == 0) {
        service_on_address_perhaps(
            &w->owner, &(struct message_address_perhaps){.host = span_of(word[1]),
                                                         .address = stage_address(word[3]),
                                                         .port = 25});
    } else if (strcmp(word[0], "ahead") == 0) {
        service_on_block_ahead(&w->owner, (uint32_t)atoi(word[1]),
                               number_of(word, count, "more", 0));
    } else if (strcmp(word[0], "close") == 0) {
        service_on_block_closed(&w->owner, (uint32_t)atoi(word[1]));
    } else if (strcmp(word[0], "checked") == 0) {
        struct message_name_checked m = {.address = stage_address(word[1]),
                                         .name = span_of(word[2]),
                                         .state = DNS_DATA,
                                         .confirmed = strcmp(word[3], "yes") == 0};
        service_on_name_checked(&w->owner, &m);
    } else if (strcmp(word[0], "queued") == 0) {
        struct message_lease_queued m = {w->leases[atoi(word[1])]};
        service_on_lease_queued(&w->owner, &m);
    } else if (strcmp(word[0], "grant") == 0) {
        grant_event(w, word);
    } else if (strcmp(word[0], "end") == 0) {
        end_event(w, word, count);
    } else if (strcmp(word[0], "verdict") == 0) {
        verdict_event(w, word);
    } else if (strcmp(word[0], "fetch") == 0) {
        struct message_permit_want m = {.address = stage_address(word[3]),
                                        .fetch = (uint64_t)atoll(word[1])};
        service_on_permit_want(&w->owner, &m);
    } else if (strcmp(word[0], "fetched") == 0) {
        struct message_permit_return m = {.address = stage_address(word[3]),
                                          .fetch = (uint64_t)atoll(word[1])};
        service_on_permit_return(&w->owner, &m);
    } else if (strcmp(word[0], "give") == 0) {
        service_give_up_fetches(&w->owner);
    } else if (strcmp(word[0], "lose") == 0) {
        service_lose_family(&w->owner, (uint8_t)atoi(word[1]));
    } else if (strcmp(word[0], "place") == 0) {
        struct net_addr a = stage_address(word[1]);
        struct idle_places idle = {0};
        idle.at_address = idle.in_network = count > 3 ? (uint32_t)atoi(word[3]) : 0;
        say("  %s\n", service_take_place(&w->owner, &a, 25, idle) ? "taken" : "none");
    } else if (strcmp(word[0], "given") == 0) {
        struct net_addr a = stage_address(word[1]);
        service_give_place(&w->owner, &a, 25);
    } else if (strcmp(word[0], "anew") == 0) {
        uint32_t visit = w->dialled[atoi(word[1])].visit;
        say("  %s\n", service_begin_anew(&w->owner, visit) ? "begins" : "not now");
    } else if (strcmp(word[0], "connects") == 0) {
        const struct owner_dial *d = &w->dialled[atoi(word[1])];
        uint64_t ahead = count > 2 ? (uint64_t)atoll(word[2]) : 0;
        service_on_connect(&w->owner, &d->address, d->port, w->owner.now_ms + ahead);
    } else if (strcmp(word[0], "keep") == 0) {
        service_keep_session(&w->owner, w->dialled[atoi(word[1])].visit);
    } else if (strcmp(word[0], "void") == 0) {
        service_void_session(&w->owner, w->dialled[atoi(word[1])].visit);
    } else if (strcmp(word[0], "night") == 0) {
        night_event(w);
    } else if (strcmp(word[0], "waits") == 0) {
        uint64_t ms = service_waiting_ms(&w->owner);
        say(ms == WAITING_UNKNOWN ? "  for how long is unknown\n" : "  for %llu ms\n",
            (unsigned long long)ms);
    } else if (strcmp(word[0], "pass") == 0) {
        pass_event(w, word);
    } else {
        cr_assert_str_eq(word[0], "stop", "no event");
        service_stop(&w->owner);
    }
}

static void service_event(void *world, char *const *word, size_t count)
{
    struct service_world *w = world;
    if (strcmp(word[0], "rule") == 0) {
        rule_event(w, word);
        return;
    }
    begin(w);
    if (!stage_event(&w->stage, word, count)) {
        run_event(w, word, count);
    }
    say_all(w);
}

static const struct scenario_form form = {.file = "service_scenarios.txt",
                                          .init = service_world_init,
                                          .deinit = service_world_deinit,
                                          .event = service_event};

/* @param rows all that are written */
static void service_run_all(uint32_t in_memory, struct buf *rows)
{
    static struct service_world w;
    names_max = in_memory;
    stage_rows = rows;
    size_t count = scenarios_run(&form, &w);
    cr_assert_geq(count, 90, "%zu scenarios were read", count);
}

/* The same comes of it, and the same rows, when all names that wait in line are in the spool. */
Test(service_owner, scenarios)
{
    struct buf rows = BUF_INIT(BUF_NO_LIMIT);
    struct buf parked = BUF_INIT(BUF_NO_LIMIT);
    hash_secret_init();
    service_run_all(UINT32_MAX, &rows);
    service_run_all(0, &parked);
    cr_expect(span_eq(buf_span(&rows), buf_span(&parked)));
    cr_expect_gt(rows.len, 1000);
    buf_deinit(&rows);
    buf_deinit(&parked);
}
