/**
 * Certificate groups: what becomes of each name follows from the results of the names before it.
 */
#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/owners/certificate_groups.h"

#define ORDINARY 1 /* a draw that is no check */
#define CHECKED  (7 * GROUP_CHECK_ONE_IN)

static const char list[] = "wildcard,operator,source,date\n"
                           "*.mail.shared.test,one,https://shared.test/,2026-11-29\n"
                           "*.*.mx.test,two,https://mx.test/,2026-11-29\n";

struct world {
    struct shared_operators operators;
    struct certificate_groups *groups;
    struct net_addr address;
};

static void world_init(struct world *w, enum infer infer)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    hash_secret_init();
    cr_assert(shared_operators_parse(&w->operators, SPAN_LIT(list), "list", &why));
    w->groups = certificate_groups_new(infer, &w->operators);
    cr_assert(net_addr_parse(SPAN_LIT("192.0.2.1"), &w->address));
}

static void world_deinit(struct world *w)
{
    certificate_groups_free(w->groups);
    shared_operators_deinit(&w->operators);
}

static uint32_t group_of(struct world *w, const char *host)
{
    return certificate_group_of(w->groups, &w->address, 25, span_of(host));
}

static enum group_turn turn(const struct world *w, uint32_t group, uint64_t draw)
{
    struct group_name name = {.host = SPAN_LIT("z.mail.shared.test"), .draw = draw};
    return certificate_group_turn(w->groups, group, &name, false);
}

static struct seen_session session_with(uint8_t chain)
{
    static const uint8_t octets[] = {0, 0, 1, 7};
    struct seen_session s = {.outcome = OUTCOME_ESTABLISHED, .sni = true, .tls_attempted = true};
    s.smtp.starttls = STARTTLS_OFFERED;
    s.tls.completed = true;
    s.tls.version = 0x0304;
    s.tls.cipher = 0x1301;
    s.tls.list = (struct span){octets, sizeof(octets)};
    s.tls.cert_count = 1;
    s.tls.chain_id[0] = chain;
    return s;
}

static bool note_seen(struct world *w, uint32_t group, const struct seen_endpoint *seen,
                      bool by_wildcard)
{
    struct group_result result = group_result_of(seen, by_wildcard);
    return certificate_group_note(w->groups, group, seen->host, &result, seen);
}

static void note(struct world *w, uint32_t group, const char *host, const struct seen_session *s)
{
    struct seen_endpoint seen = {.host = span_of(host), .result = s, .basis = BASIS_OBSERVED};
    certificate_group_dial(w->groups, group);
    (void)note_seen(w, group, &seen, true);
}

static void note_chain(struct world *w, uint32_t group, const char *host, uint8_t chain)
{
    struct seen_session s = session_with(chain);
    note(w, group, host, &s);
}

static uint32_t confirmed(struct world *w)
{
    uint32_t group = group_of(w, "a.mail.shared.test");
    note_chain(w, group, "a.mail.shared.test", 1);
    note_chain(w, group, "b.mail.shared.test", 1);
    cr_assert_eq(turn(w, group, ORDINARY), GROUP_DIAL, "two are not enough");
    note_chain(w, group, "c.mail.shared.test", 1);
    cr_assert_eq(turn(w, group, ORDINARY), GROUP_INFER);
    return group;
}

static struct seen_group see(const struct world *w, uint32_t group)
{
    struct seen_group seen;
    cr_assert(certificate_group_see(w->groups, group, &seen));
    return seen;
}

Test(certificate_groups, a_name_is_of_the_wildcard_for_its_first_label)
{
    static const struct {
        const char *host;
        bool listed; /* has a group with INFER_LISTED */
        bool any;    /* with INFER_ALL */
    } names[] = {
        {"a.mail.shared.test", true, true},
        {"a.b.mail.shared.test", false, true}, /* RFC 9525 section 6.3: one label */
        {"mail.shared.test", false, true},
        {"a.g1.mx.test", true, true},
        {"a.mx.test", false, true},
        {"a.b.g1.mx.test", false, true},
        {"mx.other.test", false, true},
        {"other.test", false, false}, /* "*.test" is nobody's */
        {"test", false, false},
        {"", false, false},
        {"192.0.2.7", false, false}, /* RFC 6066 section 3: no name */
    };
    struct world w;
    for (int infer = INFER_OFF; infer <= INFER_ALL; infer++) {
        world_init(&w, (enum infer)infer);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            bool want =
                infer == INFER_LISTED ? names[i].listed : infer == INFER_ALL && names[i].any;
            cr_expect_eq(group_of(&w, names[i].host) != GROUP_NONE, want, "%s, infer %d",
                         names[i].host, infer);
        }
        world_deinit(&w);
    }
}

