#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/merge/choice.h"

#define AT(second)                            \
    "\"schema\":1,\"observed_at\":\"2026-01-" \
    "01T00:00:" second ".000Z\""
#define DNS(state) "{\"state\":\"" state "\"}"
#define HOST(second, a, addresses, block)                                                     \
    "{" AT(second) ",\"host\":\"mx.test\",\"a_dns\":" DNS(a) ",\"aaaa_dns\":" DNS(            \
        "nodata") ",\"tlsa_dns\":" DNS("nxdomain") ",\"cnames\":[],\"addresses\":[" addresses \
                                                   "],\"block\":" block "}"
#define ENDPOINT(second, address, outcome, rest)                       \
    "{" AT(second) ",\"endpoint\":\"mx.test|" address                  \
                   "|25\",\"host\":\"mx.test\",\"service\":\"" address \
                   "|25\",\"outcome\":\"" outcome "\",\"starttls\":\"unknown\"" rest "}"
#define SERVICE(second, address, outcome, chain)                            \
    "{" AT(second) ",\"service\":\"" address "|25\",\"address\":\"" address \
                   "\",\"port\":25,\"outcome\":\"" outcome                  \
                   "\",\"starttls\":\"unknown\",\"chain_id\":" chain "}"

struct choice_bench {
    struct choice *choice;
    struct row_reading reading;
    struct facts row;
};

static struct choice_bench bench_new(void)
{
    hash_secret_init();
    struct choice_bench b = {.choice = choice_new()};
    row_reading_init(&b.reading);
    b.reading.in_part = true;
    return b;
}

static void bench_free(struct choice_bench *b)
{
    cr_expect_null(choice_error(b->choice));
    choice_free(b->choice);
    row_reading_deinit(&b->reading);
}

static void read_row(struct choice_bench *b, enum table_id t, const char *line)
{
    cr_assert(row_reading_begin(&b->reading, t, span_of(line), &b->row), "%s: %.*s", line,
              (int)b->reading.why.len, (const char *)b->reading.why.at);
}

/* The first row that a shard has of its table. */
static void offer(struct choice_bench *b, enum table_id t, uint32_t shard, const char *line)
{
    read_row(b, t, line);
    choice_offer(b->choice, &b->row, shard, 1);
}

static bool is_chosen(struct choice_bench *b, enum table_id t, uint32_t shard, const char *line)
{
    read_row(b, t, line);
    return choice_is(b->choice, &b->row, shard, 1);
}

Test(choice, what_reached_furthest_then_the_earliest_then_the_lowest_shard)
{
    static const char *const furthest_first[] = {
        ENDPOINT("09", "192.0.2.1", "established", ""), /* later than all others */
        ENDPOINT("03", "192.0.2.1", "connect_timeout", ""),
        ENDPOINT("02", "192.0.2.1", "established", ",\"session_from\":\"other.test|192.0.2.1|25\""),
        ENDPOINT("01", "192.0.2.1", "not_tested", ",\"not_tested\":\"address_budget\""),
    };
    const size_t count = sizeof(furthest_first) / sizeof(furthest_first[0]);
    for (size_t better = 0; better < count; better++) {
        for (size_t worse = better; worse < count; worse++) {
            for (uint32_t turned = 0; turned < 2; turned++) {
                struct choice_bench b = bench_new();
                uint32_t winner = better == worse ? 0 : turned;
                offer(&b, TABLE_HOSTS, 0, HOST("01", "data", "\"192.0.2.1\"", "1"));
                offer(&b, TABLE_ENDPOINTS, 0, furthest_first[turned ? worse : better]);
                offer(&b, TABLE_ENDPOINTS, 1, furthest_first[turned ? better : worse]);
                cr_expect(is_chosen(&b, TABLE_ENDPOINTS, winner, furthest_first[better]),
                          "%zu before %zu, %u", better, worse, turned);
                cr_expect(!is_chosen(&b, TABLE_ENDPOINTS, 1 - winner, furthest_first[worse]));
                cr_expect_eq(choice_count(b.choice, TABLE_ENDPOINTS).several, 1);
                bench_free(&b);
            }
        }
    }
    struct choice_bench b = bench_new();
    offer(&b, TABLE_HOSTS, 0, HOST("02", "data", "\"192.0.2.1\"", "1"));
    offer(&b, TABLE_HOSTS, 1, HOST("01", "data", "\"192.0.2.1\"", "1"));
    cr_expect(is_chosen(&b, TABLE_HOSTS, 1, HOST("01", "data", "\"192.0.2.1\"", "1")), "earlier");
    bench_free(&b);
}

Test(choice, of_dns_an_answer_then_a_denial_then_a_failure)
{
    static const char *const best_first[] = {HOST("03", "data", "\"192.0.2.1\"", "1"),
                                             HOST("02", "nodata", "", "1"),
                                             HOST("01", "servfail", "", "1")};
    for (size_t better = 0; better < 2; better++) {
        struct choice_bench b = bench_new();
        offer(&b, TABLE_HOSTS, 0, best_first[better + 1]);
        offer(&b, TABLE_HOSTS, 1, best_first[better]);
        cr_expect(is_chosen(&b, TABLE_HOSTS, 1, best_first[better]), "%s", best_first[better]);
        cr_expect_eq(choice_count(b.choice, TABLE_HOSTS).disagree, 1);
        bench_free(&b);
    }
}

