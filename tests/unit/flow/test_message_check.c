#include <criterion/criterion.h>

#include "scanner/domain/domain_source.h"
#include "scanner/flow/message_check.h"

static struct buf wire; /* one message */

static void setup(void)
{
    wire = BUF_INIT(BUF_NO_LIMIT);
}

static void teardown(void)
{
    buf_deinit(&wire);
}

static enum message_fault check(void)
{
    enum message_kind kind;
    struct span body;
    return message_check(buf_span(&wire), &kind, &body);
}

static struct endpoint_brief good_brief(void)
{
    return (struct endpoint_brief){.address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}),
                                   .port = 25,
                                   .mx_operator = SPAN_LIT("example.org")};
}

static void put_host_done(const struct endpoint_brief *briefs, size_t count, uint16_t told)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < count; i++) {
        codec_put_brief(&octets, briefs[i]);
    }
    const struct message_host_done m = {
        .domain = SPAN_LIT("a.test"),
        .host = SPAN_LIT("mx.a.test"),
        .result = {.endpoint_count = told, .endpoints = buf_span(&octets)}};
    message_put_host_done(&wire, &m);
    buf_deinit(&octets);
}

Test(message_check, what_owners_say_is_sound, .init = setup, .fini = teardown)
{
    struct endpoint_brief briefs[2] = {good_brief(), good_brief()};
    enum message_kind kind;
    struct span body;
    put_host_done(briefs, 2, 2);
    cr_assert_eq(message_check(buf_span(&wire), &kind, &body), MESSAGE_SOUND);
    cr_expect_eq(kind, MESSAGE_HOST_DONE);
    cr_expect(span_eq(message_get_host_done(body).host, SPAN_LIT("mx.a.test")));
}

Test(message_check, each_cut_and_each_octet_more_is_refused, .init = setup, .fini = teardown)
{
    struct endpoint_brief brief = good_brief();
    put_host_done(&brief, 1, 1);
    enum message_kind kind;
    struct span body;
    for (size_t len = 0; len < wire.len; len++) {
        cr_expect_neq(message_check((struct span){wire.at, len}, &kind, &body), MESSAGE_SOUND);
    }
    /* The same with a header that tells the truth of what is left. */
    for (size_t len = 8; len < wire.len; len++) {
        struct buf cut = BUF_INIT(BUF_NO_LIMIT);
        buf_put(&cut, (struct span){wire.at, len});
        codec_set_count(&cut, 0, len - 8);
        cr_expect_eq(message_check(buf_span(&cut), &kind, &body), MESSAGE_BAD_FIELD, "%zu", len);
        buf_deinit(&cut);
    }
    buf_put_char(&wire, '\0');
    cr_expect_eq(check(), MESSAGE_NO_HEADER);
    codec_set_count(&wire, 0, wire.len - 8);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD);
}

Test(message_check, counts_that_lie_are_refused, .init = setup, .fini = teardown)
{
    struct endpoint_brief briefs[2] = {good_brief(), good_brief()};
    put_host_done(briefs, 2, 1);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "one brief more");
    buf_reset(&wire);
    put_host_done(briefs, 2, 3);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "one less");
    buf_reset(&wire);
    put_host_done(briefs, 0, 60000);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "far more than a host has");
}

