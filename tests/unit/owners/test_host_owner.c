/**
 * What happens to the owner of hosts in host_scenarios.txt (scenario.h and stage.h tell the form):
 *
 *     ports PORT...     (before the first event) of the scan, in place of 25 alone
 *     trust ad | no ipv4 | no ipv6     the same; AD is trusted, a family is off
 *     want HOST for DOMAIN in BLOCK dial ADDRESSES | want HOST for DOMAIN addresses
 *     late TYPE NAME    a question needs a second pass
 *     check NAME at ADDRESS
 *     ahead BLOCK       few domains of it may want further hosts
 *     close BLOCK
 *     lost              of a fleet: somebody else takes over, with the state that was said
 *     endpoint HOST ADDRESS [port PORT] OUTCOME
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/owners/host_owner.h"
#include "tests/unit/owners/stage.h"

#define PORTS_MAX 4
#define NAMES     600 /* several growths of the table */

struct host_world {
    struct public_suffixes *suffixes;
    struct stage stage;
    struct host_owner owner;
    uint16_t ports[PORTS_MAX];
};

static uint32_t works_max = UINT32_MAX; /* hosts that connect, in memory */

static void host_answer(void *owner, uint64_t tag, const struct dns_answer *answer)
{
    host_on_answer(owner, tag, answer);
}

static void begin_owner(struct host_world *w)
{
    const struct host_rules rules = {
        .suffixes = w->suffixes,
        .dial = {.blocklist = w->stage.blocklist, .ipv4 = true, .ipv6 = true},
        .ports = w->ports,
        .port_count = 1,
        .works_max = works_max};
    w->ports[0] = 25;
    host_owner_init(&w->owner, &rules, &w->stage.out, &w->stage.arenas, &w->stage.spool);
}

static void host_world_init(void *world)
{
    struct host_world *w = world;
    stage_init(&w->stage, &w->owner, host_answer);
    w->suffixes = public_suffixes_load(NULL);
    begin_owner(w);
}

static void take_over(struct host_world *w)
{
    const struct host_rules rules = w->owner.rules;
    host_owner_deinit(&w->owner);
    begin_owner(w);
    w->owner.rules = rules;
    stage_take_over(&w->stage);
    enum message_kind kind;
    struct span in = buf_span(&w->stage.state_before);
    for (struct span body; stage_next_state(&in, &kind, &body);) {
        if (kind == MESSAGE_KNOWN_HOST) {
            struct message_known_host m = message_get_known_host(body);
            host_on_known(&w->owner, &m);
        } else {
            struct message_known_resolved m = message_get_known_resolved(body);
            host_on_known_resolved(&w->owner, &m);
        }
    }
}

static void host_world_deinit(void *world)
{
    struct host_world *w = world;
    host_owner_deinit(&w->owner);
    stage_deinit(&w->stage);
    public_suffixes_free(w->suffixes);
}

static void want_event(struct host_world *w, char *const *word)
{
    struct message_host_want m = {.host = span_of(word[1]), .domain = span_of(word[3])};
    if (strcmp(word[4], "in") == 0) {
        m.block = (uint32_t)atoi(word[5]);
        m.dial = 1;
        m.addresses_max = (uint8_t)atoi(word[7]);
    }
    host_on_want(&w->owner, &m);
}

static void endpoint_event(struct host_world *w, char *const *word, size_t count)
{
    struct message_endpoint_done m = {.host = span_of(word[1])};
    m.brief.address = stage_address(word[2]);
    m.brief.port = count > 4 ? (uint16_t)atoi(word[4]) : 25;
    m.brief.outcome = (uint8_t)stage_outcome(word[count - 1]);
    host_on_endpoint_done(&w->owner, &m);
}

static void set_ports(struct host_world *w, char *const *word, size_t count)
{
    w->owner.rules.port_count = count;
    for (size_t i = 0; i < count; i++) {
        w->ports[i] = (uint16_t)atoi(word[i]);
    }
}

static void host_event(void *world, char *const *word, size_t count)
{
    struct host_world *w = world;
    if (stage_event(&w->stage, word, count)) {
        /* one of all owners */
    } else if (strcmp(word[0], "late") == 0) {
        host_on_late(&w->owner, stage_question_of(&w->stage, word[1], word[2]));
    } else if (strcmp(word[0], "lost") == 0) {
        take_over(w);
    } else if (strcmp(word[0], "ports") == 0) {
        set_ports(w, word + 1, count - 1);
    } else if (strcmp(word[0], "trust") == 0) {
        w->owner.rules.trust_ad = true;
    } else if (strcmp(word[0], "no") == 0) {
        *(strcmp(word[1], "ipv4") == 0 ? &w->owner.rules.dial.ipv4 : &w->owner.rules.dial.ipv6) =
            false;
    } else if (strcmp(word[0], "want") == 0) {
        want_event(w, word);
    } else if (strcmp(word[0], "check") == 0) {
        host_on_name_check(&w->owner,
                           &(struct message_name_check){.address = stage_address(word[3]),
                                                        .name = span_of(word[1])});
    } else if (strcmp(word[0], "ahead") == 0) {
        host_on_block_ahead(&w->owner, (uint32_t)atoi(word[1]));
    } else if (strcmp(word[0], "close") == 0) {
        host_on_block_close(&w->owner, (uint32_t)atoi(word[1]));
    } else {
        cr_assert_str_eq(word[0], "endpoint", "no event");
        endpoint_event(w, word, count);
    }
    stage_say_commands(&w->stage, w->owner.strays);
}