Test(certificate_groups, a_group_is_of_one_service)
{
    struct world w;
    world_init(&w, INFER_LISTED);
    uint32_t one = group_of(&w, "a.mail.shared.test");
    cr_expect_eq(group_of(&w, "b.mail.shared.test"), one);
    cr_expect_neq(group_of(&w, "a.g1.mx.test"), group_of(&w, "a.g2.mx.test"));
    struct span host = SPAN_LIT("a.mail.shared.test");
    cr_expect_neq(certificate_group_of(w.groups, &w.address, 587, host), one);
    struct net_addr other;
    cr_assert(net_addr_parse(SPAN_LIT("192.0.2.2"), &other));
    cr_expect_neq(certificate_group_of(w.groups, &other, 25, host), one);
    world_deinit(&w);
}

Test(certificate_groups, three_names_that_agree_stand_for_the_others)
{
    struct world w;
    world_init(&w, INFER_LISTED);
    uint32_t group = confirmed(&w);
    const struct group_speaker *by = certificate_group_infer(w.groups, group);
    cr_expect(span_eq(by->host, SPAN_LIT("c.mail.shared.test")), "who confirmed it speaks");
    cr_expect_eq(turn(&w, group, CHECKED), GROUP_DIAL, "one in a thousand is a check");
    struct group_name name = {.host = SPAN_LIT("z.mail.shared.test"), .draw = ORDINARY};
    cr_expect_eq(certificate_group_turn(w.groups, group, &name, true), GROUP_WAIT,
                 "names before it have no result yet");
    note_chain(&w, group, "d.mail.shared.test", 1);
    struct seen_group seen = see(&w, group);
    cr_expect_eq(seen.state, GROUP_CONFIRMED);
    cr_expect_eq(seen.names_dialled, 4);
    cr_expect_eq(seen.names_inferred, 1);
    cr_expect_eq(seen.agreements, 4);
    cr_expect_eq(seen.checks, 1);
    cr_expect_eq(seen.contradictions, 0);
    world_deinit(&w);
}

Test(certificate_groups, one_name_at_a_time)
{
    struct world w;
    world_init(&w, INFER_LISTED);
    uint32_t group = group_of(&w, "a.mail.shared.test");
    certificate_group_dial(w.groups, group);
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_WAIT);
    world_deinit(&w);
}

Test(certificate_groups, what_contradicts)
{
    struct seen_session other_chain = session_with(2);
    struct seen_session other_version = session_with(1);
    struct seen_session other_cipher = session_with(1);
    struct seen_session injected = session_with(1);
    struct seen_session truncated = session_with(1);
    struct seen_session alert = {.outcome = OUTCOME_TLS_ALERT, .tls_attempted = true};
    struct seen_session not_offered = {.outcome = OUTCOME_STARTTLS_NOT_OFFERED};
    other_version.tls.version = 0x0303;
    other_cipher.tls.cipher = 0x1302;
    injected.smtp.starttls = STARTTLS_INJECTED;
    truncated.tls.list_truncated = true;
    not_offered.smtp.starttls = STARTTLS_NOT_OFFERED;
    const struct seen_session *sessions[] = {&other_chain, &other_version, &other_cipher, &injected,
                                             &truncated,   &alert,         &not_offered};
    for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
        struct world w;
        world_init(&w, INFER_LISTED);
        uint32_t group = confirmed(&w);
        (void)certificate_group_infer(w.groups, group);
        note(&w, group, "d.mail.shared.test", sessions[i]);
        cr_expect_eq(turn(&w, group, ORDINARY), GROUP_DIAL, "%zu", i);
        note_chain(&w, group, "e.mail.shared.test", 1);
        struct seen_group seen = see(&w, group);
        cr_expect_eq(seen.state, GROUP_CONTRADICTED, "%zu: for good", i);
        cr_expect_eq(seen.contradictions, 1);
        cr_expect_eq(seen.agreements, 4);
        cr_expect_eq(seen.names_inferred, 1, "what is written stays");
        cr_expect(span_eq(seen.contradicted_by[0], SPAN_LIT("d.mail.shared.test")));
        world_deinit(&w);
    }
}