#define EXPECT_BAD(member, value)                                \
    do {                                                         \
        struct endpoint_brief bad = good_brief();                \
        bad.member = (value);                                    \
        buf_reset(&wire);                                        \
        put_host_done(&bad, 1, 1);                               \
        cr_expect_eq(check(), MESSAGE_BAD_FIELD, "%s", #member); \
    } while (0)

Test(message_check, numbers_that_stand_for_no_word_are_refused, .init = setup, .fini = teardown)
{
    EXPECT_BAD(outcome, OUTCOME_COUNT);
    EXPECT_BAD(no_sni_outcome, OUTCOME_COUNT);
    EXPECT_BAD(not_tested, 200);
    EXPECT_BAD(starttls, 200);
    EXPECT_BAD(no_sni_starttls, 200);
    EXPECT_BAD(basis, BASIS_COUNT);
    EXPECT_BAD(mapped, 2);
    EXPECT_BAD(inherited, 2);
    EXPECT_BAD(ptr_is_host, 3);
    EXPECT_BAD(versions, 0xC0);
    EXPECT_BAD(operator_source, 200);
    EXPECT_BAD(name_match, NAME_MATCH_COUNT);
    EXPECT_BAD(no_sni_name_match, NAME_MATCH_COUNT);
    EXPECT_BAD(sni, 200);
    EXPECT_BAD(sni_acceptable, 200);
    EXPECT_BAD(dane, DANE_STATUS_COUNT);
    EXPECT_BAD(chain.status, CHAIN_STATUS_COUNT);
    EXPECT_BAD(no_sni_chain.status, CHAIN_STATUS_COUNT);
    EXPECT_BAD(facts.key.kind, LEAF_KEY_KIND_COUNT);
    EXPECT_BAD(address.family, 5);
    EXPECT_BAD(address.octets[9], 1); /* behind an IPv4 address */
}

Test(message_check, names_are_no_longer_than_dns_has_them, .init = setup, .fini = teardown)
{
    static uint8_t name[DNS_NAME_TEXT_MAX];
    memset(name, 'a', sizeof(name));
    struct message_name_check m = {.address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}),
                                   .name = {name, sizeof(name) - 1}};
    message_put_name_check(&wire, &m);
    cr_expect_eq(check(), MESSAGE_SOUND);
    m.name.len++;
    buf_reset(&wire);
    message_put_name_check(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD);
    m.name.len = 0;
    buf_reset(&wire);
    message_put_name_check(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "none");
    m.name.len = 3;
    name[1] = '\0';
    buf_reset(&wire);
    message_put_name_check(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "NUL");
}

Test(message_check, tlsa_records_are_whole_and_few, .init = setup, .fini = teardown)
{
    struct buf tlsas = BUF_INIT(BUF_NO_LIMIT);
    struct message_address_want m = {.host = SPAN_LIT("mx.a.test"),
                                     .address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}),
                                     .port = 25};
    for (unsigned i = 0; i <= TLSA_MAX; i++) {
        m.tlsas = buf_span(&tlsas);
        buf_reset(&wire);
        message_put_address_want(&wire, &m);
        cr_expect_eq(check(), MESSAGE_SOUND, "%u", i);
        codec_put_tlsa(&tlsas, (struct seen_tlsa){.usage = 3, .data = SPAN_LIT("digest")});
    }
    m.tlsas = buf_span(&tlsas);
    buf_reset(&wire);
    message_put_address_want(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "too many");
    m.tlsas = (struct span){tlsas.at, 5};
    buf_reset(&wire);
    message_put_address_want(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "half a record");
    buf_deinit(&tlsas);
}

Test(message_check, other_versions_and_what_stays_in_a_process, .init = setup, .fini = teardown)
{
    const struct message_block_end m = {.block = 7, .last = true};
    message_put_block_end(&wire, &m);
    cr_expect_eq(check(), MESSAGE_SOUND);
    wire.at[6]++;
    cr_expect_eq(check(), MESSAGE_OTHER_VERSION);
    wire.at[6]--;
    wire.at[4] = 0xff;
    cr_expect_eq(check(), MESSAGE_UNKNOWN_KIND);
    wire.at[4] = MESSAGE_STOP;
    cr_expect_eq(check(), MESSAGE_UNKNOWN_KIND);
    wire.at[4] = MESSAGE_ROWS;
    cr_expect_eq(check(), MESSAGE_UNKNOWN_KIND);
    for (int f = MESSAGE_SOUND; f <= MESSAGE_BAD_FIELD; f++) {
        cr_expect(message_fault_text((enum message_fault)f)[0] != '\0');
    }
}

