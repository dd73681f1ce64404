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