static const struct scenario_form host_form = {.file = "host_scenarios.txt",
                                               .init = host_world_init,
                                               .deinit = host_world_deinit,
                                               .event = host_event};

/* @param rows all that are written */
static void host_run_all(uint32_t in_memory, struct buf *rows)
{
    static struct host_world w;
    works_max = in_memory;
    stage_rows = rows;
    size_t count = scenarios_run(&host_form, &w);
    cr_assert_geq(count, 40, "%zu scenarios were read", count);
}

/* The same comes of it, and the same rows, when all that connect are parked. */
Test(host_owner, scenarios)
{
    struct buf rows = BUF_INIT(BUF_NO_LIMIT);
    struct buf parked = BUF_INIT(BUF_NO_LIMIT);
    hash_secret_init();
    host_run_all(UINT32_MAX, &rows);
    host_run_all(0, &parked);
    cr_expect(span_eq(buf_span(&rows), buf_span(&parked)));
    cr_expect_gt(rows.len, 1000);
    buf_deinit(&rows);
    buf_deinit(&parked);
}

/* The table grows, and so moves, while names are under work. */
Test(host_owner, many_names_at_once, .init = hash_secret_init)
{
    static struct host_world w;
    const struct dns_rr rr = {.address = stage_address("11.0.0.1")};
    const struct dns_answer answer = {.seen.state = DNS_DATA, .rrs = &rr, .rr_count = 1};
    host_world_init(&w);
    for (unsigned i = 0; i < NAMES; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "mx%u.test", i);
        host_on_name_check(
            &w.owner, &(struct message_name_check){.address = rr.address, .name = span_of(name)});
    }
    struct owner_question q;
    for (struct span in = buf_span(&w.stage.out.questions); owner_question_next(&in, &q);) {
        host_on_answer(&w.owner, q.tag, &answer);
    }
    unsigned checked = 0;
    struct span in = buf_span(out_to_address(&w.stage.out, &rr.address));
    enum message_kind kind = MESSAGE_STOP;
    for (struct span body; message_next(&in, &kind, &body);) {
        cr_assert_eq(kind, MESSAGE_NAME_CHECKED);
        cr_expect(message_get_name_checked(body).confirmed);
        checked++;
    }
    cr_expect_eq(checked, NAMES);
    host_world_deinit(&w);
}

static uint32_t issuer_set(struct issuer_sets *sets, struct cert_info *issuer)
{
    static struct chain_verdict v;
    const struct cert_info *certs[] = {issuer, issuer};
    v = (struct chain_verdict){
        .certs = certs, .cert_count = 2, .role = {CERT_ROLE_LEAF, CERT_ROLE_INTERMEDIATE}};
    return issuer_sets_add(sets, &v);
}

/* Which hosts send an issuer is counted by its number: the brief's own octets do not hold that. */
Test(host_owner, the_issuers_of_its_endpoints_are_counted, .init = hash_secret_init)
{
    static struct host_world w;
    static struct cert_info issuer = {.fingerprint_sha256 = {7}};
    struct issuer_sets *sets = issuer_sets_new(1, 1);
    struct message_host_want want = {
        .dial = 1, .addresses_max = 1, .domain = SPAN_LIT("a.test"), .host = SPAN_LIT("11.0.0.1")};
    struct message_endpoint_done done = {.host = want.host, .issuers = issuer_set(sets, &issuer)};
    host_world_init(&w);
    host_on_want(&w.owner, &want);
    host_on_block_close(&w.owner, want.block);
    done.brief = (struct endpoint_brief){
        .address = stage_address("11.0.0.1"), .port = 25, .outcome = OUTCOME_ESTABLISHED};
    host_on_endpoint_done(&w.owner, &done);
    struct issuer_senders *senders =
        issuer_senders_new((const struct issuer_sets *const[]){sets}, 1,
                           (const struct issuer_hosts *const[]){w.stage.issuer_hosts}, 1);
    const struct issuer_sender *sender = issuer_senders_find(senders, issuer.fingerprint_sha256);
    cr_assert_not_null(sender);
    cr_expect_eq(sender->hosts, 1);
    issuer_senders_free(senders);
    issuer_sets_free(sets);
    host_world_deinit(&w);
}