Test(message_check, a_file_has_a_name_that_leaves_no_folder, .init = setup, .fini = teardown)
{
    static const char *const bad[] = {"", ".", "..", "../x", "a/b", ".hidden"};
    static const uint8_t digest[32];
    struct message_fleet_file m = {
        .name = SPAN_LIT("roots.pem"), .pieces = 1, .sha256 = {digest, sizeof(digest)}};
    message_put_fleet_file(&wire, &m);
    cr_expect_eq(check(), MESSAGE_SOUND);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        m.name = span_of(bad[i]);
        buf_reset(&wire);
        message_put_fleet_file(&wire, &m);
        cr_expect_eq(check(), MESSAGE_BAD_FIELD, "%s", bad[i]);
    }
    m.name = SPAN_LIT("roots.pem");
    m.piece = 1;
    buf_reset(&wire);
    message_put_fleet_file(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "a piece behind the last");
}

/* --- lines ------------------------------------------------------------------------------------ */

static struct message_domain good_line(void)
{
    return (struct message_domain){.input_line = 7,
                                   .input = SPAN_LIT("A.test"),
                                   .domain = SPAN_LIT("a.test"),
                                   .metadata = SPAN_LIT("{\"rank\":\"1\"}")};
}

static enum message_fault check_line(const struct message_domain *m)
{
    buf_reset(&wire);
    message_put_domain(&wire, m);
    return check();
}

Test(message_check, a_line_is_as_a_list_gives_it, .init = setup, .fini = teardown)
{
    struct message_domain m = good_line();
    cr_expect_eq(check_line(&m), MESSAGE_SOUND);
    m.input_line = MESSAGE_LINES_MAX;
    cr_expect_eq(check_line(&m), MESSAGE_SOUND);
    m.input_line++;
    cr_expect_eq(check_line(&m), MESSAGE_BAD_FIELD, "further than a list is long");
    m.input_line = 0;
    cr_expect_eq(check_line(&m), MESSAGE_BAD_FIELD);
    m = good_line();
    m.block = MESSAGE_BLOCKS_MAX;
    cr_expect_eq(check_line(&m), MESSAGE_BAD_FIELD);
    static const char *const not_normal[] = {"A.test", "a.test.", "", "a..test", "-", "b@a.test"};
    for (size_t i = 0; i < sizeof(not_normal) / sizeof(not_normal[0]); i++) {
        m = good_line();
        m.domain = span_of(not_normal[i]);
        cr_expect_eq(check_line(&m), MESSAGE_BAD_FIELD, "%s", not_normal[i]);
    }
}

Test(message_check, an_invalid_line_has_a_fault_of_ours_and_any_input, .init = setup,
     .fini = teardown)
{
    struct message_domain m = good_line();
    m.invalid = SPAN_LIT("empty");
    cr_expect_eq(check_line(&m), MESSAGE_BAD_FIELD, "and a name");
    m.domain = (struct span){0};
    cr_expect_eq(check_line(&m), MESSAGE_SOUND);
    m.input = (struct span){0}; /* an empty cell of CSV */
    cr_expect_eq(check_line(&m), MESSAGE_SOUND);
    m.invalid = SPAN_LIT("missing_column");
    cr_expect_eq(check_line(&m), MESSAGE_SOUND);
    m.invalid = SPAN_LIT("no such word");
    cr_expect_eq(check_line(&m), MESSAGE_BAD_FIELD);
    static uint8_t long_input[SOURCE_RECORD_MAX + 1];
    m.invalid = SPAN_LIT("empty");
    m.input = (struct span){long_input, sizeof(long_input)};
    cr_expect_eq(check_line(&m), MESSAGE_BAD_FIELD, "longer than a line");
}