/* Of a name that has its row from before a scan went on: it counts, but its session is not all there. */
Test(certificate_groups, who_agrees_without_a_session_at_hand_does_not_speak)
{
    struct world w;
    world_init(&w, INFER_LISTED);
    uint32_t group = group_of(&w, "a.mail.shared.test");
    struct seen_session s = session_with(1);
    struct seen_endpoint seen = {.host = SPAN_LIT("a.mail.shared.test"), .result = &s};
    struct group_result result = group_result_of(&seen, true);
    for (int i = 0; i < GROUP_LISTED_NAMES; i++) {
        certificate_group_dial(w.groups, group);
        cr_expect_not(certificate_group_note(w.groups, group, seen.host, &result, NULL));
    }
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_DIAL);
    certificate_group_inferred_before(w.groups, group);
    seen.host = SPAN_LIT("d.mail.shared.test");
    certificate_group_dial(w.groups, group);
    cr_expect(certificate_group_note(w.groups, group, seen.host, &result, &seen));
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_INFER);
    cr_expect_eq(see(&w, group).names_inferred, 1);
    cr_expect(span_eq(see(&w, group).speaks, seen.host));
    world_deinit(&w);
}

Test(certificate_groups, what_tells_nothing_is_neither)
{
    static const enum session_outcome outcomes[] = {OUTCOME_CONNECT_TIMEOUT,
                                                    OUTCOME_GREETING_TEMPFAIL, OUTCOME_LOCAL_FAULT,
                                                    OUTCOME_TLS_TIMEOUT, OUTCOME_TLS_RESET};
    struct world w;
    world_init(&w, INFER_LISTED);
    uint32_t group = group_of(&w, "a.mail.shared.test");
    note_chain(&w, group, "a.mail.shared.test", 1);
    note_chain(&w, group, "b.mail.shared.test", 1);
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        struct seen_session s = {.outcome = outcomes[i]};
        note(&w, group, "c.mail.shared.test", &s);
        cr_expect_eq(turn(&w, group, ORDINARY), GROUP_DIAL, "%d", (int)outcomes[i]);
    }
    note_chain(&w, group, "d.mail.shared.test", 1);
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_INFER);
    cr_expect_eq(see(&w, group).inconclusive, sizeof(outcomes) / sizeof(outcomes[0]));
    world_deinit(&w);
}

static void contradict_in_order(bool backwards)
{
    static const char letters[] = "kcdefghijlm";
    size_t count = sizeof(letters) - 1;
    struct world w;
    world_init(&w, INFER_LISTED);
    uint32_t group = group_of(&w, "a.mail.shared.test");
    note_chain(&w, group, "a.mail.shared.test", 1);
    note_chain(&w, group, "n.mail.shared.test", 2);
    for (size_t i = 0; i < count; i++) {
        char host[] = "?.mail.shared.test";
        host[0] = letters[backwards ? count - 1 - i : i];
        note_chain(&w, group, host, 2);
    }
    struct seen_group seen = see(&w, group);
    cr_expect_eq(seen.contradictions, 1 + count);
    cr_expect(span_eq(seen.contradicted_by[0], SPAN_LIT("n.mail.shared.test")), "what closed it");
    for (size_t i = 1; i < CONTRADICTIONS_KEPT; i++) {
        cr_expect_eq(seen.contradicted_by[i].at[0], "?cdefghi"[i], "the least of the others");
    }
    world_deinit(&w);
}

Test(certificate_groups, kept_contradictions_do_not_depend_on_arrival)
{
    contradict_in_order(false);
    contradict_in_order(true);
}

Test(certificate_groups, names_wait_for_the_facts_that_they_are_compared_with)
{
    struct world w;
    struct seen_session alert = {.outcome = OUTCOME_TLS_ALERT, .tls_attempted = true};
    world_init(&w, INFER_LISTED);
    uint32_t group = group_of(&w, "a.mail.shared.test");
    note(&w, group, "a.mail.shared.test", &alert);
    cr_expect_eq(see(&w, group).state, GROUP_CONTRADICTED);
    certificate_group_dial(w.groups, group);
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_WAIT);
    note_chain(&w, group, "b.mail.shared.test", 1);
    certificate_group_dial(w.groups, group);
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_DIAL, "now in any order");
    world_deinit(&w);
}

