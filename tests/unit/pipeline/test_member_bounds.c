/**
 * What a message of another member may have this process do.
 */
#include <criterion/criterion.h>

#include "scanner/pipeline/member_bounds.h"

static struct scan_params params = {.ports = {25, 465}, .port_count = 2};
static struct scan scan;
static struct buf wire; /* one message */
static atomic_size_t no_rows;
static atomic_bool not_full;

static void setup(void)
{
    scan.params = &params;
    scan.dial = (struct dial_rules){.blocklist = blocklist_new(), .ipv4 = true};
    admission_init(&scan.admission, &no_rows, &not_full);
    wire = BUF_INIT(BUF_NO_LIMIT);
}

static void teardown(void)
{
    blocklist_free((struct blocklist *)(uintptr_t)scan.dial.blocklist);
    admission_deinit(&scan.admission);
    buf_deinit(&wire);
}

static const char *fault(void)
{
    struct span in = buf_span(&wire);
    enum message_kind kind;
    struct span body;
    cr_assert(message_next(&in, &kind, &body));
    const char *why = member_bounds_fault(&scan, kind, body);
    buf_reset(&wire);
    return why;
}

static const char *fault_of_want(const char *address, uint16_t port, uint32_t block)
{
    struct message_address_want m = {.host = SPAN_LIT("mx.test"), .port = port, .block = block};
    cr_assert(net_addr_parse(span_of(address), &m.address));
    message_put_address_want(&wire, &m);
    return fault();
}

Test(member_bounds, what_is_dialled_is_what_the_scan_dials, .init = setup, .fini = teardown)
{
    cr_expect_null(fault_of_want("11.0.0.1", 25, 0));
    cr_expect_null(fault_of_want("11.0.0.1", 465, 0));
    cr_expect_str_eq(fault_of_want("11.0.0.1", 22, 0), "of a port that is not of the scan");
    cr_expect_str_eq(fault_of_want("127.0.0.1", 25, 0), "of an address that must not be dialled");
    cr_expect_str_eq(fault_of_want("10.0.0.1", 25, 0), "of an address that must not be dialled");
    cr_expect_str_eq(fault_of_want("2a00::1", 25, 0), "of an address that must not be dialled");
    struct blocklist *list = blocklist_new();
    cr_assert_null(blocklist_add_line(list, SPAN_LIT("11.0.0.0/24")));
    blocklist_free((struct blocklist *)(uintptr_t)scan.dial.blocklist);
    scan.dial.blocklist = list;
    cr_expect_str_eq(fault_of_want("11.0.0.1", 25, 0), "of an address that must not be dialled");
}

static const char *fault_of_host(uint32_t block, bool late)
{
    const struct message_host_want want = {
        .domain = SPAN_LIT("a.test"), .host = SPAN_LIT("mx.test"), .dial = 1, .block = block};
    const struct message_host_late is_late = {
        .domain = SPAN_LIT("a.test"), .host = SPAN_LIT("mx.test"), .block = block};
    if (late) {
        message_put_host_late(&wire, &is_late);
    } else {
        message_put_host_want(&wire, &want);
    }
    return fault();
}

static const char *fault_of_resolved(uint32_t block)
{
    message_put_known_resolved(
        &wire, &(struct message_known_resolved){.host = SPAN_LIT("mx.test"), .block = block});
    return fault();
}

Test(member_bounds, blocks_are_those_that_may_be_open_or_held, .init = setup, .fini = teardown)
{
    /* The furthest that a member of ours may be: its lines, its MX late, its hosts late as well. */
    uint32_t line = BLOCKS_OPEN_MAX - 1;
    cr_expect_null(fault_of_host(late_block(line), false));
    cr_expect_null(fault_of_host(late_block(late_block(line)), true));
    cr_expect_null(fault_of_host(BLOCK_RING - 1, true));
    cr_expect_str_eq(fault_of_host(BLOCK_RING, true), "of a block that is far ahead");
    cr_expect_str_eq(fault_of_host(BLOCK_RING - 1, false), "of a block that is far ahead");
    cr_expect_null(fault_of_resolved(late_block(line)));
    cr_expect_str_eq(fault_of_resolved(BLOCK_RING - 1), "of a block that is far ahead");
    cr_expect_str_eq(fault_of_want("11.0.0.1", 25, BLOCK_RING), "of a block that is far ahead");
    /* What is within is held without a CHECK that fails, and counts from the first that is open. */
    admission_hold(&scan.admission, BLOCK_RING - 1);
    admission_release(&scan.admission, BLOCK_RING - 1);
    scan.admission.first_open = 10;
    cr_expect_null(fault_of_host(BLOCK_RING + 9, true));
    cr_expect_null(fault_of_host(9, true), "its hold has ended");
    cr_expect_not_null(fault_of_host(BLOCK_RING + 10, true));
}

Test(member_bounds, what_is_known_is_of_ports_of_the_scan, .init = setup, .fini = teardown)
{
    for (uint16_t port = 25; port < 27; port++) {
        bool may = port == 25;
        const struct message_known_service service = {.port = port};
        message_put_known_service(&wire, &service);
        cr_expect_eq(fault() == NULL, may);
        const struct message_known_name name = {.port = port};
        message_put_known_name(&wire, &name);
        cr_expect_eq(fault() == NULL, may);
        const struct message_known_speaker speaker = {.port = port};
        message_put_known_speaker(&wire, &speaker);
        cr_expect_eq(fault() == NULL, may);
    }
}