Test(message_check, what_is_passed_through_is_an_object_in_one_line, .init = setup,
     .fini = teardown)
{
    static const struct {
        const char *json;
        enum message_fault fault;
    } cases[] = {
        {"", MESSAGE_SOUND},
        {"{}", MESSAGE_SOUND},
        {"{\"a\":\"\\u0000\\n\"}", MESSAGE_SOUND},
        {"{\n}", MESSAGE_BAD_FIELD},
        {"[]", MESSAGE_BAD_FIELD},
        {"\"a\"", MESSAGE_BAD_FIELD},
        {"{\"a\":1", MESSAGE_BAD_FIELD},
        {"{} {}", MESSAGE_BAD_FIELD},
        {"{\"a\":\"\xff\"}", MESSAGE_BAD_FIELD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct message_domain m = good_line();
        m.metadata = span_of(cases[i].json);
        cr_expect_eq(check_line(&m), cases[i].fault, "%s", cases[i].json);
    }
}

Test(message_check, a_flag_is_0_or_1, .init = setup, .fini = teardown)
{
    const struct message_block_end m = {.block = 7, .last = true};
    message_put_block_end(&wire, &m);
    wire.at[wire.len - 1] = 2;
    cr_expect_eq(check(), MESSAGE_BAD_FIELD);
}

#define EXPECT_BLOCKS(name, field, value, fault)              \
    do {                                                      \
        struct message_##name m = {.field = (value)};         \
        buf_reset(&wire);                                     \
        message_put_##name(&wire, &m);                        \
        cr_expect_eq(check(), fault, "%s %s", #name, #value); \
    } while (0)

Test(message_check, an_epoch_fits_into_the_number_of_a_fetch, .init = setup, .fini = teardown)
{
    static const struct {
        uint32_t epoch;
        enum message_fault fault;
    } of[] = {{0, MESSAGE_BAD_FIELD},
              {1, MESSAGE_SOUND},
              {MESSAGE_EPOCHS_MAX, MESSAGE_SOUND},
              {MESSAGE_EPOCHS_MAX + 1, MESSAGE_BAD_FIELD}};
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        const struct message_fleet_take take = {.epoch = of[i].epoch, .name = span_of("one")};
        const struct message_fleet_left left = {.epoch = of[i].epoch};
        buf_reset(&wire);
        message_put_fleet_take(&wire, &take);
        cr_expect_eq(check(), of[i].fault, "TAKE %u", of[i].epoch);
        buf_reset(&wire);
        message_put_fleet_left(&wire, &left);
        cr_expect_eq(check(), of[i].fault, "LEFT %u", of[i].epoch);
    }
    const struct message_fleet_take nobody = {.epoch = 1};
    buf_reset(&wire);
    message_put_fleet_take(&wire, &nobody);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "TAKE by nobody");
}

Test(message_check, there_are_no_more_blocks_than_a_list_may_have, .init = setup, .fini = teardown)
{
    EXPECT_BLOCKS(block_end, block, MESSAGE_BLOCKS_MAX - 1, MESSAGE_SOUND);
    EXPECT_BLOCKS(block_end, block, MESSAGE_BLOCKS_MAX, MESSAGE_BAD_FIELD);
    EXPECT_BLOCKS(fleet_settled, blocks, UINT32_MAX, MESSAGE_SOUND); /* all */
    EXPECT_BLOCKS(fleet_settled, blocks, UINT32_MAX - 1, MESSAGE_BAD_FIELD);
    EXPECT_BLOCKS(fleet_sent, blocks, UINT32_MAX, MESSAGE_BAD_FIELD);
    EXPECT_BLOCKS(fleet_last, blocks, 0, MESSAGE_BAD_FIELD);
    EXPECT_BLOCKS(fleet_last, blocks, MESSAGE_BLOCKS_MAX, MESSAGE_BAD_FIELD);
    EXPECT_BLOCKS(fleet_last, blocks, 5, MESSAGE_SOUND);
}

/* --- what is known: topic `state` ------------------------------------------------------------- */

static struct seen_session good_session(void)
{
    return (struct seen_session){.outcome = OUTCOME_ESTABLISHED,
                                 .started_unix_ms = 1,
                                 .tls_attempted = true,
                                 .tls = {.alert_received = -1, .alert_sent = -1},
                                 .hello = {.alert = -1}};
}

static void put_known_service(const struct seen_session *session, size_t count)
{
    struct buf sessions = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < count; i++) {
        codec_put_session(&sessions, *session);
    }
    const struct message_known_service m = {.address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}),
                                            .port = 25,
                                            .session = buf_span(&sessions)};
    buf_reset(&wire);
    message_put_known_service(&wire, &m);
    buf_deinit(&sessions);
}