Test(certificate_groups, another_wildcard_needs_a_hundred_names_and_a_leaf_that_has_it)
{
    struct world w;
    world_init(&w, INFER_ALL);
    uint32_t group = group_of(&w, "a.other.test");
    struct seen_session s = session_with(1);
    struct seen_endpoint by_name = {.host = SPAN_LIT("a.other.test"), .result = &s};
    struct seen_group seen;
    certificate_group_dial(w.groups, group);
    (void)note_seen(&w, group, &by_name, false);
    for (int i = 0; i < GROUP_ANY_NAMES; i++) {
        cr_assert_eq(turn(&w, group, ORDINARY), GROUP_DIAL, "after %d", i);
        note(&w, group, "b.other.test", &s);
    }
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_INFER);
    cr_expect_not(certificate_group_see(w.groups, group, &seen), "nothing rests on it");
    (void)certificate_group_infer(w.groups, group);
    cr_expect_not(see(&w, group).listed);
    uint32_t listed = group_of(&w, "a.mail.shared.test");
    for (int i = 0; i < GROUP_LISTED_NAMES; i++) {
        note_chain(&w, listed, "a.mail.shared.test", 1);
    }
    cr_expect_eq(turn(&w, listed, ORDINARY), GROUP_INFER);
    world_deinit(&w);
}

Test(certificate_groups, a_certificate_without_the_wildcard_contradicts)
{
    struct seen_session own = session_with(2);
    struct seen_session both = session_with(1);
    const struct seen_endpoint same = {.host = SPAN_LIT("c.other.test"), .result = &both};
    const struct seen_endpoint another = {.host = SPAN_LIT("d.other.test"), .result = &own};
    struct world w;
    world_init(&w, INFER_ALL);
    uint32_t group = group_of(&w, "a.other.test");
    for (int i = 0; i < GROUP_ANY_NAMES; i++) {
        note_chain(&w, group, "b.other.test", 1);
    }
    (void)certificate_group_infer(w.groups, group);
    certificate_group_dial(w.groups, group);
    (void)note_seen(&w, group, &same, false);
    cr_expect_eq(see(&w, group).inconclusive, 1, "its leaf names the host beside the wildcard");
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_INFER);
    certificate_group_dial(w.groups, group);
    (void)note_seen(&w, group, &another, false);
    cr_expect_eq(see(&w, group).contradictions, 1);
    cr_expect_eq(turn(&w, group, ORDINARY), GROUP_DIAL);
    world_deinit(&w);
}

Test(certificate_groups, records_of_dane_must_be_those_of_who_speaks)
{
    static const struct seen_tlsa one[] = {{3, 1, 1, SPAN_INIT("aaaa")},
                                           {3, 1, 1, SPAN_INIT("bb")}};
    static const struct seen_tlsa two[] = {{3, 1, 1, SPAN_INIT("bb")},
                                           {3, 1, 1, SPAN_INIT("aaaa")}};
    static const struct seen_tlsa three[] = {{3, 1, 1, SPAN_INIT("bb")},
                                             {3, 1, 2, SPAN_INIT("aaaa")}};
    struct world w;
    world_init(&w, INFER_LISTED);
    uint32_t group = group_of(&w, "a.mail.shared.test");
    struct seen_session s = session_with(1);
    for (int i = 0; i < GROUP_LISTED_NAMES; i++) {
        struct seen_endpoint seen = {
            .host = SPAN_LIT("a.mail.shared.test"), .result = &s, .tlsas = one, .tlsa_count = 2};
        certificate_group_dial(w.groups, group);
        (void)note_seen(&w, group, &seen, true);
    }
    struct span host = SPAN_LIT("b.mail.shared.test");
    const struct {
        struct group_name name;
        enum group_turn want;
    } names[] = {
        {{host, ORDINARY, {0}, NULL, 0}, GROUP_INFER},
        {{host, ORDINARY, host, two, 2}, GROUP_INFER}, /* in another order */
        {{host, ORDINARY, host, three, 2}, GROUP_DIAL},
        {{host, ORDINARY, host, one, 1}, GROUP_DIAL},
        /* RFC 7671 section 7: another SNI, another handshake */
        {{host, ORDINARY, SPAN_LIT("base.shared.test"), one, 2}, GROUP_DIAL},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_expect_eq(certificate_group_turn(w.groups, group, &names[i].name, false), names[i].want,
                     "%zu", i);
    }
    world_deinit(&w);
}