Test(choice, a_host_has_the_lowest_block_whoever_is_chosen)
{
    static const char first[] = HOST("01", "data", "\"192.0.2.1\"", "7");
    static const char second[] = HOST("02", "data", "\"192.0.2.1\"", "3");
    static const char third[] = HOST("03", "data", "\"192.0.2.1\"", "null");
    struct choice_bench b = bench_new();
    offer(&b, TABLE_HOSTS, 0, first);
    offer(&b, TABLE_HOSTS, 1, second);
    offer(&b, TABLE_HOSTS, 2, third);
    cr_expect(is_chosen(&b, TABLE_HOSTS, 0, first));
    cr_expect_eq(choice_block(b.choice, &b.row), 3);
    cr_expect_eq(choice_count(b.choice, TABLE_HOSTS).disagree, 0, "blocks are no disagreement");
    bench_free(&b);
}

Test(choice, what_no_chosen_row_names_is_left_out)
{
    static const char named[] = ENDPOINT("01", "192.0.2.1", "refused", "");
    static const char unnamed[] = ENDPOINT("01", "192.0.2.11", "established", "");
    static const char mapped[] = ENDPOINT("01", "198.51.100.1", "refused", "");
    struct choice_bench b = bench_new();
    offer(&b, TABLE_HOSTS, 0, HOST("01", "data", "\"192.0.2.1\",\"::ffff:198.51.100.1\"", "1"));
    offer(&b, TABLE_HOSTS, 1, HOST("02", "data", "\"192.0.2.11\"", "1"));
    offer(&b, TABLE_ENDPOINTS, 0, named);
    offer(&b, TABLE_ENDPOINTS, 0, mapped);
    offer(&b, TABLE_ENDPOINTS, 1, unnamed);
    offer(&b, TABLE_SERVICES, 0, SERVICE("01", "192.0.2.1", "refused", "null"));
    offer(&b, TABLE_SERVICES, 1, SERVICE("01", "192.0.2.11", "established", "\"aa\""));
    cr_expect(is_chosen(&b, TABLE_ENDPOINTS, 0, named));
    cr_expect(is_chosen(&b, TABLE_ENDPOINTS, 0, mapped), "as it is dialled");
    cr_expect(!is_chosen(&b, TABLE_ENDPOINTS, 1, unnamed));
    cr_expect(is_chosen(&b, TABLE_SERVICES, 0, SERVICE("01", "192.0.2.1", "refused", "null")));
    cr_expect(
        !is_chosen(&b, TABLE_SERVICES, 1, SERVICE("01", "192.0.2.11", "established", "\"aa\"")));
    cr_expect_eq(choice_count(b.choice, TABLE_ENDPOINTS).left_out, 1);
    cr_expect_eq(choice_count(b.choice, TABLE_SERVICES).left_out, 1);
    bench_free(&b);
}

Test(choice, sessions_that_differ_disagree_and_what_was_not_tested_does_not)
{
    static const char established[] = SERVICE("01", "192.0.2.1", "established", "\"aa\"");
    static const struct {
        const char *other;
        bool alike;
        uint64_t disagree;
    } cases[] = {
        {SERVICE("02", "192.0.2.1", "established", "\"aa\""), true, 0},
        {SERVICE("02", "192.0.2.1", "established", "\"bb\""), false, 1},
        {SERVICE("02", "192.0.2.1", "refused", "null"), false, 1},
        {SERVICE("02", "192.0.2.1", "not_tested", "null"), false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct choice_bench b = bench_new();
        offer(&b, TABLE_HOSTS, 0, HOST("01", "data", "\"192.0.2.1\"", "1"));
        offer(&b, TABLE_ENDPOINTS, 0, ENDPOINT("01", "192.0.2.1", "established", ""));
        offer(&b, TABLE_SERVICES, 0, established);
        offer(&b, TABLE_SERVICES, 1, cases[i].other);
        cr_expect(is_chosen(&b, TABLE_SERVICES, 0, established), "%s", cases[i].other);
        cr_expect(choice_is_of(b.choice, TABLE_SERVICES, SPAN_LIT("192.0.2.1|25"), 0));
        cr_expect(!choice_is_of(b.choice, TABLE_SERVICES, SPAN_LIT("192.0.2.1|25"), 1));
        read_row(&b, TABLE_SERVICES, cases[i].other);
        cr_expect_eq(choice_is_alike(b.choice, &b.row), cases[i].alike, "%s", cases[i].other);
        cr_expect_eq(choice_count(b.choice, TABLE_SERVICES).disagree, cases[i].disagree, "%s",
                     cases[i].other);
        bench_free(&b);
    }
}