#define EXPECT_BAD_SESSION(member, value)                        \
    do {                                                         \
        struct seen_session bad = good_session();                \
        bad.member = (value);                                    \
        put_known_service(&bad, 1);                              \
        cr_expect_eq(check(), MESSAGE_BAD_FIELD, "%s", #member); \
    } while (0)

Test(message_check, a_session_of_before_is_whole_and_one, .init = setup, .fini = teardown)
{
    struct seen_session session = good_session();
    put_known_service(&session, 0);
    cr_expect_eq(check(), MESSAGE_SOUND);
    put_known_service(&session, 1);
    cr_expect_eq(check(), MESSAGE_SOUND);
    put_known_service(&session, 2);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD);
    EXPECT_BAD_SESSION(outcome, OUTCOME_COUNT);
    EXPECT_BAD_SESSION(started_unix_ms, -1);
    EXPECT_BAD_SESSION(started_unix_ms, INT64_MAX);
    EXPECT_BAD_SESSION(sys, INT32_MIN);
    EXPECT_BAD_SESSION(smtp.starttls, (enum starttls_state)200);
    EXPECT_BAD_SESSION(tls.alert_sent, 256);
    EXPECT_BAD_SESSION(tls.cert_count, TLS_CERTS_MAX + 1);
    EXPECT_BAD_SESSION(hello.answer, HELLO_DECLINED + 1);
    memset(session.tls.error_text, 'x', sizeof(session.tls.error_text));
    put_known_service(&session, 1);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "a text without an end");
}

static enum message_fault check_speaker(uint8_t attempt, size_t attempts, uint32_t issuers)
{
    struct buf sessions = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < attempts; i++) {
        codec_put_session(&sessions, good_session());
    }
    const struct message_known_speaker m = {.host = SPAN_LIT("mx.a.test"),
                                            .address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}),
                                            .port = 25,
                                            .attempt = attempt,
                                            .attempts = buf_span(&sessions),
                                            .issuers = issuers};
    buf_reset(&wire);
    message_put_known_speaker(&wire, &m);
    buf_deinit(&sessions);
    return check();
}

Test(message_check, who_speaks_for_others_has_the_session_that_counts, .init = setup,
     .fini = teardown)
{
    cr_expect_eq(check_speaker(1, 2, 0), MESSAGE_SOUND);
    cr_expect_eq(check_speaker(2, 2, 0), MESSAGE_BAD_FIELD);
    cr_expect_eq(check_speaker(0, 0, 0), MESSAGE_BAD_FIELD);
    cr_expect_eq(check_speaker(0, 9, 0), MESSAGE_BAD_FIELD, "more than a visit has");
    cr_expect_eq(check_speaker(0, 1, 7), MESSAGE_BAD_FIELD, "a number of another process");
}

static struct message_known_name good_name(void)
{
    static const uint8_t none[32];
    return (struct message_known_name){.host = SPAN_LIT("mx.a.test"),
                                       .address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}),
                                       .port = 25,
                                       .chain_id = {none, sizeof(none)}};
}

static enum message_fault check_name(const struct message_known_name *name,
                                     const struct message_endpoint_done *told)
{
    struct message_known_name m = *name;
    struct buf done = BUF_INIT(BUF_NO_LIMIT);
    message_put_endpoint_done(&done, told);
    m.told = buf_span(&done);
    buf_reset(&wire);
    message_put_known_name(&wire, &m);
    buf_deinit(&done);
    return check();
}

