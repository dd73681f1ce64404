/**
 * A build without librdkafka. What stands in place of it is part of this program, so that nothing of the library is taken: a function that
 * it lacks is one too many at linking.
 */
#include <criterion/criterion.h>

#include "scanner/fleet/kafka_absent.c" // NOLINT(bugprone-suspicious-include)
#include "scanner/merge/collect.h"
#include "scanner/pipeline/feeding.h"
#include "scanner/pipeline/member.h"

/* Linked, and so all that these need. */
static void (*const users[])(void) = {(void (*)(void))collect_drop, (void (*)(void))feeding_run,
                                      (void (*)(void))member_new};

Test(kafka_absent, whoever_wants_it_hears_so_in_a_line)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct buf not_whole = BUF_INIT(BUF_NO_LIMIT);
    const struct collect_params p = {.kafka = {.brokers = "127.0.0.1:9092"}, .scan = "night"};
    cr_expect(users[0] != NULL);
    cr_expect_eq(collect_run(&p, &not_whole, &why), ANALYZE_UNUSABLE);
    cr_expect(span_eq(span_take(buf_span(&why), 24), SPAN_LIT("this build has no Kafka:")), "%.*s",
              (int)why.len, (const char *)why.at);
    cr_expect_null(memchr(why.at, '\n', why.len));
    buf_deinit(&why);
    buf_deinit(&not_whole);
}