Test(message_check, a_name_has_what_its_host_hears_of_it, .init = setup, .fini = teardown)
{
    struct message_known_name m = good_name();
    const struct message_endpoint_done told = {.host = m.host, .brief = good_brief()};
    cr_expect_eq(check_name(&m, &told), MESSAGE_SOUND);
    m.turn = KNOWN_TURN_COUNT;
    cr_expect_eq(check_name(&m, &told), MESSAGE_BAD_FIELD);
    m = good_name();
    m.chain_id.len = 31;
    cr_expect_eq(check_name(&m, &told), MESSAGE_BAD_FIELD);
    m = good_name();
    m.block = MESSAGE_BLOCKS_MAX;
    cr_expect_eq(check_name(&m, &told), MESSAGE_BAD_FIELD);
    m = good_name();
    struct message_endpoint_done other = told;
    other.brief.port = 26;
    cr_expect_eq(check_name(&m, &other), MESSAGE_BAD_FIELD, "of another endpoint");
    other = told;
    other.host = SPAN_LIT("mx.b.test");
    cr_expect_eq(check_name(&m, &other), MESSAGE_BAD_FIELD, "the same");
    other = told;
    other.brief.outcome = OUTCOME_COUNT;
    cr_expect_eq(check_name(&m, &other), MESSAGE_BAD_FIELD, "that is not sound");
    buf_reset(&wire);
    message_put_known_name(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "nothing");
}

static enum message_fault check_resolved(const struct message_known_resolved *m)
{
    buf_reset(&wire);
    message_put_known_resolved(&wire, m);
    return check();
}

static void put_addresses(struct buf *to, size_t count, bool sorted)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t last = (uint8_t)(sorted ? i : count - i);
        codec_put_addr(to, net_addr_v4((const uint8_t[]){11, 0, 0, last}));
    }
}

Test(message_check, addresses_of_a_host_are_few_and_in_order, .init = setup, .fini = teardown)
{
    static const struct {
        size_t count;
        bool sorted;
        enum message_fault fault;
    } of[] = {{0, true, MESSAGE_SOUND},
              {2 * HOST_ADDRESSES_MAX, true, MESSAGE_SOUND},
              {2 * HOST_ADDRESSES_MAX + 1, true, MESSAGE_BAD_FIELD},
              {2, false, MESSAGE_BAD_FIELD}};
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        struct buf addresses = BUF_INIT(BUF_NO_LIMIT);
        put_addresses(&addresses, of[i].count, of[i].sorted);
        const struct message_known_resolved m = {.host = SPAN_LIT("mx.a.test"),
                                                 .addresses = buf_span(&addresses)};
        cr_expect_eq(check_resolved(&m), of[i].fault, "%zu", of[i].count);
        buf_deinit(&addresses);
    }
}

Test(message_check, what_was_asked_behind_links_has_links, .init = setup, .fini = teardown)
{
    struct buf cnames = BUF_INIT(BUF_NO_LIMIT);
    struct message_known_resolved m = {.host = SPAN_LIT("mx.a.test"),
                                       .expanded_tlsa = {.state = DNS_NODATA}};
    cr_expect_eq(check_resolved(&m), MESSAGE_BAD_FIELD);
    for (unsigned i = 0; i < DNS_CNAME_MAX; i++) {
        codec_put_span(&cnames, SPAN_LIT("b.test"));
    }
    m.cnames = buf_span(&cnames);
    cr_expect_eq(check_resolved(&m), MESSAGE_SOUND);
    codec_put_span(&cnames, SPAN_LIT("b.test"));
    m.cnames = buf_span(&cnames);
    cr_expect_eq(check_resolved(&m), MESSAGE_BAD_FIELD);
    buf_deinit(&cnames);
    m = (struct message_known_resolved){.host = SPAN_LIT("mx.a.test"), .tlsa = {.state = 200}};
    cr_expect_eq(check_resolved(&m), MESSAGE_BAD_FIELD);
}

Test(message_check, a_line_is_done_with_its_name_or_without, .init = setup, .fini = teardown)
{
    struct message_known_domain m = {.input_line = 1};
    message_put_known_domain(&wire, &m);
    cr_expect_eq(check(), MESSAGE_SOUND);
    m.domain = SPAN_LIT("A.test");
    buf_reset(&wire);
    message_put_known_domain(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD);
    m = (struct message_known_domain){.domain = SPAN_LIT("a.test")};
    buf_reset(&wire);
    message_put_known_domain(&wire, &m);
    cr_expect_eq(check(), MESSAGE_BAD_FIELD, "no line");
}
